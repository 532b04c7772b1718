"""Delete what is no history once its term is over, and erase again whom the directory erased."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.repository import retention as repository
from services.meetings.service.erasures import forget as erase
from shared import erasures
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept."""

    imports: timedelta
    calendars: timedelta

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Terms":
        """As the settings say."""
        return cls(
            imports=timedelta(days=settings.retention_imports_days),
            calendars=timedelta(days=settings.retention_calendars_days),
        )


async def forget(session: AsyncSession, terms: Terms, *, now: datetime) -> None:
    """Conference lists go, whose marks stay, and calendars closed long ago."""
    await repository.delete_lists(session, before=now - terms.imports)
    await repository.delete_closed_calendars(session, before=now - terms.calendars)
    await erasures.apply_again(session, erase)
