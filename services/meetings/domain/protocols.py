"""A protocol is a draft, perhaps reviewed, until it is approved; nothing changes it afterwards.

A mistake found later is corrected by an addendum: a protocol of its own that names this one.
"""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum

from services.meetings.domain.meetings import OVER, MeetingStatus
from services.meetings.domain.sealing import ItemContent
from shared.errors import Conflict, Invalid, NotFound
from shared.recurrence import next_date


class ProtocolStatus(StrEnum):
    """A draft can be edited; an approved protocol is what it is; in between others look at it."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"


class ProtocolNotFound(NotFound):
    """No protocol has this id."""

    code = "protocol_not_found"
    title = "Протокол не найден"


class MeetingCancelled(Conflict):
    """A cancelled meeting resolves nothing."""

    code = "meeting_cancelled"
    title = "Совещание отменено"


class MeetingClosed(Conflict):
    """A meeting that was closed without a protocol resolved nothing."""

    code = "meeting_closed"
    title = "Совещание закрыто"


class MeetingNotHeld(Conflict):
    """A protocol is approved after its meeting."""

    code = "meeting_not_held"
    title = "Совещание ещё не проведено"


class ProtocolExists(Conflict):
    """A meeting has one protocol."""

    code = "protocol_exists"
    title = "Протокол этого совещания уже есть"


class ProtocolImmutable(Conflict):
    """An approved protocol is never edited; a correction is another protocol."""

    code = "protocol_immutable"
    title = "Утверждённый протокол не меняется"


class ProtocolAlreadyApproved(Conflict):
    """Approving happens once."""

    code = "protocol_already_approved"
    title = "Протокол уже утверждён"


class ProtocolNotApproved(Conflict):
    """A draft has no hash to verify."""

    code = "protocol_not_approved"
    title = "Протокол ещё не утверждён"


class ProtocolEmpty(Conflict):
    """There is nothing to approve."""

    code = "protocol_empty"
    title = "В протоколе нет пунктов"


class DueBeforeSigning(Conflict):
    """An item cannot be due before it is signed."""

    code = "due_before_signing"
    title = "Срок раньше подписания"


class SeriesOver(Conflict):
    """An item recurs only on days before it is signed."""

    code = "series_over"
    title = "Ряд окончился до подписания"


class CorrectsADraft(Conflict):
    """Before its approval a protocol is edited; there is nothing to correct yet."""

    code = "corrects_a_draft"
    title = "Исправлять ещё нечего"


class CorrectsAnAddendum(Conflict):
    """All addenda correct the protocol itself, also what an earlier addendum said."""

    code = "corrects_an_addendum"
    title = "Дополнение составляется к протоколу"


class ItemSuperseded(Conflict):
    """Another item has taken the place already."""

    code = "item_superseded"
    title = "Пункт уже заменён"


class SupersedesNothing(Invalid):
    """Only an addendum's item takes another's place, and only of what it corrects."""

    code = "supersedes_nothing"
    title = "Заменять нечего"


def full_number(number: int, year: int, addendum: int = 0) -> str:
    """How people name it: «5/2023», its first addendum «5/2023-Д1»."""
    return f"{number}/{year}-Д{addendum}" if addendum else f"{number}/{year}"


class UnknownMeeting(Invalid):
    """The protocol names a meeting that is not there."""

    code = "unknown_meeting"
    title = "Неизвестное совещание"


def check_approvable(
    meeting: MeetingStatus, items: Sequence[ItemContent], *, signed_on: date
) -> None:
    """Whether the draft may be signed on the date.

    Raises `MeetingNotHeld`, `ProtocolEmpty`, `DueBeforeSigning`, `SeriesOver`.
    """
    # A closed meeting has its protocol, and may yet need an addendum.
    if meeting not in OVER:
        raise MeetingNotHeld("Протокол утверждается после того, как совещание проведено.")
    if not items:
        raise ProtocolEmpty("В протоколе нет ни одного пункта.")
    early = [str(item.position) for item in items if item.due_on and item.due_on < signed_on]
    if early:
        raise DueBeforeSigning(
            f"Срок раньше даты подписания ({signed_on.isoformat()}) в пунктах: {', '.join(early)}."
        )
    over = [
        str(item.position)
        for item in items
        if item.control.rule is not None
        and next_date(item.control.rule, starts_on=signed_on, after=signed_on) is None
    ]
    if over:
        raise SeriesOver(
            f"После даты подписания ({signed_on.isoformat()}) правило повторения не даёт ни одной"
            f" даты в пунктах: {', '.join(over)}."
        )
