"""Take out what is no history once its term is over, and erase again whom the directory erased."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.repository import retention as repository
from services.assignments.service.erasures import forget as erase
from shared import erasures
from shared.settings import ServiceSettings


@dataclass(frozen=True, slots=True)
class Terms:
    """How long what is kept."""

    messages: timedelta
    absences: timedelta

    @classmethod
    def of(cls, settings: ServiceSettings) -> "Terms":
        """As the settings say."""
        return cls(
            messages=timedelta(days=settings.retention_messages_days),
            absences=timedelta(days=settings.retention_absences_days),
        )


async def forget(session: AsyncSession, terms: Terms, *, now: datetime) -> None:
    """Old messages lose their words, not the fact that they were sent; absences their reasons.

    What a score is made of (executions, their steps, reports, files) has no term.
    """
    await repository.silence(session, before=(now - terms.messages).date())
    await repository.clear_reasons(session, before=(now - terms.absences).date())
    await erasures.apply_again(session, erase)
