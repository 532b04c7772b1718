"""Working days of the Russian production calendar, with its transfers and working Saturdays.

The `holidays` library knows the Government's yearly decrees on transfers; for years without one
yet it gives weekends and statutory holidays. Its answers are turned once into an array of
counts, so that every question is a subtraction or a bisection.
"""

from bisect import bisect_left
from datetime import date
from functools import cache
from itertools import accumulate
from typing import Final

import holidays

from shared.errors import Invalid

FIRST_YEAR: Final = 2020
LAST_YEAR: Final = 2035
_ORIGIN: Final = date(FIRST_YEAR, 1, 1).toordinal()
_DAYS: Final = date(LAST_YEAR, 12, 31).toordinal() - _ORIGIN + 1


class OutOfCalendar(Invalid, ValueError):
    """The production calendar does not cover the day."""

    code = "out_of_calendar"
    title = "Дата вне производственного календаря"

    def __init__(self, near: date, *, field: str | None = None) -> None:
        years = f"{FIRST_YEAR}–{LAST_YEAR}"
        super().__init__(
            f"Производственный календарь знает {years} годы; дата {near} вне их или у края.",
            field=field,
        )


@cache
def _counts() -> tuple[int, ...]:
    """How many working days lie before each day since the origin; one more entry than days."""
    calendar = holidays.country_holidays("RU", years=range(FIRST_YEAR, LAST_YEAR + 1))
    days = range(_ORIGIN, _ORIGIN + _DAYS)
    worked = (int(calendar.is_working_day(date.fromordinal(day))) for day in days)
    return tuple(accumulate(worked, initial=0))


def _index(day: date) -> int:
    index = day.toordinal() - _ORIGIN
    if not 0 <= index < _DAYS:
        raise OutOfCalendar(day)
    return index


def _nth(number: int, near: date) -> date:
    """The calendar's working day number `number`, from 1."""
    counts = _counts()
    if not 0 < number <= counts[-1]:
        raise OutOfCalendar(near)
    return date.fromordinal(_ORIGIN + bisect_left(counts, number) - 1)


def is_beyond_calendar(day: date) -> bool:
    """Whether the calendar does not know the day, or nothing worked comes before or after it."""
    try:
        subtract_working_days(day, 0)
        add_working_days(day, 1)
    except OutOfCalendar:
        return True
    return False


def is_working_day(day: date) -> bool:
    """Whether the day is worked. Raises `OutOfCalendar`, a `ValueError`, as all here do."""
    index = _index(day)
    counts = _counts()
    return counts[index + 1] > counts[index]


def working_days_between(after: date, until: date) -> int:
    """How many working days lie in (after, until]; negative when `until` comes first."""
    counts = _counts()
    return counts[_index(until) + 1] - counts[_index(after) + 1]


def preceding_working_day(day: date) -> date:
    """The day itself if it is worked, else the nearest worked day before it."""
    return _nth(_counts()[_index(day) + 1], day)


def add_working_days(day: date, count: int) -> date:
    """The date `count` ≥ 0 working days after the day (which itself is not counted)."""
    if count < 0:
        raise ValueError("a count of working days cannot be negative")
    return _nth(_counts()[_index(day) + 1] + count, day) if count else day


def subtract_working_days(day: date, count: int) -> date:
    """The working day `count` ≥ 0 working days before the day (itself, if it is worked, for 0)."""
    if count < 0:
        raise ValueError("a count of working days cannot be negative")
    return _nth(_counts()[_index(day) + 1] - count, day)
