"""Statements that take out what has outlived its term."""

from datetime import date

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import NotificationState
from services.assignments.models import Absence, Notification
from services.assignments.repository.erasures import NOTHING


async def silence(session: AsyncSession, *, before: date) -> None:
    """Messages of days before lose their words; those that wait are left."""
    await session.exec(
        update(Notification)
        .where(
            col(Notification.day) < before,
            col(Notification.state) != NotificationState.PREPARED,
            col(Notification.body) != NOTHING,
        )
        .values(
            subject=NOTHING, body=NOTHING, last_error=None, version=col(Notification.version) + 1
        )
    )


async def clear_reasons(session: AsyncSession, *, before: date) -> None:
    """Why somebody was away on days that ended before."""
    await session.exec(
        update(Absence)
        .where(col(Absence.away_to) < before, col(Absence.reason) != NOTHING)
        .values(reason=NOTHING)
    )
