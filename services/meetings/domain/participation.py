"""Who is expected at a meeting, who said they would come, and who came."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid, NotFound

# Clusters at work are expected; planned and closed ones are not.
AT_WORK: Final = "active"
# Lines of a conference list.
MAX_LIST_ROWS: Final = 2_000
COORDINATORS: Final = frozenset({"coordinator", "deputy"})


class ParticipantKind(StrEnum):
    """A cluster of a cohort that meets, or a region's coordinator of that day."""

    CLUSTER = "cluster"
    COORDINATOR = "coordinator"


class Answer(StrEnum):
    """What an invited one says beforehand."""

    YES = "yes"
    NO = "no"
    TENTATIVE = "tentative"


class Attendance(StrEnum):
    """Whether an expected one was there."""

    ATTENDED = "attended"
    LATE = "late"
    EXCUSED = "excused"
    ABSENT = "absent"


PRESENT: Final = frozenset({Attendance.ATTENDED, Attendance.LATE})


class ParticipantNotFound(NotFound):
    """Nobody with this id is expected at the meeting (or the actor may not know)."""

    code = "participant_not_found"
    title = "Участник не найден"


class SeatOfAnother(Forbidden):
    """The invitation is another person's to answer: a deputy's is not the coordinator's."""

    code = "seat_of_another"
    title = "Приглашён другой человек"


class UnknownParticipant(Invalid):
    """Somebody who is not expected cannot be marked."""

    code = "unknown_participant"
    title = "Участник не ожидается на совещании"


class RsvpClosed(Conflict):
    """Answers are taken until the meeting starts."""

    code = "rsvp_closed"
    title = "Ответы больше не принимаются"


class ReasonMissing(Invalid):
    """Who does not come, or is excused, has a reason."""

    code = "reason_missing"
    title = "Нужна причина"


class AttendanceTooEarly(Conflict):
    """Nobody has attended a meeting that has not begun, or was called off."""

    code = "attendance_too_early"
    title = "Совещание ещё не проходило"


class AttendanceImportNotFound(NotFound):
    """No attendance list has been read under this id."""

    code = "attendance_import_not_found"
    title = "Список участников не найден"


class AttendanceImportCommitted(Conflict):
    """A list is taken over once."""

    code = "attendance_import_committed"
    title = "Список уже учтён"


class AttendanceRowUnknown(Invalid):
    """The correction is of a row the list has not."""

    code = "attendance_row_unknown"
    title = "В списке нет такой строки"


@dataclass(frozen=True, slots=True)
class Participant:
    """Someone expected: a cluster, or a coordinator (known by person and office only)."""

    id: UUID
    kind: ParticipantKind
    region: str
    name: str
    # Of a person, which in the region they are expected by; of a cluster none.
    offices: frozenset[str] = frozenset()

    def is_answered_by(self, roles: Collection[str]) -> bool:
        """Whether who holds these roles in the region answers here: a person for their own
        office's seat only, whoever is absent; for clusters all who reach them.
        """
        return self.kind is ParticipantKind.CLUSTER or not self.offices.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Tally:
    """A region's clusters at one meeting. Who is excused, or not marked, moves no share."""

    expected: int
    attended: int = 0
    late: int = 0
    excused: int = 0
    absent: int = 0

    @property
    def share_bp(self) -> int | None:
        return share_bp(self.attended + self.late, self.absent)


def share_bp(present: int, absent: int) -> int | None:
    """The share of those present in basis points, rounded half up; None while nobody counts."""
    counted = present + absent
    if not counted:
        return None
    return (2 * 10_000 * present + counted) // (2 * counted)


def tallies(expected: Iterable[Participant], marks: dict[UUID, Attendance]) -> dict[str, Tally]:
    """Region → how its clusters attended. Coordinators are shown and not counted."""
    of_region: dict[str, Counter[str]] = {}
    for one in expected:
        if one.kind is ParticipantKind.CLUSTER:
            counts = of_region.setdefault(one.region, Counter())
            counts["expected"] += 1
            mark = marks.get(one.id)
            if mark is not None:
                counts[mark] += 1
    return {region: Tally(**counts) for region, counts in of_region.items()}


@dataclass(frozen=True, slots=True)
class Tenure:
    """An office in a region, from and to which day (inclusive)."""

    person_id: UUID
    region: str
    office: str
    valid_from: date
    valid_to: date | None

    def holds(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class AttendanceListUnreadable(Invalid):
    """The file is no list we can read."""

    code = "attendance_list_unreadable"
    title = "Список участников не прочитан"


class PeriodReversed(Invalid):
    """The last day lies before the first."""

    code = "period_reversed"
    title = "Период кончается раньше, чем начинается"
