"""Working days of the Russian production calendar, with transfers."""

from datetime import date, timedelta
from functools import cache

import holidays


@cache
def _calendar() -> holidays.HolidayBase:
    return holidays.country_holidays("RU", years=range(2020, 2036))


def is_working_day(day: date) -> bool:
    return bool(_calendar().is_working_day(day))


def preceding_working_day(day: date) -> date:
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


def add_working_days(day: date, count: int) -> date:
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day
