"""Agendas."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import MAX_AGENDA_ITEMS, AgendaClosed, AgendaFull
from services.meetings.domain.meetings import MeetingStatus
from services.meetings.models import AgendaItem
from services.meetings.repository import agendas as repository
from services.meetings.repository import meetings, rows
from services.meetings.schemas.agendas import AgendaItemCreate
from shared.ids import new_id


async def add_agenda_item(
    session: AsyncSession, meeting_id: UUID, wanted: AgendaItemCreate
) -> AgendaItem:
    """Put a question at the end of the agenda.

    Raises `MeetingNotFound`, `AgendaClosed`, `AgendaFull`.
    """
    meeting = await meetings.get_meeting(session, meeting_id, for_update=True)
    if meeting.status is not MeetingStatus.SCHEDULED:
        raise AgendaClosed("Повестка меняется только до проведения или отмены совещания.")
    position = len(await repository.list_agenda(session, meeting_id)) + 1
    if position > MAX_AGENDA_ITEMS:
        raise AgendaFull(f"В повестке может быть не больше {MAX_AGENDA_ITEMS} вопросов.")
    item = AgendaItem(id=new_id(), meeting_id=meeting_id, position=position, **wanted.model_dump())
    meeting.version += 1
    await rows.add(session, item)
    return item
