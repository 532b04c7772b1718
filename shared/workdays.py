"""Working days of the Russian production calendar, with its transfers and working Saturdays.

The `holidays` library knows the Government's yearly decrees on transfers; for years without one
yet it gives weekends and statutory holidays. Its answers are turned once into an array of
counts, so that every question is a subtraction.
"""

from datetime import date, timedelta
from functools import cache
from itertools import accumulate
from typing import Final

import holidays

FIRST_YEAR: Final = 2020
LAST_YEAR: Final = 2035
_ORIGIN: Final = date(FIRST_YEAR, 1, 1).toordinal()
_END: Final = date(LAST_YEAR, 12, 31).toordinal()


@cache
def _counts() -> tuple[int, ...]:
    """How many working days there are up to and including each day since the origin."""
    calendar = holidays.country_holidays("RU", years=range(FIRST_YEAR, LAST_YEAR + 1))
    days = range(_ORIGIN, _END + 1)
    return tuple(accumulate(int(calendar.is_working_day(date.fromordinal(day))) for day in days))


def _count(day: date) -> int:
    index = day.toordinal() - _ORIGIN
    if not 0 <= index <= _END - _ORIGIN:
        raise ValueError(f"the production calendar covers {FIRST_YEAR}–{LAST_YEAR}, not {day}")
    return _counts()[index]


def is_working_day(day: date) -> bool:
    """Whether the day is worked. Raises `ValueError` out of the calendar's range."""
    before = 0 if day.toordinal() == _ORIGIN else _count(day - timedelta(days=1))
    return _count(day) > before


def working_days_between(after: date, until: date) -> int:
    """How many working days lie in (after, until]; negative when `until` comes first."""
    return _count(until) - _count(after)


def preceding_working_day(day: date) -> date:
    """The day itself if it is worked, else the nearest worked day before it."""
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    """The date `count` ≥ 0 working days after the day (which itself is not counted)."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
