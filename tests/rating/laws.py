"""The laws of the score: the cases each speaks of, and whether a formula keeps it in one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import assume
from hypothesis import strategies as st

from services.rating.domain import cohorts, credits, explanations, scores
from services.rating.domain.explanations import Part
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally
from tests.rating.facts import days, facts, many, number, uncountable

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
