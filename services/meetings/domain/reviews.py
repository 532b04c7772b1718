"""A protocol's review: first the participants remark, then the approvers decide in their order.

While the window for remarks is open the secretary amends the draft; once an approver has agreed
in this round, what was agreed to stays as it is until all have, or one returns it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Forbidden, Invalid, NotFound

MAX_APPROVERS: Final = 3
# Remarks on one protocol, in all its rounds: in all, of a region's people together, of one author.
MAX_REMARKS: Final = 500
MAX_REMARKS_OF_REGION: Final = 40
MAX_REMARKS_OF_AUTHOR: Final = 20


class ApproverRole(StrEnum):
    """The roles an approval may be asked of."""

    CUR_ADMIN = "cur_admin"
    CUR_CONTROLLER = "cur_controller"
    SECRETARY = "secretary"
    OPERATOR = "operator"


class ReviewDecision(StrEnum):
    """What was decided about a protocol in review."""

    APPROVED = "approved"
    RETURNED = "returned"
    RECALLED = "recalled"


class RemarkDecision(StrEnum):
    """What became of a remark."""

    ACCEPTED = "accepted"
    DECLINED = "declined"


class ProtocolInReview(Conflict):
    """It is being looked at: what was agreed to stays."""

    code = "protocol_in_review"
    title = "Протокол на согласовании"


class ProtocolNotInReview(Conflict):
    """There is no review to take part in."""

    code = "protocol_not_in_review"
    title = "Протокол не на согласовании"


class NotTheApprover(Forbidden):
    """It is not this person's turn, or never will be."""

    code = "not_the_approver"
    title = "Решение ждут от другого"


class RemarksWindowOpen(Conflict):
    """Participants may still remark."""

    code = "remarks_window_open"
    title = "Замечания ещё принимаются"


class RemarksWindowClosed(Conflict):
    """The time for remarks is over, or there was none."""

    code = "remarks_window_closed"
    title = "Замечания больше не принимаются"


class RemarksUndecided(Conflict):
    """Each remark is answered before anybody approves."""

    code = "remarks_undecided"
    title = "Есть замечания без ответа"


class RemarkDecided(Conflict):
    """A remark is answered once."""

    code = "remark_decided"
    title = "На замечание уже ответили"


class TooManyRemarks(Conflict):
    """The protocol has as many remarks as it may: in all, of this region or of this author."""

    code = "too_many_remarks"
    title = "Слишком много замечаний"


class RemarkNotFound(NotFound):
    """The protocol has no such remark, or not one of this person's."""

    code = "remark_not_found"
    title = "Замечание не найдено"


class WindowInPast(Invalid):
    """The window for remarks would be over before it opens."""

    code = "remarks_until_in_past"
    title = "Срок замечаний уже прошёл"


@dataclass(frozen=True, slots=True)
class RemarksMade:
    """How many remarks a protocol has: in all, of one region and of one author."""

    in_all: int
    of_region: int
    of_author: int


@dataclass(frozen=True, slots=True)
class Signatory:
    """A place in the chain: a role, or a person by the subject of their token."""

    position: int
    role: ApproverRole | None
    subject: str | None

    def is_met_by(self, subject: str, roles: Collection[str]) -> bool:
        """Whether this actor may decide here."""
        return subject == self.subject if self.subject is not None else self.role in roles


# Where no chain was set, ЦУР's administrator approves alone.
ALONE: Final = (Signatory(1, ApproverRole.CUR_ADMIN, None),)


def awaited(chain: Sequence[Signatory], approved: Collection[int]) -> Signatory:
    """Whose decision is next, of those who have not approved in this round."""
    return next(one for one in chain if one.position not in approved)


def check_turn(signatory: Signatory, *, subject: str, roles: Collection[str]) -> None:
    """Raises `NotTheApprover`."""
    if not signatory.is_met_by(subject, roles):
        who = signatory.subject or signatory.role
        raise NotTheApprover(f"Сейчас решает согласующий № {signatory.position} ({who}), а не вы.")


def check_window(remarks_until: datetime | None, undecided: int, *, now: datetime) -> None:
    """Whether the approvers' time has come. Raises `RemarksWindowOpen`, `RemarksUndecided`."""
    if is_open(remarks_until, now=now):
        raise RemarksWindowOpen("Сначала закончится срок замечаний участников.")
    if undecided:
        raise RemarksUndecided(f"Замечаний без решения: {undecided}. Примите или отклоните их.")


def check_room(made: RemarksMade, *, region: str | None) -> None:
    """Whether there is room for one more of the author: nobody takes everybody's. Raises
    `TooManyRemarks`.
    """
    if made.of_author >= MAX_REMARKS_OF_AUTHOR:
        whose, most = "одного автора", MAX_REMARKS_OF_AUTHOR
    elif region is not None and made.of_region >= MAX_REMARKS_OF_REGION:
        whose, most = f"региона {region}", MAX_REMARKS_OF_REGION
    elif made.in_all >= MAX_REMARKS:
        whose, most = "всех участников", MAX_REMARKS
    else:
        return
    raise TooManyRemarks(f"К протоколу может быть не больше {most} замечаний {whose}.")


def is_open(remarks_until: datetime | None, *, now: datetime) -> bool:
    """Whether participants may remark now."""
    return remarks_until is not None and now < remarks_until
