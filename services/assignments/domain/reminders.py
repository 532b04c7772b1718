"""Which reminders an execution calls for on a day, and what a person's message says.

The ladder is the policy's (SPEC §6). A rung is bound to the date it counts from (its anchor), so a
moved due date calls anew and nothing is said twice for the same date.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.assignments.domain.deadlines import effective_due, part_of_term
from services.assignments.domain.executions import (
    FINAL,
    STATUS_NAMES,
    Addressee,
    ExecutorRole,
    Status,
)
from services.assignments.domain.policies import Moment, Policy, Recipient, Rung
from shared.workdays import OutOfCalendar, add_working_days, subtract_working_days

HALF: Final = 50
_UNACKNOWLEDGED: Final = frozenset({Status.ISSUED, Status.ROUTED})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ladder looks at; dates are the region's. `told_on`: when its holder learnt of it."""

    status: Status
    addressee: Addressee
    role: ExecutorRole
    issued_on: date
    told_on: date
    due: date
    internal_due: date | None
    control_due: date | None
    returned_on: date | None
    done: date | None


@dataclass(frozen=True, slots=True)
class Call:
    """A rung that has come, and the date it counts from."""

    rung: Rung
    anchor: date


def first_day(issued_at: datetime, zone: str, policy: Policy) -> date:
    """The first day on whose sending hour the execution exists."""
    local = issued_at.astimezone(ZoneInfo(zone))
    day = local.date()
    return day if local.time() < policy.send_at else day + timedelta(days=1)


def minded_due(facts: Facts, policy: Policy) -> date:
    """The date people work to: not the scored one where control has given another.

    A co-executor's is its internal one, while it has one; an extension asked for too late set a
    control date; a return gives the days of rework.
    """
    own = facts.internal_due if facts.role is ExecutorRole.CO else None
    due = effective_due(own or facts.due, facts.returned_on, policy)
    return max(due, facts.control_due or due)


def calls(
    facts: Facts, policy: Policy, *, since: date, until: date, missed: date | None = None
) -> list[Call]:
    """The rungs that fall on the days from `since` to `until`, both included.

    `missed` is the first day whose rungs nobody has looked for yet (`since` if not given): half
    of a term that has been passed by moving the date calls for nothing. Work handed in or ended
    calls for nothing either.
    """
    if facts.status in FINAL or facts.done is not None:
        return []
    due = minded_due(facts, policy)
    found = []
    for rung in policy.reminders:
        try:
            anchor, falls_on = _falls_on(rung, facts, due, policy)
        except OutOfCalendar:
            # The end of the known calendar: those working days are not decreed yet.
            continue
        late = rung.moment is Moment.UNACKNOWLEDGED and facts.status not in _UNACKNOWLEDGED
        first = missed or since if rung.moment is Moment.HALF_TERM else since
        if first <= falls_on <= until and not late:
            found.append(Call(rung, anchor))
    return found


def _falls_on(rung: Rung, facts: Facts, due: date, policy: Policy) -> tuple[date, date]:
    match rung.moment:
        case Moment.ISSUED:
            return facts.told_on, facts.told_on
        case Moment.UNACKNOWLEDGED:
            return facts.told_on, add_working_days(facts.told_on, max(1, rung.working_days))
        case Moment.HALF_TERM:
            return due, part_of_term(facts.issued_on, due, HALF, policy)
        case Moment.BEFORE_DUE:
            before = subtract_working_days(due, rung.working_days) if rung.working_days else due
            return due, before
        case Moment.AFTER_DUE:
            return due, add_working_days(due, max(1, rung.working_days))


def rung_name(rung: Rung) -> str:
    """The rung in words."""
    match rung.moment:
        case Moment.ISSUED:
            return "выдано"
        case Moment.UNACKNOWLEDGED:
            return "не принято к сведению"
        case Moment.HALF_TERM:
            return "половина срока"
        case Moment.BEFORE_DUE:
            days = rung.working_days
            return f"до срока {days} раб. дн." if days else "день срока"
        case Moment.AFTER_DUE:
            return f"просрочено, {max(1, rung.working_days)}-й раб. день"


def recipients_of(rung: Rung, addressee: Addressee) -> set[Recipient]:
    """Whom a rung is for: an authority's work has no coordinator, its head owes it."""
    found = set(rung.to)
    if addressee is Addressee.AUTHORITY and found & {Recipient.COORDINATOR, Recipient.ADDRESSEE}:
        return {Recipient.AUTHORITY_HEAD}
    if Recipient.ADDRESSEE in found:
        # The directory knows no address of a cluster: its coordinator passes it on.
        found = (found - {Recipient.ADDRESSEE}) | {Recipient.COORDINATOR}
    return found


@dataclass(frozen=True, slots=True)
class Item:
    """One execution within a message."""

    section: str
    number: str
    text: str
    cluster: str | None
    due: date
    status: Status


# In the order of urgency; what is not of the ladder belongs to the weekly digest.
SECTIONS: Final[Mapping[str, str]] = {
    "after_due": "Просрочено",
    "due_day": "Срок сегодня",
    "before_due": "Скоро срок",
    "half_term": "Прошла половина срока",
    "unacknowledged": "Не приняты к сведению",
    "issued": "Новые",
    "digest_overdue": "К совещанию: просрочено",
    "digest_due": "К совещанию: срок в ближайшие семь дней",
    "digest_review": "К совещанию: на рассмотрении ЦУР",
    "digest_returned": "К совещанию: возвращено на доработку",
}
_SHOWN: Final = 40
_TEXT: Final = 100


def section_of(call: Call, due: date, day: date) -> str:
    """The part of the message a rung belongs to: what is true on the day goes before its name."""
    if due < day:
        return "after_due"
    return "due_day" if due == day else call.rung.moment.value


def subject(day: date, by_region: Mapping[str, Sequence[Item]]) -> str:
    """The message in one line; `by_region`: what is said, by the region's name."""
    items = [item for found in by_region.values() for item in found]
    late = sum(item.section in ("after_due", "digest_overdue") for item in items)
    tail = f", просрочено: {late}" if late else ""
    return f"Поручения на {day:%d.%m.%Y}: {len(items)}{tail} — {', '.join(by_region)}"


def body(day: date, by_region: Mapping[str, Sequence[Item]]) -> str:
    """The message, grouped by region and section."""
    lines = ["Здравствуйте!"]
    for region, items in by_region.items():
        lines += ["", f"Поручения региона «{region}» на {day:%d.%m.%Y}."]
        lines += _sections(items)
    return "\n".join([*lines, "", "Что сделать дальше, показывает ваш список входящих."])


def _sections(items: Iterable[Item]) -> list[str]:
    by_section: dict[str, list[Item]] = {}
    for item in items:
        by_section.setdefault(item.section, []).append(item)
    lines = []
    for section, title in SECTIONS.items():
        found = by_section.get(section, [])
        if not found:
            continue
        lines += ["", f"{title} ({len(found)}):"]
        lines += [_line(item) for item in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"… и ещё {len(found) - _SHOWN}")
    return lines


def _line(item: Item) -> str:
    short = item.text if len(item.text) <= _TEXT else f"{item.text[: _TEXT - 1].rstrip()}…"
    cluster = f"; {item.cluster}" if item.cluster else ""
    return (
        f"— {item.number}: {short}{cluster}; срок {item.due:%d.%m.%Y}; {STATUS_NAMES[item.status]}"
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """How a region stands before the weekly meeting."""

    region: str
    overdue: int
    due: int
    review: int


def chat_digest(day: date, totals: Iterable[Totals]) -> tuple[str, str] | None:
    """Subject and body of the common chat's digest; None where there is nothing to say."""
    rows = [one for one in totals if one.overdue or one.due or one.review]
    if not rows:
        return None
    rows.sort(key=lambda one: (-one.overdue, -one.due, one.region))
    overdue = sum(one.overdue for one in rows)
    lines = [
        f"Просрочено {overdue}, срок в ближайшие семь дней {sum(one.due for one in rows)},"
        f" ждёт приёмки {sum(one.review for one in rows)}.",
        "",
        *(
            f"— {one.region}: просрочено {one.overdue}, скоро срок {one.due},"
            f" ждёт приёмки {one.review}"
            for one in rows
        ),
    ]
    return f"К совещанию: поручения на {day:%d.%m.%Y}", "\n".join(lines)
