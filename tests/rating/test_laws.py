"""The laws of the score, each held by the formula and each broken by a deliberately wrong copy."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from services.rating.domain import cohorts, credits, explanations, scores
from services.rating.domain.cohorts import Left
from services.rating.domain.credits import Credit
from services.rating.domain.explanations import Part
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally
from tests.rating.facts import GONE_STATUSES
from tests.rating.laws import DAY, LAWS, Formula, Region, regions

Credits = Callable[[Facts, Methodology, date], Credit | None]
LeftOut = Callable[[Facts, Period], Left | None]


def copy_of_the_sum(
    credit: Credits = credits.credit,
    left_out: LeftOut = cohorts.left_out,
    methodology: Methodology = RERU_1,
) -> Callable[[Iterable[Facts], Period, date], Tally]:
    """The sum written once more, with places to break it."""

    def tally(heard: Iterable[Facts], period: Period, today: date) -> Tally:
        total = Tally()
        for one in heard:
            worth = None if left_out(one, period) else credit(one, methodology, today)
            if worth is not None:
                total += Tally(
                    one.weight * worth.value,
                    one.weight,
                    1,
                    worth.on_time,
                    worth.debt,
                    worth.provisional,
                    worth.late,
                    one.returns,
                    one.extensions,
                )
        return total

    return tally


@pytest.mark.parametrize("law", LAWS)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_the_formula_keeps_the_law(law: str, data: st.DataObject) -> None:
    case = data.draw(LAWS[law].cases)

    assert LAWS[law].holds(Formula(), case)


@given(region=regions())
def test_the_copy_to_be_broken_is_the_formula(region: Region) -> None:
    copy = copy_of_the_sum()(region.facts, region.period, region.today)

    assert copy == Formula().tally(region.facts, region.period, region.today)


# ---- broken copies


def _half_for_a_debt(one: Facts, methodology: Methodology, today: date) -> Credit | None:
    worth = credits.credit(one, methodology, today)
    return replace(worth, value=5000) if worth and worth.debt else worth


def _debts_forgiven(one: Facts, methodology: Methodology, today: date) -> Credit | None:
    worth = credits.credit(one, methodology, today)
    return None if worth and worth.debt else worth


def _not_yet_due_is_zero(one: Facts, methodology: Methodology, today: date) -> Credit | None:
    worth = credits.credit(one, methodology, today)
    return worth or Credit(0, one.due, 0, 0, 0, 0, debt=False, provisional=False)


def _late_until_accepted(one: Facts, methodology: Methodology, today: date) -> Credit | None:
    if one.done is not None and one.status != "accepted":
        one = replace(one, done=today)
    return credits.credit(one, methodology, today)


def _less_while_provisional(one: Facts, methodology: Methodology, today: date) -> Credit | None:
    worth = credits.credit(one, methodology, today)
    return replace(worth, value=worth.value // 2) if worth and worth.provisional else worth


def _any_origin(one: Facts, period: Period) -> Left | None:
    return cohorts.left_out(replace(one, origin="protocol"), period)


def _any_role(one: Facts, period: Period) -> Left | None:
    return cohorts.left_out(replace(one, role="lead"), period)


def _even_withdrawn(one: Facts, period: Period) -> Left | None:
    status = "issued" if one.status in GONE_STATUSES else one.status
    return cohorts.left_out(replace(one, status=status), period)


def _last_heard(heard: Iterable[Facts]) -> list[Facts]:
    return list({one.execution_id: one for one in heard}.values())


def _live_mu(nation: Iterable[Tally]) -> int:
    return sum(nation, Tally()).raw_bp or 0


def _mean_of_credits(heard: Iterable[Facts], period: Period, today: date) -> Tally:
    total = scores.tally(heard, period, RERU_1, today)
    return replace(total, numerator=total.raw_bp or 0, weight=min(1, total.weight))


def _debts_unmentioned(heard: Iterable[Facts], period: Period, today: date) -> list[Part]:
    parts = explanations.explain(heard, period, RERU_1, today)
    return [part for part in parts if part.credit is None or not part.credit.debt]


def _rounded_parts(heard: Iterable[Facts], period: Period, today: date) -> list[Part]:
    parts = explanations.explain(heard, period, RERU_1, today)
    return [
        replace(part, credit=replace(part.credit, value=part.credit.value // 100 * 100))
        if part.credit
        else part
        for part in parts
    ]


def _a_day_later(heard: Iterable[Facts], today: date) -> date | None:
    moment = cohorts.next_change(heard, RERU_1, today)
    return moment and moment + DAY


def _broken(**numbers: int) -> Formula:
    return Formula(tally=copy_of_the_sum(methodology=replace(RERU_1, **numbers)))  # type: ignore[arg-type]


def _with(**parts: Any) -> Formula:
    return Formula(tally=copy_of_the_sum(**parts))


MUTANTS: Final = [
    ("closing never lowers", "a debt earns half", _with(credit=_half_for_a_debt)),
    ("closing never lowers", "a debt is left out", _with(credit=_debts_forgiven)),
    ("being less late never lowers", "delay earns", _broken(late_step=-400)),
    ("being less late never lowers", "late beats on time", _broken(late_first=10_001)),
    ("fewer returns never lower", "returns earn", _broken(return_step=-1000)),
    (
        "a return gains nothing on a timely hand-in",
        "the first return earns",
        _broken(return_step=-1),
    ),
    ("fewer extensions never lower", "extensions earn", _broken(extension_step=-500)),
    ("order and repetition do not matter", "the last word counts", Formula(newest=_last_heard)),
    ("order and repetition do not matter", "every word counts", Formula(newest=list)),
    (
        "work not yet due does not dilute",
        "not yet due is zero",
        _with(credit=_not_yet_due_is_zero),
    ),
    ("what is not scored weighs nothing", "any origin counts", _with(left_out=_any_origin)),
    ("what is not scored weighs nothing", "co-executors count", _with(left_out=_any_role)),
    ("what is not scored weighs nothing", "withdrawn counts", _with(left_out=_even_withdrawn)),
    (
        "a slow review does not matter",
        "late until accepted",
        _with(credit=_late_until_accepted),
    ),
    (
        "a slow review does not matter",
        "half until accepted",
        _with(credit=_less_while_provisional),
    ),
    ("other regions do not matter", "μ is live", Formula(mu=_live_mu)),
    ("merging is adding", "means are added", Formula(tally=_mean_of_credits)),
    (
        "the explanation sums exactly",
        "debts are not mentioned",
        Formula(explain=_debts_unmentioned),
    ),
    ("the explanation sums exactly", "parts are rounded", Formula(explain=_rounded_parts)),
    ("time changes a score only when said", "a day late", Formula(next_change=_a_day_later)),
    ("scores have bounds", "delay earns twice", _broken(late_floor=20_000)),
]


@pytest.mark.parametrize(
    ("law", "formula"),
    [pytest.param(law, formula, id=f"{law}: {name}") for law, name, formula in MUTANTS],
)
def test_the_law_catches_a_broken_formula(law: str, formula: Formula) -> None:
    found = find(
        LAWS[law].cases,
        lambda case: not LAWS[law].holds(formula, case),
        settings=settings(
            max_examples=5000,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert LAWS[law].holds(Formula(), found)


def test_every_law_is_broken_by_some_copy() -> None:
    assert {law for law, _, _ in MUTANTS} == LAWS.keys()
