"""The dates of what recurs, assignments and meetings: RFC 5545 rules over whole days."""

import re
from datetime import date, datetime, time
from typing import Final

from dateutil.rrule import rrule, rrulestr

from shared.errors import Invalid
from shared.workdays import LAST_YEAR

MAX_RULE: Final = 200
_ALLOWED: Final = re.compile(
    r"FREQ=(WEEKLY|MONTHLY|YEARLY)"
    r"(;(INTERVAL|UNTIL|BYMONTH|BYMONTHDAY|BYDAY|BYSETPOS|WKST)=[0-9A-Z,+-]{1,100})*"
)
# Beyond it no working day is known, so nothing can fall due.
_HORIZON: Final = datetime.combine(date(LAST_YEAR, 12, 31), time())


class RuleInvalid(Invalid):
    """The recurrence rule cannot be read, or says nothing useful."""

    code = "recurrence_rule_invalid"
    title = "Неверное правило повторения"


def parse(rule: str, *, starts_on: date, field: str = "body.control.rule") -> rrule:
    """The rule from the day on. Raises `RuleInvalid` naming the field."""
    if len(rule) > MAX_RULE or not _ALLOWED.fullmatch(rule):
        raise RuleInvalid(
            "Ожидается правило RFC 5545 из целых дней, например FREQ=MONTHLY;BYMONTHDAY=5.",
            field=field,
        )
    try:
        found = rrulestr(rule, dtstart=datetime.combine(starts_on, time()))
    except (ValueError, TypeError) as error:
        raise RuleInvalid("Правило не удалось прочесть.", field=field) from error
    if not isinstance(found, rrule):
        raise RuleInvalid("Правило должно быть одно.", field=field)
    return found


def next_date(rule: str, *, starts_on: date, after: date) -> date | None:
    """The first date of the rule after the day; None when the series has ended.

    The day on which the series starts is not itself a deadline.
    """
    floor = datetime.combine(max(after, starts_on), time())
    found = _bounded(parse(rule, starts_on=starts_on), _HORIZON).after(floor)
    return found.date() if found is not None else None


def dates_between(
    rule: str, *, starts_on: date, since: date, until: date, field: str
) -> list[date]:
    """The dates of the rule from `since` to `until` inclusive; the first day may be one.

    Raises `RuleInvalid` naming the field.
    """
    first, last = (datetime.combine(day, time()) for day in (max(since, starts_on), until))
    found = _bounded(parse(rule, starts_on=starts_on, field=field), last)
    return [moment.date() for moment in found.between(first, last, inc=True)]


def _bounded(rule: rrule, last: datetime) -> rrule:
    """A rule that never comes true («30 February») must not be looked for until the year 9999."""
    until = min(rule._until or last, last)  # type: ignore[attr-defined]
    return rule.replace(until=until)
