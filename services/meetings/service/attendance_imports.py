"""A conference's attendance list: read, matched and shown; then taken over."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.matching import Certainty, Match, Matcher
from services.meetings.domain.participation import (
    Answer,
    Attendance,
    AttendanceImportCommitted,
    AttendanceRowUnknown,
    Participant,
    UnknownParticipant,
)
from services.meetings.models import AttendanceImport, AttendanceTally, Meeting, Participation
from services.meetings.repository import directory, rows
from services.meetings.repository import participation as repository
from services.meetings.schemas.participation import CorrectionWrite
from services.meetings.service.conference_lists import ListRow
from services.meetings.service.participation import attended_meeting, expected, keep_marks
from shared import outbox
from shared.clock import MOSCOW
from shared.ids import new_id

# Who joins later than this after the start came late.
LATE_AFTER: Final = timedelta(minutes=10)
_EXCUSED: Final = "Предупредили заранее: "


async def preview(
    session: AsyncSession,
    meeting_id: UUID,
    filename: str,
    listed: Sequence[ListRow],
    *,
    actor: str,
    now: datetime,
) -> AttendanceImport:
    """Whom the names are taken for, kept until it is taken over; nobody is marked yet.

    Raises `MeetingNotFound`, `AttendanceTooEarly`.
    """
    meeting = await attended_meeting(session, meeting_id, for_update=False)
    matcher = Matcher(await expected(session, meeting), await directory.region_names(session))
    # A long list is seconds of comparing: other requests must not wait for it.
    matches = await asyncio.to_thread(matcher.match_all, [one.name for one in listed])
    found = AttendanceImport(
        id=new_id(),
        meeting_id=meeting_id,
        filename=filename[:300],
        rows=[_shown(one, matches[one.name], meeting) for one in listed],
        created_at=now,
        created_by=actor,
    )
    await rows.add(session, found)
    return found


def _shown(one: ListRow, match: Match, meeting: Meeting) -> dict[str, Any]:
    best = match.best if match.certainty is not Certainty.UNKNOWN else None
    return {
        "row": one.row,
        "name": one.name,
        "certainty": match.certainty,
        "participant_id": str(best.participant_id) if best else None,
        "confidence": best.confidence if best else 0,
        "late": _is_late(one.joined, meeting),
        "candidates": [
            {"participant_id": str(other.participant_id), "confidence": other.confidence}
            for other in match.candidates
        ],
    }


def _is_late(joined: time | None, meeting: Meeting) -> bool:
    if joined is None:
        return False
    limit = (meeting.starts_at + LATE_AFTER).astimezone(MOSCOW).time()
    return joined > limit


async def commit(
    session: AsyncSession,
    import_id: UUID,
    corrections: Sequence[CorrectionWrite],
    *,
    mark_absent: bool,
    actor: str,
    now: datetime,
) -> tuple[AttendanceImport, Sequence[AttendanceTally]]:
    """Take the list over: what was sure, and what a person has said.

    With `mark_absent`, who is not on it was absent, or excused where they had said so with a
    reason; marks made by hand before stay. Raises `AttendanceImportNotFound`,
    `AttendanceImportCommitted`, `AttendanceRowUnknown`, `UnknownParticipant`.
    """
    await outbox.admit(session, now)
    found = await repository.get_import(session, import_id, for_update=True)
    if found.committed_at is not None:
        raise AttendanceImportCommitted("Этот список уже учтён.")
    meeting = await attended_meeting(session, found.meeting_id, for_update=True)
    present = {one.id: one for one in await expected(session, meeting)}
    came = _came(found.rows, corrections, present)
    known = await repository.list_participations(session, meeting.id)
    said = [
        _marked(meeting, present[id_], attendance, None, actor=actor, now=now)
        for id_, attendance in came.items()
    ]
    if mark_absent:
        for id_, participant in present.items():
            before = known.get(id_)
            if id_ in came or (before is not None and before.attendance is not None):
                continue
            excuse = before.answer_reason if before and before.answer is Answer.NO else None
            attendance = Attendance.EXCUSED if excuse else Attendance.ABSENT
            note = _EXCUSED + excuse if excuse else None
            said.append(_marked(meeting, participant, attendance, note, actor=actor, now=now))
    found.committed_at = now
    found.committed_by = actor
    await rows.add(session, found)
    return found, await keep_marks(session, meeting, present, said, now=now)


def _came(
    listed: Sequence[Mapping[str, Any]],
    corrections: Sequence[CorrectionWrite],
    present: Mapping[UUID, Participant],
) -> dict[UUID, Attendance]:
    """Who was there, and whether late: the earliest line of each counts."""
    of_row = {one["row"]: one for one in listed}
    taken = {
        number: UUID(one["participant_id"])
        for number, one in of_row.items()
        if one["certainty"] == Certainty.SURE and UUID(one["participant_id"]) in present
    }
    for place, correction in enumerate(corrections):
        if correction.row not in of_row:
            raise AttendanceRowUnknown(
                f"В списке нет строки {correction.row}.", field=f"body.corrections.{place}.row"
            )
        if correction.participant_id is None:
            taken.pop(correction.row, None)
        elif correction.participant_id not in present:
            raise UnknownParticipant(
                "Среди ожидаемых на совещании такого участника нет.",
                field=f"body.corrections.{place}.participant_id",
            )
        else:
            taken[correction.row] = correction.participant_id
    came: dict[UUID, Attendance] = {}
    for number, id_ in taken.items():
        late = bool(of_row[number]["late"]) and came.get(id_) is not Attendance.ATTENDED
        came[id_] = Attendance.LATE if late else Attendance.ATTENDED
    return came


def _marked(
    meeting: Meeting,
    participant: Participant,
    attendance: Attendance,
    note: str | None,
    *,
    actor: str,
    now: datetime,
) -> Participation:
    return Participation(
        meeting_id=meeting.id,
        participant_id=participant.id,
        kind=participant.kind,
        region=participant.region,
        attendance=attendance,
        note=note,
        marked_at=now,
        marked_by=actor,
    )
