"""Who is expected, who answers, who came; each region's share is told as an event."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import AHEAD, OVER, MeetingStatus
from services.meetings.domain.participation import (
    AT_WORK,
    Answer,
    Attendance,
    AttendanceTooEarly,
    Participant,
    ParticipantKind,
    ParticipantNotFound,
    ReasonMissing,
    RsvpClosed,
    SeatOfAnother,
    UnknownParticipant,
    tallies,
)
from services.meetings.domain.series import COHORTS, ZONE, concerns
from services.meetings.models import AttendanceTally, Meeting, Participation
from services.meetings.repository import directory, meetings, rows
from services.meetings.repository import participation as repository
from services.meetings.repository.directory import Scope
from services.meetings.schemas.participation import MarkWrite, RsvpWrite
from services.meetings.service.scopes import scope_of
from shared import outbox
from shared.auth import Actor
from shared.clock import date_in
from shared.events.meetings import AttendanceRecorded

_ANSWER = ("answer", "answer_reason", "answered_at", "answered_by")
_MARK = ("attendance", "note", "marked_at", "marked_by")


@dataclass(frozen=True, slots=True)
class Seat:
    """Someone expected, and what is known of their coming."""

    participant: Participant
    known: Participation | None


async def expected(session: AsyncSession, meeting: Meeting) -> list[Participant]:
    """Clusters of the cohorts that meet, as they were at its start, and the day's coordinators.

    A meeting of no series expects nobody. By region, coordinators first, then by name. Who
    coordinates two regions is expected for each: the same person, with one answer.
    """
    if meeting.series not in COHORTS:
        return []
    names = await directory.region_names(session)
    clusters = [
        Participant(one.cluster_id, ParticipantKind.CLUSTER, one.region, one.name)
        for one in await directory.clusters_at(session, meeting.starts_at)
        if one.status == AT_WORK and concerns(meeting.series, one.cohort)
    ]
    regions = {one.region for one in clusters}
    offices: dict[tuple[UUID, str], set[str]] = {}
    for held in await directory.coordinators_on(session, date_in(ZONE, meeting.starts_at)):
        if held.region in regions:
            offices.setdefault((held.person_id, held.region), set()).add(held.office)
    coordinators = [
        Participant(
            person_id,
            ParticipantKind.COORDINATOR,
            region,
            f"Региональный координатор: {names.get(region, region)}",
            frozenset(held_there),
        )
        for (person_id, region), held_there in offices.items()
    ]
    return sorted(
        [*coordinators, *clusters],
        key=lambda one: (one.region, one.kind is ParticipantKind.CLUSTER, one.name, one.id),
    )


def is_own(scope: Scope, one: Participant) -> bool:
    """Whether the participant is among the rows of the scope."""
    if one.kind is ParticipantKind.CLUSTER:
        return scope.has_cluster(one.id, one.region)
    return scope.has_region(one.region)


async def seats(
    session: AsyncSession, meeting_id: UUID, actor: Actor, *, region: str | None
) -> list[Seat]:
    """Those expected whom the actor may see. Raises `MeetingNotFound`."""
    meeting = await meetings.get_meeting(session, meeting_id)
    scope = scope_of(actor)
    known = await repository.list_participations(session, meeting_id)
    return [
        Seat(one, known.get(one.id))
        for one in await expected(session, meeting)
        if is_own(scope, one) and region in {None, one.region}
    ]


async def answer(
    session: AsyncSession, meeting_id: UUID, wanted: RsvpWrite, actor: Actor, *, now: datetime
) -> Seat:
    """Say whether an expected one will come; until the meeting starts it may be said again.

    Raises `MeetingNotFound`, `ParticipantNotFound`, `SeatOfAnother`, `RsvpClosed`,
    `ReasonMissing`.
    """
    meeting = await meetings.get_meeting(session, meeting_id)
    scope = scope_of(actor)
    own = [
        one
        for one in await expected(session, meeting)
        if one.id == wanted.participant_id and is_own(scope, one)
    ]
    if not own:
        raise ParticipantNotFound(
            "Среди ожидаемых участников такого нет.", field="body.participant_id"
        )
    answered = [one for one in own if actor.reaches_all or one.is_answered_by(actor.roles)]
    if not answered:
        raise SeatOfAnother(
            "На это приглашение отвечает тот, кому оно адресовано: координатор — за себя,"
            " заместитель — за себя; за отсутствующего ответит секретарь.",
            field="body.participant_id",
        )
    participant = answered[-1]
    if meeting.status not in AHEAD or now >= meeting.starts_at:
        raise RsvpClosed("Ответ принимается до начала назначенного совещания.")
    if wanted.answer is Answer.NO and wanted.reason is None:
        raise ReasonMissing("Укажите, почему участия не будет.", field="body.reason")
    said = _row(meeting, participant)
    said.answer = wanted.answer
    said.answer_reason = wanted.reason
    said.answered_at = now
    said.answered_by = actor.id
    await repository.keep_participations(session, [said], _ANSWER)
    known = await repository.list_participations(session, meeting_id)
    return Seat(participant, known[participant.id])


async def mark(
    session: AsyncSession,
    meeting_id: UUID,
    marks: Sequence[MarkWrite],
    *,
    actor: str,
    now: datetime,
) -> Sequence[AttendanceTally]:
    """Say who came; marking again corrects. Regions whose shares changed are told of.

    Raises `MeetingNotFound`, `AttendanceTooEarly`, `UnknownParticipant`, `ReasonMissing`.
    """
    await outbox.admit(session, now)
    meeting = await attended_meeting(session, meeting_id, for_update=True)
    present = {one.id: one for one in await expected(session, meeting)}
    said: dict[UUID, Participation] = {}
    for place, one in enumerate(marks):
        participant = present.get(one.participant_id)
        if participant is None:
            raise UnknownParticipant(
                "Среди ожидаемых на совещании такого участника нет.",
                field=f"body.items.{place}.participant_id",
            )
        if one.attendance is Attendance.EXCUSED and one.note is None:
            raise ReasonMissing(
                "Уважительную причину нужно назвать.", field=f"body.items.{place}.note"
            )
        row = _row(meeting, participant)
        row.attendance, row.note, row.marked_at, row.marked_by = (
            one.attendance,
            one.note,
            now,
            actor,
        )
        said[participant.id] = row
    return await keep_marks(session, meeting, present, list(said.values()), now=now)


async def attended_meeting(session: AsyncSession, meeting_id: UUID, *, for_update: bool) -> Meeting:
    """The meeting, once it can have been attended; whoever marks locks it.

    Raises `MeetingNotFound`, `AttendanceTooEarly`.
    """
    meeting = await meetings.get_meeting(session, meeting_id, for_update=for_update)
    if meeting.status not in {MeetingStatus.IN_PROGRESS, *OVER}:
        raise AttendanceTooEarly("Посещаемость отмечают, когда совещание началось.")
    return meeting


async def keep_marks(
    session: AsyncSession,
    meeting: Meeting,
    present: Mapping[UUID, Participant],
    said: Sequence[Participation],
    *,
    now: datetime,
) -> Sequence[AttendanceTally]:
    """Store the marks, and the tallies they change; the caller has locked the meeting."""
    await repository.keep_participations(session, said, _MARK)
    marks = {
        id_: row.attendance
        for id_, row in (await repository.list_participations(session, meeting.id)).items()
        if row.attendance is not None
    }
    known = await repository.list_tallies(session, meeting.id)
    touched = {row.region for row in said} | known.keys()
    events = []
    for region, tally in sorted(tallies(present.values(), marks).items()):
        counts = {
            "expected": tally.expected,
            "attended": tally.attended,
            "late": tally.late,
            "excused": tally.excused,
            "absent": tally.absent,
        }
        row = known.get(region)
        if region not in touched or (row and row.model_dump(include=set(counts)) == counts):
            continue
        if row is None:
            row = AttendanceTally(meeting_id=meeting.id, region=region, version=0, **counts)
        for name, count in counts.items():
            setattr(row, name, count)
        row.version += 1
        await rows.add(session, row)
        known[region] = row
        events.append(_recorded(meeting, row, now=now))
    await outbox.add(session, events)
    return [known[region] for region in sorted(known)]


async def take_back_tallies(session: AsyncSession, meeting: Meeting, *, now: datetime) -> None:
    """Nobody was expected at a meeting that was called off: each region told of hears so.

    The caller has locked the meeting. The marks themselves stay as what was noted.
    """
    events = []
    for _, row in sorted((await repository.list_tallies(session, meeting.id)).items()):
        row.expected = row.attended = row.late = row.excused = row.absent = 0
        row.version += 1
        await rows.add(session, row)
        events.append(_recorded(meeting, row, now=now))
    await outbox.add(session, events)


def _recorded(meeting: Meeting, row: AttendanceTally, *, now: datetime) -> AttendanceRecorded:
    return AttendanceRecorded(
        **row.model_dump(),
        series=meeting.series,
        held_on=date_in(ZONE, meeting.starts_at),
        occurred_at=now,
    )


def _row(meeting: Meeting, participant: Participant) -> Participation:
    return Participation(
        meeting_id=meeting.id,
        participant_id=participant.id,
        kind=participant.kind,
        region=participant.region,
    )
