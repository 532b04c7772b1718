"""Statements of agendas."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import AgendaItem


async def list_agenda(session: AsyncSession, meeting_id: UUID) -> Sequence[AgendaItem]:
    """The agenda by position."""
    statement = (
        select(AgendaItem)
        .where(col(AgendaItem.meeting_id) == meeting_id)
        .order_by(col(AgendaItem.position))
    )
    return (await session.exec(statement)).all()


async def has_agenda_item(session: AsyncSession, meeting_id: UUID, item_id: UUID) -> bool:
    """Whether the question is on the meeting's agenda."""
    statement = select(AgendaItem.id).where(
        col(AgendaItem.id) == item_id, col(AgendaItem.meeting_id) == meeting_id
    )
    return (await session.exec(statement)).first() is not None
