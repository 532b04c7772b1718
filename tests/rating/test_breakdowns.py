"""Where the points went: sums by cause that add up to the score exactly."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from services.rating.domain.breakdowns import Breakdown, Cause, breakdown
from services.rating.domain.cohorts import Left
from services.rating.domain.explanations import explain
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, WHOLE
from services.rating.domain.periods import Period
from services.rating.domain.scores import tally
from tests.rating.facts import OCTOBER, days, facts, make_facts, number

TODAY: Final = date(2023, 10, 27)


def broken_down(known: Sequence[Facts], today: date = TODAY) -> Breakdown:
    return breakdown(explain(known, OCTOBER, RERU_1, today), OCTOBER)


def points(found: Breakdown) -> dict[Cause, int]:
    return {loss.cause: loss.points_bp for loss in found.losses if loss.points_bp}


@settings(deadline=None)
@given(
    known=st.lists(facts(), max_size=12, unique_by=lambda one: one.execution_id),
    today=days(),
    period=st.sampled_from([OCTOBER, Period.parse("2023-Q4"), Period.parse("2023")]),
)
def test_what_is_left_and_what_is_lost_are_the_whole(
    known: list[Facts], today: date, period: Period
) -> None:
    found = breakdown(explain(known, period, RERU_1, today), period)
    total = tally(known, period, RERU_1, today)

    assert (found.numerator, found.weight, found.executions) == (
        total.numerator,
        total.weight,
        total.executions,
    )
    assert found.raw_bp == total.raw_bp
    assert found.numerator + sum(loss.lost for loss in found.losses) == WHOLE * found.weight
    if found.raw_bp is not None:
        assert found.raw_bp + sum(loss.points_bp for loss in found.losses) == WHOLE
    for loss in found.losses:
        assert (loss.lost > 0) == (loss.executions > 0)
        assert loss.points_bp >= 0
        assert loss.lost or not loss.points_bp
    assert found.executions + sum(found.left.values()) == len(known)


def test_the_worked_example_says_what_took_the_points() -> None:
    """43.14: two days late (weight 2), a return (1), an overdue one (3), and one in time."""
    due = date(2023, 10, 13)
    found = broken_down(
        [
            make_facts(),
            make_facts(execution_id=number(2), weight=2, done=date(2023, 10, 17)),
            make_facts(execution_id=number(3), returns=1, returned_on=date(2023, 10, 10)),
            make_facts(execution_id=number(4), weight=3, due=due, done=None, status="issued"),
        ]
    )

    assert found.raw_bp == 4314
    assert points(found) == {Cause.DEBTS: 4286, Cause.LATE: 1257, Cause.RETURNS: 143}
    assert (found.whole, found.whole_weight) == (1, 1)


def test_late_and_returned_stands_under_both_causes_each_with_its_own_loss() -> None:
    late = make_facts(done=date(2023, 10, 16), returns=2, returned_on=date(2023, 10, 5))
    found = broken_down([late])

    assert points(found) == {Cause.LATE: 4000, Cause.RETURNS: 1200}
    assert [loss.executions for loss in found.losses] == [0, 0, 1, 1, 0]


def test_a_debt_of_another_month_is_told_apart() -> None:
    old = make_facts(due=date(2023, 9, 8), due0=date(2023, 9, 8), done=None, status="in_progress")
    new = replace(old, execution_id=number(2), due=date(2023, 10, 6))

    assert points(broken_down([old, new])) == {Cause.DEBTS: 5000, Cause.CARRIED_DEBTS: 5000}


def test_what_does_not_count_is_counted_by_reason() -> None:
    found = broken_down(
        [
            make_facts(due=date(2023, 10, 31), done=None, status="issued"),
            make_facts(execution_id=number(2), origin="operational"),
        ]
    )

    assert found.raw_bp is None
    assert found.left == {Left.NOT_YET_DUE: 1, Left.NOT_PROTOCOL: 1}
    assert points(found) == {}
