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
    Status,
)
from services.assignments.domain.policies import Moment, Policy, Recipient, Rung
from shared.workdays import add_working_days, subtract_working_days

HALF: Final = 50
_UNACKNOWLEDGED: Final = frozenset({Status.ISSUED, Status.ROUTED})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the ladder looks at; dates are the region's."""

    status: Status
    addressee: Addressee
    issued_on: date
    told_on: date
    due: date
    returned_on: date | None
    done: date | None


@dataclass(frozen=True, slots=True)
class Call:
    """A rung that falls on the day, and the date it counts from."""

    rung: Rung
    anchor: date


def first_day(issued_at: datetime, zone: str, policy: Policy) -> date:
    """The first day on whose sending hour the execution exists."""
    local = issued_at.astimezone(ZoneInfo(zone))
    day = local.date()
    return day if local.time() < policy.send_at else day + timedelta(days=1)


def calls_on(day: date, facts: Facts, policy: Policy) -> list[Call]:
    """The rungs of the ladder that fall on the day. Work handed in or ended calls for none."""
    if facts.status in FINAL or facts.done is not None:
        return []
    due = effective_due(facts.due, facts.returned_on, policy)
    found = []
    for rung in policy.reminders:
        anchor, falls_on = _falls_on(rung, facts, due, policy)
        late = rung.moment is Moment.UNACKNOWLEDGED and facts.status not in _UNACKNOWLEDGED
        if falls_on == day and not late:
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


def section_of(call: Call) -> str:
    """The part of the message a rung belongs to."""
    due_day = call.rung.moment is Moment.BEFORE_DUE and call.rung.working_days == 0
    return "due_day" if due_day else call.rung.moment.value


def subject(day: date, region: str, items: Sequence[Item]) -> str:
    """The message in one line."""
    late = sum(item.section in ("after_due", "digest_overdue") for item in items)
    tail = f", просрочено: {late}" if late else ""
    return f"Поручения на {day:%d.%m.%Y}: {len(items)}{tail} — {region}"


def body(day: date, region: str, items: Iterable[Item]) -> str:
    """The message, grouped by section."""
    by_section: dict[str, list[Item]] = {}
    for item in items:
        by_section.setdefault(item.section, []).append(item)
    lines = [f"Здравствуйте! Поручения региона «{region}» на {day:%d.%m.%Y}."]
    for section, title in SECTIONS.items():
        found = by_section.get(section, [])
        if not found:
            continue
        lines += ["", f"{title} ({len(found)}):"]
        lines += [_line(item) for item in found[:_SHOWN]]
        if len(found) > _SHOWN:
            lines.append(f"… и ещё {len(found) - _SHOWN}")
    return "\n".join([*lines, "", "Что сделать дальше, показывает ваш список входящих."])


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
