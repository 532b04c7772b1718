"""The calendar against the Government's decrees on transfers, written out by hand."""

from calendar import monthrange
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Invalid
from shared.workdays import (
    OutOfCalendar,
    add_working_days,
    is_working_day,
    preceding_working_day,
    working_days_between,
)

# Weekdays that are not worked and weekends that are, by year: decrees No. 1505 of 29.08.2022,
# No. 1314 of 10.08.2023, No. 1335 of 04.10.2024, No. 1466 of 24.09.2025 and the Labour Code.
NOT_WORKED = {
    2023: "01-02 01-03 01-04 01-05 01-06 02-23 02-24 03-08 05-01 05-08 05-09 06-12 11-06",
    2024: "01-01 01-02 01-03 01-04 01-05 01-08 02-23 03-08 04-29 04-30 05-01 05-09 05-10 06-12"
    " 11-04 12-30 12-31",
    2025: "01-01 01-02 01-03 01-06 01-07 01-08 05-01 05-02 05-08 05-09 06-12 06-13 11-03 11-04"
    " 12-31",
    2026: "01-01 01-02 01-05 01-06 01-07 01-08 01-09 02-23 03-09 05-01 05-11 06-12 11-04 12-31",
}
WORKED = {2023: "", 2024: "04-27 11-02 12-28", 2025: "11-01", 2026: ""}
# Working days of each month, as the published production calendars give them.
NORMS = {
    2023: (17, 18, 22, 20, 20, 21, 21, 23, 21, 22, 21, 21),
    2024: (17, 20, 20, 21, 20, 19, 23, 22, 21, 23, 21, 21),
    2025: (17, 20, 21, 22, 18, 19, 23, 21, 22, 23, 19, 22),
    2026: (15, 19, 21, 22, 19, 21, 23, 21, 22, 22, 20, 22),
}
DAYS = st.dates(date(2020, 1, 1), date(2035, 12, 31))
# Away from the edges, where the nearest working day may lie outside.
INNER_DAYS = st.dates(date(2020, 2, 1), date(2035, 11, 30))


@pytest.mark.parametrize("year", NOT_WORKED)
def test_every_day_of_the_year_is_as_decreed(year: int) -> None:
    off = {date.fromisoformat(f"{year}-{day}") for day in NOT_WORKED[year].split()}
    on = {date.fromisoformat(f"{year}-{day}") for day in WORKED[year].split()}
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]

    wrong = [
        day
        for day in days
        if is_working_day(day) != (day in on or (day.weekday() < 5 and day not in off))
    ]

    assert wrong == []


@pytest.mark.parametrize(
    ("year", "month", "norm"),
    [(year, month, norm) for year in NORMS for month, norm in enumerate(NORMS[year], start=1)],
)
def test_each_month_has_its_norm_of_working_days(year: int, month: int, norm: int) -> None:
    last = date(year, month, monthrange(year, month)[1])

    assert working_days_between(date(year, month, 1) - timedelta(days=1), last) == norm


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2023, 11, 4), date(2023, 11, 3)),  # Saturday, Unity Day
        (date(2023, 11, 6), date(2023, 11, 3)),  # Monday instead of that Saturday
        (date(2023, 2, 24), date(2023, 2, 22)),
        (date(2024, 1, 8), date(2023, 12, 29)),
        (date(2024, 4, 27), date(2024, 4, 27)),  # a working Saturday
        (date(2024, 5, 1), date(2024, 4, 27)),
        (date(2024, 12, 31), date(2024, 12, 28)),
        (date(2023, 10, 4), date(2023, 10, 4)),
    ],
)
def test_the_preceding_working_day(day: date, expected: date) -> None:
    assert preceding_working_day(day) == expected


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2023, 10, 4), 0, date(2023, 10, 4)),
        (date(2023, 11, 4), 0, date(2023, 11, 4)),
        (date(2023, 11, 3), 1, date(2023, 11, 7)),
        (date(2023, 11, 4), 1, date(2023, 11, 7)),
        (date(2023, 12, 29), 3, date(2024, 1, 11)),
        (date(2024, 4, 26), 3, date(2024, 5, 3)),  # Saturday 27 April is one of the three
    ],
)
def test_adding_working_days(day: date, count: int, expected: date) -> None:
    assert add_working_days(day, count) == expected


def test_a_weekend_holds_no_working_days() -> None:
    assert working_days_between(date(2023, 10, 6), date(2023, 10, 8)) == 0


@given(DAYS, DAYS)
def test_counting_backwards_is_negative(one: date, other: date) -> None:
    assert working_days_between(one, other) == -working_days_between(other, one)


@given(INNER_DAYS, st.integers(1, 20))
def test_adding_and_counting_agree(day: date, count: int) -> None:
    later = add_working_days(day, count)

    assert is_working_day(later)
    assert working_days_between(day, later) == count


@given(INNER_DAYS)
def test_the_preceding_working_day_is_the_nearest(day: date) -> None:
    found = preceding_working_day(day)

    assert found <= day
    assert is_working_day(found)
    assert working_days_between(found, day) == 0


@pytest.mark.parametrize("day", [date(2019, 12, 31), date(2036, 1, 1), date.min, date.max])
def test_a_day_the_calendar_does_not_know_is_refused(day: date) -> None:
    for ask in (is_working_day, preceding_working_day):
        with pytest.raises(OutOfCalendar, match="2020–2035"):
            ask(day)
    with pytest.raises(OutOfCalendar, match=str(day)):
        working_days_between(date(2023, 1, 1), day)


def test_an_answer_beyond_the_edges_is_refused() -> None:
    with pytest.raises(OutOfCalendar):
        preceding_working_day(date(2020, 1, 1))
    with pytest.raises(OutOfCalendar):
        add_working_days(date(2035, 12, 31), 1)


def test_the_refusal_is_a_value_error_and_a_business_refusal() -> None:
    assert issubclass(OutOfCalendar, ValueError)
    assert issubclass(OutOfCalendar, Invalid)


def test_a_negative_count_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        add_working_days(date(2023, 10, 4), -1)
