"""Series of meetings: when they come, whose they are, and that no two meet at the same people."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from services.meetings.domain.meetings import Series
from shared.errors import Conflict, Invalid, NotFound
from shared.recurrence import dates_between
from shared.workdays import is_working_day

ZONE: Final = "Europe/Moscow"
FIRST_COHORT: Final = 2022
MAX_WEEKS_AHEAD: Final = 26

# First and last cohort (None: all that follow) whose clusters take part. `other` expects nobody.
COHORTS: Final[Mapping[Series, tuple[int, int | None]]] = {
    Series.UNIFIED: (FIRST_COHORT, None),
    Series.COHORT_2022: (2022, 2022),
    Series.COHORT_2023: (2023, 2023),
    Series.COHORT_2024: (2024, 2024),
}
# What a cohort's own meetings leave when there are no more of them goes to the unified ones.
JOINS_UNIFIED: Final = frozenset(COHORTS) - {Series.UNIFIED}


class SeriesNotFound(NotFound):
    """No series has this id."""

    code = "series_not_found"
    title = "Серия совещаний не найдена"


class SeriesOverlap(Conflict):
    """At no time may two series meet the same participants."""

    code = "series_overlap"
    title = "Серии пересекаются"


class SeriesEmpty(Invalid):
    """The rule gives no day between the series' first and last."""

    code = "series_empty"
    title = "Серия не даёт ни одного совещания"


class SeriesEndBeforeStart(Invalid):
    """A series ends on the day it starts or later."""

    code = "series_end_before_start"
    title = "Серия кончается раньше, чем начинается"


class SeriesEndTooEarly(Conflict):
    """A meeting of the series was held after that day."""

    code = "series_end_too_early"
    title = "После этой даты совещания уже проводились"


class NotASeriesDay(Invalid):
    """An exception is of a day on which the series meets."""

    code = "not_a_series_day"
    title = "В этот день серия не собирается"


class SeriesExceptionExists(Conflict):
    """The day is left out already."""

    code = "series_exception_exists"
    title = "Этот день уже исключён"


class SeriesDayOver(Conflict):
    """The meeting of that day has begun, or is over."""

    code = "series_day_over"
    title = "Совещание этого дня уже прошло"


class SeriesCodeTaken(Conflict):
    """Another series has this code."""

    code = "series_code_taken"
    title = "Код серии занят"


class OccurrenceExists(Conflict):
    """The series has made this meeting by itself."""

    code = "occurrence_exists"
    title = "Совещание серии уже назначено"


def days(
    rule: str, *, starts_on: date, since: date, until: date, skip_holidays: bool
) -> Iterator[date]:
    """The days on which a series meets, from `since` to `until` inclusive.

    Unlike a deadline's, a series' first day counts where the rule names it. Raises `RuleInvalid`.
    """
    for day in dates_between(
        rule, starts_on=starts_on, since=since, until=until, field="body.rule"
    ):
        if not skip_holidays or is_working_day(day):
            yield day


def check_series(rule: str, *, starts_on: date, ends_on: date | None, skip_holidays: bool) -> None:
    """Raises `RuleInvalid`, `SeriesEndBeforeStart`, `SeriesEmpty`."""
    if ends_on is not None and ends_on < starts_on:
        raise SeriesEndBeforeStart("Последний день серии раньше первого.", field="body.ends_on")
    year_on = starts_on + timedelta(days=366)
    until = min(ends_on, year_on) if ends_on else year_on
    found = days(
        rule, starts_on=starts_on, since=starts_on, until=until, skip_holidays=skip_holidays
    )
    if next(found, None) is None:
        raise SeriesEmpty("Правило не даёт ни одной даты в пределах серии.", field="body.rule")


def moment(day: date, at: time, zone: str) -> datetime:
    """The instant, in UTC, at which the clocks of the zone show this day and time."""
    return datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def concerns(series: Series, cohort: int) -> bool:
    """Whether clusters of the cohort take part."""
    if series not in COHORTS:
        return False
    first, last = COHORTS[series]
    return cohort >= first and (last is None or cohort <= last)
