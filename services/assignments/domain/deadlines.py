"""When an execution is due: a date that ends at the end of that day in the region's zone."""

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from services.assignments.domain.executions import DateInvalid
from services.assignments.domain.policies import NonWorking, Policy
from shared.workdays import add_working_days, is_working_day, preceding_working_day

# Protocols and numbers follow the centre's calendar.
CENTRE: Final = "Europe/Moscow"


class Term(StrEnum):
    """How a deadline is said where it is not said as a date."""

    DATE = "date"
    URGENT = "urgent"
    PROMPT = "prompt"
    DEFAULT = "default"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Resolved:
    """A due date, the date before working days were minded, and the reasoning in Russian."""

    due: date
    nominal: date
    why: tuple[str, ...]


def resolve(
    term: Term,
    *,
    signed_on: date,
    policy: Policy,
    on: date | None = None,
    day: int | None = None,
) -> Resolved:
    """The due date of a term by the policy. Calendar days count from signing.

    `on` is the date of `DATE`, `day` the day of the month of `MONTHLY` (the first such day after
    signing). Raises `DateInvalid`, `OutOfCalendar`.
    """
    match term:
        case Term.DATE:
            if on is None:
                raise DateInvalid("Не указана дата.", field="body.on")
            nominal, why = on, f"Срок назван датой: {_said(on)}."
        case Term.URGENT:
            nominal = signed_on + timedelta(days=policy.urgent_days)
            why = _counted("срочно", policy.urgent_days, signed_on, nominal)
        case Term.PROMPT:
            nominal = signed_on + timedelta(days=policy.prompt_days)
            why = _counted("оперативно", policy.prompt_days, signed_on, nominal)
        case Term.DEFAULT:
            nominal = months_later(signed_on, policy.default_months)
            why = (
                f"Срок не указан: {policy.default_months} мес. с подписания {_said(signed_on)}, то"
                f" же число или последний день месяца: {_said(nominal)}."
            )
        case Term.MONTHLY:
            if day is None:
                raise DateInvalid("Не указано число месяца.", field="body.day")
            nominal = next_monthly(signed_on, day)
            why = (
                f"Ежемесячно до {day} числа: ближайший такой день после подписания"
                f" {_said(signed_on)} — {_said(nominal)}."
            )
    due, moved = move_to_working_day(nominal, policy, not_before=min(signed_on, nominal))
    return Resolved(due, nominal, (why, moved))


def move_to_working_day(day: date, policy: Policy, *, not_before: date) -> tuple[date, str]:
    """The day a deadline falls on once non-working days are minded, and why.

    A preceding working day earlier than `not_before` (the signing) is not demanded.
    """
    if policy.non_working is NonWorking.STAY:
        return day, "Нерабочие дни срок не переносят."
    if is_working_day(day):
        return day, f"{_said(day)} — рабочий день, срок не переносится."
    if policy.non_working is NonWorking.FOLLOWING:
        moved = add_working_days(day, 1)
        return moved, f"{_said(day)} — нерабочий день; срок на следующий рабочий: {_said(moved)}."
    moved = max(preceding_working_day(day), not_before)
    if moved == not_before and not is_working_day(moved):
        return moved, f"Рабочего дня между подписанием и сроком нет: {_said(moved)}."
    return moved, f"{_said(day)} — нерабочий день; срок на предшествующий рабочий: {_said(moved)}."


def months_later(day: date, months: int) -> date:
    """The same day number so many months later, else that month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return _day_of(year, month + 1, day.day)


def next_monthly(after: date, day: int) -> date:
    """The first `day`th of a month after the date; a shorter month's last day stands for it."""
    this = _day_of(after.year, after.month, day)
    if this > after:
        return this
    following = months_later(after.replace(day=1), 1)
    return _day_of(following.year, following.month, day)


def _day_of(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def part_of_term(issued_on: date, due: date, percent: int, policy: Policy) -> date:
    """The working day on which so much of the term has passed, never before the issue."""
    nominal = issued_on + timedelta(days=(due - issued_on).days * percent // 100)
    return move_to_working_day(nominal, policy, not_before=issued_on)[0]


def check_new_due(wanted: date, *, issued_on: date) -> None:
    """Raise `DateInvalid` for a due date before the issue."""
    if wanted < issued_on:
        raise DateInvalid(f"Срок раньше выдачи поручения ({_said(issued_on)}).", field="body.due")


def end_of(due: date, timezone: str) -> datetime:
    """The instant (UTC) at which the due day is over in the zone."""
    midnight = datetime.combine(due + timedelta(days=1), time(), ZoneInfo(timezone))
    return midnight.astimezone(UTC)


def effective_due(due: date, returned_on: date | None, policy: Policy) -> date:
    """The date that counts after a return: SPEC §7, `due*`."""
    if returned_on is None:
        return due
    return max(due, add_working_days(returned_on, policy.rework_working_days))


def _counted(word: str, days: int, signed_on: date, nominal: date) -> str:
    return (
        f"«{word.capitalize()}»: {days} календарных дней с подписания {_said(signed_on)},"
        f" то есть {_said(nominal)}."
    )


def _said(day: date) -> str:
    return f"{day:%d.%m.%Y}"
