"""Delete what is no history once its term is over: names and contacts in uploaded lists."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.repository import retention as repository
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept."""

    imports: timedelta

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Terms":
        """As the settings say."""
        return cls(imports=timedelta(days=settings.retention_imports_days))


async def forget(session: AsyncSession, terms: Terms, *, now: datetime) -> None:
    """Rows of lists entered long ago go, and lists that never were, whole."""
    before = now - terms.imports
    await repository.delete_rows_of_applied(session, before)
    await repository.delete_unapplied(session, before)
