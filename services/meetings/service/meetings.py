"""Schedule, move, hold, close and cancel meetings; their protocols drive what follows."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import check_decided
from services.meetings.domain.meetings import (
    TOOK_PLACE,
    MeetingCommand,
    MeetingInPast,
    MeetingStatus,
    ProtocolPending,
    next_status,
)
from services.meetings.domain.series import OccurrenceExists
from services.meetings.models import Meeting, MeetingMove
from services.meetings.repository import agendas as agenda_repository
from services.meetings.repository import meetings as repository
from services.meetings.repository import participation as participation_repository
from services.meetings.repository import protocols, rows
from services.meetings.schemas.meetings import MeetingCreate, MeetingMoveWrite
from services.meetings.service import agendas, participation
from shared import outbox
from shared.errors import expect_version
from shared.ids import new_id


async def create_meeting(session: AsyncSession, wanted: MeetingCreate, *, now: datetime) -> Meeting:
    """Schedule a meeting, or begin a draft of one; what is unfinished comes back to it.

    Raises `OccurrenceExists`.
    """
    made = await repository.occurrence_at(session, wanted.series, wanted.starts_at)
    if made is not None:
        raise OccurrenceExists(f"Серия уже назначила это совещание: {made.id}.")
    status = MeetingStatus.DRAFT if wanted.draft else MeetingStatus.SCHEDULED
    meeting = Meeting(
        id=new_id(),
        status=status,
        created_at=now,
        announced_at=None if wanted.draft else now,
        **wanted.model_dump(exclude={"draft"}),
    )
    await rows.add(session, meeting)
    await agendas.pull_unfinished(session, meeting)
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
    """Schedule, start, hold or cancel the meeting; `reason` is why it is cancelled.

    One that broke off counts in no region's attendance.

    Raises `MeetingNotFound`, `VersionMismatch`, `MeetingActionNotAllowed`, `MeetingNotStarted`.
    """
    if command is MeetingCommand.CANCEL:
        await outbox.admit(session, now)
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    meeting.status = next_status(meeting.status, command, starts_at=meeting.starts_at, now=now)
    match command:
        case MeetingCommand.SCHEDULE:
            meeting.announced_at = now
        case MeetingCommand.START:
            meeting.started_at = now
            await _freeze(session, meeting, now=now)
        case MeetingCommand.HOLD:
            meeting.held_at = now
            await _freeze(session, meeting, now=now)
            if await protocols.of_meeting(session, meeting_id):
                meeting.status = next_status(
                    meeting.status,
                    MeetingCommand.OPEN_PROTOCOL,
                    starts_at=meeting.starts_at,
                    now=now,
                )
        case MeetingCommand.CANCEL:
            _cancel(meeting, now=now, reason=reason)
            await participation.take_back_tallies(session, meeting, now=now)
    meeting.version += 1
    await rows.add(session, meeting)
    if command in {MeetingCommand.HOLD, MeetingCommand.CANCEL}:
        await agendas.push_unfinished(session, meeting)
    return meeting


async def close_meeting(
    session: AsyncSession, meeting_id: UUID, *, now: datetime, expected_version: int | None = None
) -> Meeting:
    """Nothing is left to decide or to sign.

    Raises `MeetingNotFound`, `VersionMismatch`, `MeetingActionNotAllowed`, `ProtocolPending`,
    `AgendaUndecided`.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    protocol = await protocols.of_meeting(session, meeting_id)
    if protocol is not None and protocol.approved_at is None and meeting.status in TOOK_PLACE:
        raise ProtocolPending("Сначала утвердите протокол: совещание закроется вместе с ним.")
    closed = next_status(meeting.status, MeetingCommand.CLOSE, starts_at=meeting.starts_at, now=now)
    check_decided(await agenda_repository.questions(session, meeting_id))
    meeting.status = closed
    meeting.closed_at = now
    meeting.version += 1
    await rows.add(session, meeting)
    return meeting


async def _freeze(session: AsyncSession, meeting: Meeting, *, now: datetime) -> None:
    if meeting.frozen_at is None:
        await agendas.freeze(session, meeting, now=now)


def _cancel(meeting: Meeting, *, now: datetime, reason: str | None) -> None:
    meeting.cancelled_at = now
    meeting.cancel_reason = reason
    _announce_change(meeting, now=now)


def _announce_change(meeting: Meeting, *, now: datetime) -> None:
    """Calendars take the change up, where they have heard of the meeting."""
    meeting.sequence += 1
    if meeting.announced_at is not None:
        meeting.announced_at = now


async def cancel_ahead(
    session: AsyncSession, meeting: Meeting, *, now: datetime, reason: str
) -> None:
    """Cancel a locked meeting that is ahead: its series does not meet on that day."""
    meeting.status = next_status(
        meeting.status, MeetingCommand.CANCEL, starts_at=meeting.starts_at, now=now
    )
    _cancel(meeting, now=now, reason=reason)
    meeting.version += 1
    await rows.add(session, meeting)
    await agendas.push_unfinished(session, meeting)


async def move_meeting(
    session: AsyncSession,
    meeting_id: UUID,
    wanted: MeetingMoveWrite,
    *,
    actor: str,
    now: datetime,
    expected_version: int | None = None,
) -> Meeting:
    """Another time, and perhaps another place or length; calendars follow.

    The agenda opens again where the moment of its freezing now lies ahead. Answers to the
    invitation were to the time that was: to another one everybody is asked anew.
    Raises `MeetingNotFound`, `VersionMismatch`, `MeetingActionNotAllowed`, `MeetingInPast`.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    meeting.status = next_status(
        meeting.status, MeetingCommand.MOVE, starts_at=meeting.starts_at, now=now
    )
    if wanted.starts_at < now:
        raise MeetingInPast("Совещание нельзя перенести на прошедшее время.")
    _announce_change(meeting, now=now)
    move = MeetingMove(
        meeting_id=meeting_id,
        sequence=meeting.sequence,
        from_at=meeting.starts_at,
        to_at=wanted.starts_at,
        reason=wanted.reason,
        moved_at=now,
        moved_by=actor,
    )
    if meeting.starts_at != wanted.starts_at:
        await participation_repository.forget_answers(session, meeting_id)
    meeting.starts_at = wanted.starts_at
    if wanted.duration_minutes is not None:
        meeting.duration_minutes = wanted.duration_minutes
    if wanted.place is not None:
        meeting.place = wanted.place
    if meeting.starts_at - timedelta(minutes=meeting.freeze_minutes) > now:
        meeting.frozen_at = None
    meeting.version += 1
    await rows.add(session, meeting)
    await rows.add(session, move)
    return meeting


async def protocol_opened(session: AsyncSession, meeting: Meeting, *, now: datetime) -> None:
    """The locked meeting's protocol was opened; before the meeting was held it changes nothing."""
    if meeting.status is MeetingStatus.HELD:
        await _follow(session, meeting, MeetingCommand.OPEN_PROTOCOL, now=now)


async def protocol_sent_for_approval(
    session: AsyncSession, meeting_id: UUID, *, now: datetime
) -> None:
    """The draft went to those who sign it. Raises `MeetingActionNotAllowed`."""
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    # Opened before the meeting was held, it left its status alone then.
    await protocol_opened(session, meeting, now=now)
    await _follow(session, meeting, MeetingCommand.SEND_FOR_APPROVAL, now=now)


async def protocol_taken_back(session: AsyncSession, meeting_id: UUID, *, now: datetime) -> None:
    """The draft came back for more work. Raises `MeetingActionNotAllowed`."""
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    await _follow(session, meeting, MeetingCommand.TAKE_BACK, now=now)


async def protocol_approved(session: AsyncSession, meeting_id: UUID, *, now: datetime) -> None:
    """The protocol is signed: the meeting closes, once every question has an outcome.

    Until then it stays in review, and `close` says which questions are missing.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    await protocol_opened(session, meeting, now=now)
    if meeting.status is MeetingStatus.PROTOCOL_DRAFT:
        await _follow(session, meeting, MeetingCommand.SEND_FOR_APPROVAL, now=now)
    if meeting.status is not MeetingStatus.REVIEW:
        return
    questions = await agenda_repository.questions(session, meeting_id)
    if all(one.result is not None for one in questions):
        meeting.closed_at = now
        await _follow(session, meeting, MeetingCommand.CLOSE, now=now)


async def _follow(
    session: AsyncSession, meeting: Meeting, command: MeetingCommand, *, now: datetime
) -> None:
    meeting.status = next_status(meeting.status, command, starts_at=meeting.starts_at, now=now)
    meeting.version += 1
    await rows.add(session, meeting)
