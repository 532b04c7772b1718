"""The laws of the score, each held by the formula and each broken by a deliberately wrong copy."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, assume, find, given, settings
from hypothesis import strategies as st

from services.rating.domain import cohorts, credits, explanations, scores
from services.rating.domain.cohorts import Left
from services.rating.domain.credits import Credit
from services.rating.domain.explanations import Part
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally
from tests.rating.facts import GONE_STATUSES, days, facts, many, number, uncountable

Credits = Callable[[Facts, Methodology, date], Credit | None]
LeftOut = Callable[[Facts, Period], Left | None]
PERIODS: Final = [Period.parse(text) for text in ("2023-09", "2023-10", "2023-Q4", "2023")]
DAY: Final = timedelta(days=1)


def newest(heard: Iterable[Facts]) -> list[Facts]:
    """What a projection keeps: of each execution the highest version, however it arrived."""
    kept: dict[UUID, Facts] = {}
    for one in heard:
        known = kept.get(one.execution_id)
        if known is None or known.version < one.version:
            kept[one.execution_id] = one
    return list(kept.values())


@dataclass(frozen=True)
class Formula:
    """What a law is put to: the real formula, or a copy broken in one place."""

    tally: Callable[[Iterable[Facts], Period, date], Tally] = lambda heard, period, today: (
        scores.tally(heard, period, RERU_1, today)
    )
    explain: Callable[[Iterable[Facts], Period, date], list[Part]] = lambda heard, period, today: (
        explanations.explain(heard, period, RERU_1, today)
    )
    next_change: Callable[[Iterable[Facts], date], date | None] = lambda heard, today: (
        cohorts.next_change(heard, RERU_1, today)
    )
    newest: Callable[[Iterable[Facts]], list[Facts]] = newest
    mu: Callable[[Iterable[Tally]], int] = lambda nation: RERU_1.initial_mu

    def scores(
        self, nation: Sequence[Facts], period: Period, today: date
    ) -> Mapping[str, tuple[int | None, int | None]]:
        """The raw and the stabilised score of every region."""
        codes = {one.region for one in nation}
        tallies = {
            code: self.tally([one for one in nation if one.region == code], period, today)
            for code in codes
        }
        mu_bp = self.mu(tallies.values())
        return {
            code: (one.raw_bp, one.stabilised_bp(mu_bp, RERU_1)) for code, one in tallies.items()
        }


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


# ---- cases: what a law is put to


@dataclass(frozen=True)
class Change:
    """One execution that counts, as it is and as it might be, among others of its region."""

    others: list[Facts]
    before: Facts
    after: Facts
    period: Period
    today: date


def _counts(one: Facts, period: Period, today: date) -> bool:
    return cohorts.left_out(one, period) is None and credits.credit(one, RERU_1, today) is not None


@st.composite
def changes(
    draw: st.DrawFn, kind: Callable[[st.DrawFn, Facts, Period, date], tuple[Facts, Facts]]
) -> Change:
    one = draw(facts(countable=True))
    period = draw(st.sampled_from(PERIODS))
    today = draw(days(one.due, one.due + 90 * DAY))
    before, after = kind(draw, one, period, today)
    assume(_counts(before, period, today))
    return Change(draw(many(most=5)), before, after, period, today)


def _earliest(one: Facts, period: Period) -> date:
    """When it can be handed in: a debt carried into the period, not before it."""
    earliest = max(one.issued_on, one.returned_on or one.issued_on)
    return max(earliest, period.start) if one.due < period.start else earliest


def _closed(draw: st.DrawFn, one: Facts, period: Period, today: date) -> tuple[Facts, Facts]:
    earliest = _earliest(one, period)
    assume(earliest <= today)
    before = replace(one, done=None, status="in_progress")
    return before, replace(one, done=draw(days(earliest, today)), status="forwarded")


def _sooner(draw: st.DrawFn, one: Facts, period: Period, today: date) -> tuple[Facts, Facts]:
    earliest = _earliest(one, period)
    assume(earliest <= today)
    done = draw(days(earliest, today))
    before = replace(one, done=done, status="accepted")
    return before, replace(before, done=draw(days(earliest, done)))


def _fewer_returns(draw: st.DrawFn, one: Facts, period: Period, today: date) -> tuple[Facts, Facts]:
    return one, replace(one, returns=draw(st.integers(0, one.returns)))


def _never_returned(
    draw: st.DrawFn, one: Facts, period: Period, today: date
) -> tuple[Facts, Facts]:
    """Handed in on time, against: the same, then returned and handed in again."""
    at_first = draw(days(one.due - 30 * DAY, one.due))
    returned_on = at_first + draw(st.integers(0, 30)) * DAY
    again = draw(st.none() | days(returned_on, returned_on + 60 * DAY))
    assume(one.due >= period.start)
    before = replace(one, done=again, returns=max(1, one.returns), returned_on=returned_on)
    return before, replace(one, done=at_first, returns=0, returned_on=None)


def _fewer_extensions(
    draw: st.DrawFn, one: Facts, period: Period, today: date
) -> tuple[Facts, Facts]:
    return one, replace(one, extensions=draw(st.integers(0, one.extensions)))


@dataclass(frozen=True)
class Deliveries:
    """The same facts as they were said, and as they may arrive: in any order, some repeated."""

    said: list[Facts]
    heard: list[Facts]
    period: Period
    today: date


@st.composite
def deliveries(draw: st.DrawFn) -> Deliveries:
    said = []
    for key in range(1, draw(st.integers(2, 4))):
        history = draw(st.lists(facts(countable=True), min_size=1, max_size=4))
        said += [
            replace(one, execution_id=number(key), version=version)
            for version, one in enumerate(history, start=1)
        ]
    heard = said + draw(st.lists(st.sampled_from(said), max_size=4))
    return Deliveries(
        said, draw(st.permutations(heard)), draw(st.sampled_from(PERIODS)), draw(days())
    )


@dataclass(frozen=True)
class Region:
    """A region's executions in a period as of a date."""

    facts: list[Facts]
    period: Period
    today: date
    more: Facts


@st.composite
def regions(draw: st.DrawFn, *, more: st.SearchStrategy[Facts] | None = None) -> Region:
    return Region(
        draw(many()),
        draw(st.sampled_from(PERIODS)),
        draw(days()),
        draw(facts(countable=True) if more is None else more),
    )


def not_yet_due() -> st.SearchStrategy[Region]:
    """Someone is at work, and has time left today."""

    def with_time_left(region: Region, left: int) -> Region:
        work = replace(region.more, done=None, status="in_progress", returned_on=None)
        return replace(region, more=replace(work, due=region.today + left * DAY))

    return st.builds(with_time_left, regions(), st.integers(0, 40))


# ---- laws


def _never_lowers(formula: Formula, case: Change) -> bool:
    before = formula.tally([*case.others, case.before], case.period, case.today)
    after = formula.tally([*case.others, case.after], case.period, case.today)
    mu = RERU_1.initial_mu
    return (
        after.weight > 0
        and after.numerator * before.weight >= before.numerator * after.weight
        and (after.stabilised_bp(mu, RERU_1) or 0) >= (before.stabilised_bp(mu, RERU_1) or 0)
    )


def _arrival_is_no_matter(formula: Formula, case: Deliveries) -> bool:
    said = formula.tally(formula.newest(case.said), case.period, case.today)
    return said == formula.tally(formula.newest(case.heard), case.period, case.today)


def _more_changes_nothing(formula: Formula, case: Region) -> bool:
    whole = formula.tally([*case.facts, case.more], case.period, case.today)
    return whole == formula.tally(case.facts, case.period, case.today)


def _review_is_no_matter(formula: Formula, case: Region) -> bool:
    """Handed in, whether accepted today or still unread in two months: the same score."""
    handed_in = [one for one in case.facts if one.done is not None]
    waiting = [replace(one, status="forwarded") for one in handed_in]
    accepted = [replace(one, status="accepted") for one in handed_in]
    swift = formula.tally(accepted, case.period, case.today)
    slow = formula.tally(waiting, case.period, case.today + 60 * DAY)
    return swift.provisional == 0 and slow == replace(swift, provisional=slow.executions)


def _neighbours_are_no_matter(formula: Formula, case: Region) -> bool:
    before = formula.scores(case.facts, case.period, case.today)
    after = formula.scores([*case.facts, case.more], case.period, case.today)
    return all(after[code] == before[code] for code in before if code != case.more.region)


def _merging_is_adding(formula: Formula, case: Region) -> bool:
    half = len(case.facts) // 2
    parts = [
        formula.tally(some, case.period, case.today)
        for some in (case.facts[:half], case.facts[half:])
    ]
    return parts[0] + parts[1] == formula.tally(case.facts, case.period, case.today)


def _the_explanation_sums(formula: Formula, case: Region) -> bool:
    parts = formula.explain(case.facts, case.period, case.today)
    total = formula.tally(case.facts, case.period, case.today)
    return (
        len(parts) == len(case.facts)
        and all(part.reason for part in parts)
        and sum(part.contribution for part in parts) == total.numerator
        and sum(part.weight for part in parts) == total.weight
        and sum(part.credit is not None for part in parts) == total.executions
    )


def _time_changes_only_when_said(formula: Formula, case: Region) -> bool:
    """Handed in by today at the latest, as facts of today are."""
    known = [one for one in case.facts if one.done is None or one.done <= case.today]
    moment = formula.next_change(known, case.today)
    quiet = min((moment - case.today).days, 60) if moment else 60
    now = formula.tally(known, case.period, case.today)
    return quiet > 0 and all(
        formula.tally(known, case.period, case.today + later * DAY) == now
        for later in range(1, quiet)
    )


def _scores_have_bounds(formula: Formula, case: Region) -> bool:
    total = formula.tally(case.facts, case.period, case.today)
    mu = RERU_1.initial_mu
    raw, stabilised = total.raw_bp, total.stabilised_bp(mu, RERU_1)
    if raw is None or stabilised is None:
        return raw is stabilised is None and total == Tally()
    return 0 <= raw <= 10_000 and min(raw, mu) <= stabilised <= max(raw, mu)


@dataclass(frozen=True)
class Law:
    """The cases a law speaks of, and whether a formula keeps it in one of them."""

    cases: st.SearchStrategy[Any]
    holds: Callable[[Formula, Any], bool]


LAWS: Final = {
    "closing never lowers": Law(changes(_closed), _never_lowers),
    "being less late never lowers": Law(changes(_sooner), _never_lowers),
    "fewer returns never lower": Law(changes(_fewer_returns), _never_lowers),
    "a return gains nothing on a timely hand-in": Law(changes(_never_returned), _never_lowers),
    "fewer extensions never lower": Law(changes(_fewer_extensions), _never_lowers),
    "order and repetition do not matter": Law(deliveries(), _arrival_is_no_matter),
    "work not yet due does not dilute": Law(not_yet_due(), _more_changes_nothing),
    "what is not scored weighs nothing": Law(regions(more=uncountable()), _more_changes_nothing),
    "a slow review does not matter": Law(regions(), _review_is_no_matter),
    "other regions do not matter": Law(regions(), _neighbours_are_no_matter),
    "merging is adding": Law(regions(), _merging_is_adding),
    "the explanation sums exactly": Law(regions(), _the_explanation_sums),
    "time changes a score only when said": Law(regions(), _time_changes_only_when_said),
    "scores have bounds": Law(regions(), _scores_have_bounds),
}


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
