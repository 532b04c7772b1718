"""Deadlines against a table written by hand from the official production calendars."""

from datetime import UTC, date, datetime

import pytest

from services.assignments.domain.deadlines import (
    Term,
    effective_due,
    end_of,
    months_later,
    next_monthly,
    part_of_term,
    resolve,
)
from services.assignments.domain.executions import DateInvalid
from services.assignments.domain.policies import FIRST, NonWorking

# Named date → due date. Government decrees on transfers: 2023 № 1505 of 29.08.2022, 2024 № 1314 of
# 10.08.2023, 2025 № 1335 of 04.10.2024, 2026 № 1466 of 24.09.2025.
BY_HAND = [
    # 2023: 1 January → 24 February, 8 January → 8 May.
    ("2023-01-08", "2022-12-30"),
    ("2023-02-24", "2023-02-22"),
    ("2023-02-26", "2023-02-22"),
    ("2023-03-08", "2023-03-07"),
    ("2023-05-01", "2023-04-28"),
    ("2023-05-08", "2023-05-05"),
    ("2023-05-09", "2023-05-05"),
    ("2023-06-12", "2023-06-09"),
    ("2023-11-04", "2023-11-03"),
    ("2023-11-06", "2023-11-03"),
    # 2024: working Saturdays 27 April, 2 November, 28 December.
    ("2024-01-08", "2023-12-29"),
    ("2024-02-23", "2024-02-22"),
    ("2024-03-08", "2024-03-07"),
    ("2024-04-27", "2024-04-27"),
    ("2024-04-29", "2024-04-27"),
    ("2024-04-30", "2024-04-27"),
    ("2024-05-10", "2024-05-08"),
    ("2024-06-12", "2024-06-11"),
    ("2024-11-02", "2024-11-02"),
    ("2024-11-04", "2024-11-02"),
    ("2024-12-28", "2024-12-28"),
    ("2024-12-30", "2024-12-28"),
    ("2024-12-31", "2024-12-28"),
    # 2025: 2 May, 8 May, 13 June, 3 November, 31 December off; 1 November worked.
    ("2025-01-08", "2024-12-28"),
    ("2025-05-02", "2025-04-30"),
    ("2025-05-08", "2025-05-07"),
    ("2025-06-13", "2025-06-11"),
    ("2025-11-01", "2025-11-01"),
    ("2025-11-03", "2025-11-01"),
    ("2025-12-31", "2025-12-30"),
    # 2026: 9 January and 31 December off.
    ("2026-01-09", "2025-12-30"),
    ("2026-02-23", "2026-02-20"),
    ("2026-03-09", "2026-03-06"),
    ("2026-05-11", "2026-05-08"),
    ("2026-06-12", "2026-06-11"),
    ("2026-11-04", "2026-11-03"),
    ("2026-12-31", "2026-12-30"),
]


@pytest.mark.parametrize(("named", "due"), BY_HAND)
def test_a_non_working_day_moves_to_the_preceding_working_day(named: str, due: str) -> None:
    on = date.fromisoformat(named)
    found = resolve(Term.DATE, signed_on=date(2022, 12, 1), policy=FIRST, on=on)
    assert found.due == date.fromisoformat(due)
    assert found.nominal == on


@pytest.mark.parametrize(
    ("term", "signed_on", "day", "due"),
    [
        (Term.DEFAULT, "2024-01-31", None, "2024-02-29"),
        (Term.DEFAULT, "2023-01-31", None, "2023-02-28"),
        (Term.DEFAULT, "2024-02-29", None, "2024-03-29"),
        (Term.DEFAULT, "2023-10-18", None, "2023-11-17"),
        (Term.DEFAULT, "2023-12-13", None, "2024-01-12"),
        (Term.URGENT, "2023-10-04", None, "2023-10-06"),
        (Term.URGENT, "2023-10-09", None, "2023-10-12"),
        (Term.PROMPT, "2023-10-04", None, "2023-10-13"),
        (Term.PROMPT, "2023-12-27", None, "2023-12-29"),
        (Term.MONTHLY, "2023-10-04", 5, "2023-10-05"),
        (Term.MONTHLY, "2023-10-05", 5, "2023-11-03"),
        (Term.MONTHLY, "2024-01-31", 31, "2024-02-29"),
        (Term.MONTHLY, "2023-12-06", 31, "2023-12-29"),
    ],
    ids=[
        "a month from 31 January of a leap year",
        "a month from 31 January",
        "a month from 29 February",
        "a month: Saturday to Friday",
        "a month over the New Year: Saturday to Friday",
        "urgent: 3 days, Saturday to Friday",
        "urgent: 3 days",
        "prompt: 10 days, Saturday to Friday",
        "prompt: into the holidays, back before the year's end",
        "monthly: this month's",
        "monthly: the day itself is not enough, and 5 November is a Sunday",
        "monthly: a shorter month's last day",
        "monthly: 31 December is a Sunday",
    ],
)
def test_a_term_without_a_date(term: Term, signed_on: str, day: int | None, due: str) -> None:
    found = resolve(term, signed_on=date.fromisoformat(signed_on), policy=FIRST, day=day)
    assert found.due == date.fromisoformat(due)
    assert len(found.why) == 2


def test_never_before_the_signing() -> None:
    saturday = date(2023, 10, 7)
    found = resolve(Term.DATE, signed_on=saturday, policy=FIRST, on=date(2023, 10, 8))
    assert found.due == saturday


def test_a_policy_may_move_the_other_way_or_not_at_all() -> None:
    following = FIRST.model_copy(update={"non_working": NonWorking.FOLLOWING})
    staying = FIRST.model_copy(update={"non_working": NonWorking.STAY})
    on, signed_on = date(2023, 11, 4), date(2023, 10, 4)
    assert resolve(Term.DATE, signed_on=signed_on, policy=following, on=on).due == date(2023, 11, 7)
    assert resolve(Term.DATE, signed_on=signed_on, policy=staying, on=on).due == on


def test_a_date_is_demanded_where_the_term_is_one() -> None:
    with pytest.raises(DateInvalid):
        resolve(Term.DATE, signed_on=date(2023, 10, 4), policy=FIRST)
    with pytest.raises(DateInvalid):
        resolve(Term.MONTHLY, signed_on=date(2023, 10, 4), policy=FIRST)


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Asia/Kamchatka", datetime(2023, 10, 20, 12, tzinfo=UTC)),
        ("Europe/Moscow", datetime(2023, 10, 20, 21, tzinfo=UTC)),
        ("Europe/Kaliningrad", datetime(2023, 10, 20, 22, tzinfo=UTC)),
    ],
)
def test_the_day_ends_where_the_region_is(zone: str, ends: datetime) -> None:
    assert end_of(date(2023, 10, 20), zone) == ends


def test_months_and_halves() -> None:
    assert months_later(date(2023, 8, 31), 6) == date(2024, 2, 29)
    assert next_monthly(date(2023, 12, 31), 30) == date(2024, 1, 30)
    # Half of 4 October – 20 October is the 12th; half of a term ending on the 22nd is 13th.
    assert part_of_term(date(2023, 10, 4), date(2023, 10, 20), 50, FIRST) == date(2023, 10, 12)
    assert part_of_term(date(2023, 10, 4), date(2023, 10, 25), 50, FIRST) == date(2023, 10, 13)


def test_a_return_gives_the_days_of_a_rework() -> None:
    due = date(2023, 11, 3)
    assert effective_due(due, None, FIRST) == due
    assert effective_due(due, date(2023, 10, 20), FIRST) == due
    # 3 working days after Thursday 2 November: 3, 7 and 8 (the 6th is a transferred day off).
    assert effective_due(due, date(2023, 11, 2), FIRST) == date(2023, 11, 8)
