"""Schedule, hold and cancel meetings."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import MeetingCommand, MeetingStatus, next_status
from services.meetings.models import Meeting
from services.meetings.repository import meetings as repository
from services.meetings.repository import rows
from services.meetings.schemas.meetings import MeetingCreate
from shared.errors import expect_version
from shared.ids import new_id


async def create_meeting(session: AsyncSession, wanted: MeetingCreate, *, now: datetime) -> Meeting:
    """Schedule a meeting."""
    meeting = Meeting(
        id=new_id(), status=MeetingStatus.SCHEDULED, created_at=now, **wanted.model_dump()
    )
    await rows.add(session, meeting)
    return meeting


async def change_meeting(
    session: AsyncSession,
    meeting_id: UUID,
    command: MeetingCommand,
    *,
    now: datetime,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Meeting:
    """Hold or cancel the meeting; `reason` is why it is cancelled.

    Raises `MeetingNotFound`, `VersionMismatch`, `MeetingActionNotAllowed`, `MeetingNotStarted`.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    meeting.status = next_status(meeting.status, command, starts_at=meeting.starts_at, now=now)
    match command:
        case MeetingCommand.HOLD:
            meeting.held_at = now
        case MeetingCommand.CANCEL:
            meeting.cancelled_at = now
            meeting.cancel_reason = reason
    meeting.version += 1
    await rows.add(session, meeting)
    return meeting
