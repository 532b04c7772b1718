"""A protocol is a draft, perhaps reviewed, until it is approved; nothing changes it afterwards.

A mistake found later is corrected by an addendum: a protocol of its own that names this one.
"""

from collections.abc import Collection, Sequence
from datetime import date
from enum import StrEnum

from services.meetings.domain.items import ClusterFacts, reach
from services.meetings.domain.meetings import OVER, MeetingStatus
from services.meetings.domain.sealing import ItemContent
from shared.errors import Conflict, Invalid, NotFound
from shared.recurrence import next_date
from shared.workdays import is_beyond_calendar


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


class DueOutOfCalendar(Conflict):
    """No working day is known near an item's date, so it would never become an assignment."""

    code = "due_out_of_calendar"
    title = "Срок вне производственного календаря"


class LeadNotAtWork(Conflict):
    """Co-executors help one cluster at work; there is none where the item says."""

    code = "lead_not_at_work"
    title = "Ответственный исполнитель не работает"


class NobodyMarked(Conflict):
    """Who was there is not known yet."""

    code = "nobody_marked"
    title = "Присутствие не отмечено"


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
    meeting: MeetingStatus,
    items: Sequence[ItemContent],
    *,
    signed_on: date,
    at_work: Collection[ClusterFacts],
) -> None:
    """Whether the draft may be signed on the date.

    `at_work` are the clusters that get assignments. Raises `MeetingNotHeld`, `ProtocolEmpty`,
    `DueBeforeSigning`, `SeriesOver`, `DueOutOfCalendar`, `LeadNotAtWork`.
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
    beyond = [
        str(item.position) for item in items if item.due_on and is_beyond_calendar(item.due_on)
    ]
    if beyond:
        raise DueOutOfCalendar(
            f"Производственный календарь не знает дней около срока в пунктах: {', '.join(beyond)}."
        )
    without_lead = [
        str(item.position)
        for item in items
        if item.control.co_executors and reach(item.addressees, at_work, set()).executions != 1
    ]
    if without_lead:
        raise LeadNotAtWork(
            "Соисполнители помогают одному действующему кластеру, а его нет среди адресатов в"
            f" пунктах: {', '.join(without_lead)}."
        )
