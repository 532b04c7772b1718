"""The law of the corridor: no course of events leaves it, each end is attained by one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from services.rating.domain import corridors
from services.rating.domain.actions import awaits_review, handed_in, is_open
from services.rating.domain.cohorts import left_out
from services.rating.domain.corridors import Corridor, Ends, span
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, tally
from tests.rating.facts import OCTOBER, facts

Finding = Callable[[Iterable[Facts], Period, Methodology, date, int], Corridor]
DAY: Final = timedelta(days=1)


@dataclass(frozen=True)
class Start:
    """A region's facts as of a day, and a period."""

    facts: list[Facts]
    period: Period
    today: date
    mu_bp: int

    @property
    def end(self) -> date:
        return max(self.period.end, self.today)


def known_by(one: Facts, today: date) -> Facts:
    """The facts as they may be on the day: nothing in them is of a later date."""
    returned_on = one.returned_on and min(one.returned_on, today)
    done = one.done and max(min(one.done, today), returned_on or one.done.min)
    return replace(one, issued_on=min(one.issued_on, today), returned_on=returned_on, done=done)


@st.composite
def starts(draw: st.DrawFn, *, last_days: bool = False) -> Start:
    """`last_days`: so few executions and days that every course of events can be tried."""
    period = draw(st.sampled_from([OCTOBER, TWO_DAYS] if last_days else PERIODS))
    first = period.end - 2 * DAY if last_days else period.start - 20 * DAY
    today = draw(st.dates(first, period.end + (DAY if last_days else 10 * DAY)))
    most = 4 if last_days else 8
    found = draw(
        st.lists(
            st.one_of(facts(countable=True), facts(countable=True).map(_reopened(today))),
            max_size=most,
            unique_by=lambda one: one.execution_id,
        )
    )
    return Start(
        [known_by(one, today) for one in found], period, today, draw(st.integers(0, 10_000))
    )


# So short that every course of events from before its beginning can be tried.
TWO_DAYS: Final = Period("2023-10", date(2023, 10, 30), date(2023, 10, 31))
PERIODS: Final = [Period.parse(text) for text in ("2023-09", "2023-10", "2023-Q4")]


def _reopened(today: date) -> Callable[[Facts], Facts]:
    """Returned within the last days: the days of grace may outlast the period."""

    def reopen(one: Facts) -> Facts:
        returned_on = today - (one.version % 4) * DAY
        return replace(
            one, done=None, status="returned", returns=max(1, one.returns), returned_on=returned_on
        )

    return reopen


def days_left(start: Start) -> list[date]:
    return [start.today + later * DAY for later in range((start.end - start.today).days + 1)]


def courses(one: Facts, start: Start, *, returns: bool) -> list[Facts]:
    """Everything that can have become of the execution by the end."""
    if is_open(one):
        return [one, *(handed_in(one, day) for day in days_left(start))]
    found = [one]
    if returns and awaits_review(one):
        for day in days_left(start):
            back = replace(
                one, done=None, status="returned", returns=one.returns + 1, returned_on=day
            )
            later = [again for again in days_left(start) if again >= day]
            found += [back, *(handed_in(back, again) for again in later)]
    return found


def scores(course: Sequence[Facts], start: Start) -> tuple[int | None, int | None]:
    """The raw and the stabilised score when the last day has ended."""
    found = tally(course, start.period, RERU_1, start.end + DAY)
    return found.raw_bp, found.stabilised_bp(start.mu_bp, RERU_1)


def within(found: int | None, worst: int | None, best: int | None) -> bool:
    return found is None or (worst is not None and best is not None and worst <= found <= best)


def holds_every_course(finding: Finding, start: Start, chosen: Iterable[Sequence[Facts]]) -> bool:
    found = finding(start.facts, start.period, RERU_1, start.today, start.mu_bp)
    return all(
        within(raw, found.raw.worst_bp, found.raw.best_bp)
        and within(stabilised, found.stabilised.worst_bp, found.stabilised.best_bp)
        for raw, stabilised in (scores(course, start) for course in chosen)
    )


def attains_its_ends(finding: Finding, start: Start) -> bool:
    """Whether the ends are those of all courses there are, tried one by one."""
    found = finding(start.facts, start.period, RERU_1, start.today, start.mu_bp)
    calm = list(zip(*every_course(start, returns=False), strict=True))
    rough = list(zip(*every_course(start, returns=True), strict=True))
    return (
        _ends(calm[0]) == found.raw
        and _ends(calm[1]) == found.stabilised
        and _ends(rough[0]).worst_bp == found.raw_worst_with_returns_bp
        and _ends(rough[1]).worst_bp == found.stabilised_worst_with_returns_bp
    )


def every_course(start: Start, *, returns: bool) -> Iterator[tuple[int | None, int | None]]:
    each = [courses(one, start, returns=returns) for one in start.facts]
    for course in product(*each):
        yield scores(course, start)


def _ends(found: Iterable[int | None]) -> Ends:
    some = [one for one in found if one is not None]
    return Ends(min(some), max(some)) if some else Ends(None, None)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(start=starts(), data=st.data())
def test_no_course_of_events_leaves_the_corridor(start: Start, data: st.DataObject) -> None:
    found = corridors.corridor(start.facts, start.period, RERU_1, start.today, start.mu_bp)
    calm = [data.draw(st.sampled_from(courses(one, start, returns=False))) for one in start.facts]
    rough = [data.draw(st.sampled_from(courses(one, start, returns=True))) for one in start.facts]

    assert holds_every_course(corridors.corridor, start, [calm])
    for here, worst in zip(
        scores(rough, start),
        (found.raw_worst_with_returns_bp, found.stabilised_worst_with_returns_bp),
        strict=True,
    ):
        assert here is None or (worst is not None and worst <= here)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(start=starts(last_days=True))
def test_both_ends_are_attained(start: Start) -> None:
    start = replace(start, facts=start.facts[:3])

    assert attains_its_ends(corridors.corridor, start)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nation=st.lists(starts(last_days=True), min_size=2, max_size=5), data=st.data())
def test_no_course_of_events_of_all_regions_leaves_the_span_of_places(
    nation: list[Start], data: st.DataObject
) -> None:
    mu = nation[0].mu_bp
    found = [corridors.corridor(one.facts, one.period, RERU_1, one.today, mu) for one in nation]
    ended: dict[int, Tally] = {}
    for key, one in enumerate(nation):
        course = [
            data.draw(st.sampled_from(courses(facts, one, returns=False))) for facts in one.facts
        ]
        ended[key] = tally(course, one.period, RERU_1, one.end + DAY)
    others = [one.contender for one in found[1:]]
    place = places(ended, mu, RERU_1)[0]
    spanned = span(found[0].contender, others, RERU_1)

    assert within(place, spanned.best, spanned.worst)


# ---- broken copies


def _broken(**numbers: Any) -> Finding:
    def finding(
        known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
    ) -> Corridor:
        return corridors.corridor(known, period, replace(methodology, **numbers), today, mu_bp)

    return finding


def _from_tomorrow(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """Today is given away."""
    return corridors.corridor(known, period, methodology, today + DAY, mu_bp)


def _due_today_is_forgotten(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """What falls due on the last days counts only if it is handed in."""
    end = max(period.end, today)
    kept = [one for one in known if one.done or one.due < end - DAY]
    return corridors.corridor(kept, period, methodology, today, mu_bp)


def _everything_today(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """The best as the brief word has it: everything today, though it may dilute."""
    known = list(known)
    found = corridors.corridor(known, period, methodology, today, mu_bp)
    best = tally(
        [one if one.done else handed_in(one, today) for one in known],
        period,
        methodology,
        max(period.end, today) + DAY,
    )
    return replace(
        found,
        raw=replace(found.raw, best_bp=best.raw_bp),
        stabilised=replace(found.stabilised, best_bp=best.stabilised_bp(mu_bp, methodology)),
    )


def _nothing_more(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """The worst as the brief word has it: nothing more, though something poor may dilute."""
    known = list(known)
    found = corridors.corridor(known, period, methodology, today, mu_bp)
    worst = tally(known, period, methodology, max(period.end, today) + DAY)
    return replace(
        found,
        raw=replace(found.raw, worst_bp=worst.raw_bp),
        stabilised=replace(found.stabilised, worst_bp=worst.stabilised_bp(mu_bp, methodology)),
    )


def _nothing_returned(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    found = corridors.corridor(known, period, methodology, today, mu_bp)
    return replace(
        found,
        raw_worst_with_returns_bp=found.raw.worst_bp,
        stabilised_worst_with_returns_bp=found.stabilised.worst_bp,
    )


def _what_came_before_stays(
    known: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """What was handed in before the period is thought safe from a return."""
    kept = [one for one in known if left_out(one, period) is None]
    return corridors.corridor(kept, period, methodology, today, mu_bp)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(_broken(late_floor=0), id="no floor"),
        pytest.param(_broken(grace_days=0), id="no grace"),
        pytest.param(_broken(return_step=500), id="a return costs half"),
        pytest.param(_broken(kappa=4), id="another κ"),
        _from_tomorrow,
        _due_today_is_forgotten,
        _everything_today,
        _nothing_more,
        _nothing_returned,
        _what_came_before_stays,
    ],
)
def test_a_broken_corridor_is_caught(broken: Finding) -> None:
    caught = find(
        starts(last_days=True).map(lambda start: replace(start, facts=start.facts[:2])),
        lambda start: not attains_its_ends(broken, start),
        settings=settings(
            max_examples=5000,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert attains_its_ends(corridors.corridor, caught)
