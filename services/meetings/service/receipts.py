"""Who has read an agenda."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import AgendaNotPublished, AgendaRevisionUnknown
from services.meetings.domain.meetings import MeetingStatus
from services.meetings.models import AgendaReceipt
from services.meetings.repository import agendas as repository
from services.meetings.repository import meetings
from shared.auth import Actor


async def acknowledge(
    session: AsyncSession,
    meeting_id: UUID,
    actor: Actor,
    *,
    now: datetime,
    revision: int | None = None,
) -> tuple[int, int, int]:
    """The actor has read this revision of the agenda, or it as it is now where none is named.

    How many have read it as it is now, how many an older one only, and from how many regions.
    Raises `MeetingNotFound`, `AgendaNotPublished`, `AgendaRevisionUnknown`.
    """
    meeting = await meetings.get_meeting(session, meeting_id)
    if meeting.status in {MeetingStatus.DRAFT, MeetingStatus.CANCELLED}:
        raise AgendaNotPublished("Знакомиться не с чем: совещание не назначено или отменено.")
    if revision is not None and revision > meeting.agenda_revision:
        raise AgendaRevisionUnknown(
            f"Нынешняя редакция повестки — {meeting.agenda_revision}.", field="query.revision"
        )
    region = next(iter(actor.regions)) if len(actor.regions) == 1 else None
    receipt = AgendaReceipt(
        meeting_id=meeting_id,
        actor=actor.id,
        region=region,
        revision=meeting.agenda_revision if revision is None else revision,
        read_at=now,
    )
    await repository.keep_receipt(session, receipt)
    return await repository.count_receipts(session, meeting_id, meeting.agenda_revision)
