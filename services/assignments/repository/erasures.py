"""Statements of erasures: messages to one person, and what their accounts kept for themselves."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import case
from sqlmodel import col, delete, or_, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import NotificationState
from services.assignments.models import Absence, Notification, SavedView

# What stands where words were.
NOTHING: Final = ""


async def call_off(session: AsyncSession, person_id: UUID, reason: str) -> None:
    """Messages to the person that wait will not be sent."""
    await session.exec(
        update(Notification)
        .where(
            col(Notification.person_id) == person_id,
            col(Notification.state) == NotificationState.PREPARED,
        )
        .values(
            state=NotificationState.UNDELIVERABLE,
            last_error=reason,
            version=col(Notification.version) + 1,
        )
    )


async def silence(session: AsyncSession, person_id: UUID, but: str) -> None:
    """Take the words out of messages to the person; errors may quote an address, all `but` one."""
    await session.exec(
        update(Notification)
        .where(
            col(Notification.person_id) == person_id,
            or_(
                col(Notification.subject) != NOTHING,
                col(Notification.body) != NOTHING,
                col(Notification.last_error) != but,
            ),
        )
        .values(
            subject=NOTHING,
            body=NOTHING,
            last_error=case((col(Notification.last_error) == but, but)),
            version=col(Notification.version) + 1,
        )
    )


async def delete_views(session: AsyncSession, subjects: Sequence[str]) -> None:
    """Filters the accounts had saved."""
    await session.exec(delete(SavedView).where(col(SavedView.actor).in_(subjects)))


async def clear_reasons(session: AsyncSession, subjects: Sequence[str]) -> None:
    """Why somebody was away, as the accounts had said it."""
    await session.exec(
        update(Absence)
        .where(col(Absence.created_by).in_(subjects), col(Absence.reason) != NOTHING)
        .values(reason=NOTHING)
    )
