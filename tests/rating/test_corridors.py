"""The corridor: by example, over HTTP, and the law that no course of events leaves it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain import corridors
from services.rating.domain.actions import awaits_review, handed_in, is_open
from services.rating.domain.cohorts import left_out
from services.rating.domain.corridors import Contender, Corridor, Ends, Span, span
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, tally
from tests.conftest import Tokens
from tests.rating.facts import OCTOBER, facts, make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

Finding = Callable[[Iterable[Facts], Period, Methodology, date, int], Corridor]
MU: Final = 8000
DAY: Final = timedelta(days=1)
TODAY: Final = date(2023, 10, 23)
URL: Final = "/v1/ratings/regions/16/corridor"


def corridor(*known: Facts, today: date = TODAY, period: Period = OCTOBER) -> Corridor:
    return corridors.corridor(known, period, RERU_1, today, MU)


def test_the_worked_example_may_rise_to_its_debt_closed_and_fall_no_further() -> None:
    found = corridor(*FOUR)

    assert (found.raw, found.stabilised) == (Ends(4314, 6029), Ends(5420, 6620))
    assert found.raw_worst_with_returns_bp == 4314  # all the rest is accepted
    assert (found.end, found.fewest, found.most) == (date(2023, 10, 31), 4, 4)


def test_what_falls_due_by_the_end_counts_whatever_is_done() -> None:
    ahead = make_facts(execution_id=number(2), due=date(2023, 10, 31), done=None, status="issued")

    assert corridor(make_facts(), ahead).raw == Ends(5000, 10000)


def test_what_awaits_review_may_come_back_and_become_a_debt() -> None:
    waiting = make_facts(execution_id=number(2), status="forwarded")

    found = corridor(make_facts(), waiting)

    assert (found.raw, found.raw_worst_with_returns_bp) == (Ends(10000, 10000), 5000)


def test_a_hand_in_of_an_earlier_period_comes_back_as_a_debt_of_this_one() -> None:
    before = make_facts(
        execution_id=number(2),
        due=date(2023, 9, 29),
        done=date(2023, 9, 29),
        status="forwarded",
    )

    found = corridor(make_facts(), before)

    assert (found.raw, found.raw_worst_with_returns_bp) == (Ends(10000, 10000), 5000)
    assert (found.most, found.most_with_returns) == (1, 2)


def test_what_comes_back_in_the_last_days_is_no_debt_by_the_end() -> None:
    waiting = make_facts(execution_id=number(2), status="forwarded")

    found = corridor(make_facts(), waiting, today=date(2023, 10, 30))

    # Handed in again, once returned: (10000 + 9000) / 2.
    assert found.raw_worst_with_returns_bp == 9500


def test_grace_beyond_the_end_counts_only_where_it_helps_or_harms() -> None:
    late_return = make_facts(
        execution_id=number(2),
        done=None,
        status="returned",
        returns=2,
        returned_on=date(2023, 10, 30),
    )
    today = date(2023, 10, 30)
    debt = make_facts(execution_id=number(3), done=None, status="issued", due=date(2023, 9, 1))

    above = corridor(make_facts(), late_return, today=today)
    below = corridor(debt, late_return, today=today)

    assert above.raw == Ends(9000, 10000)
    assert below.raw == Ends(0, (1000 + 8000) // 2)


def test_an_old_debt_handed_in_before_the_period_never_enters_it() -> None:
    debt = make_facts(due=date(2023, 9, 1), done=None, status="issued")
    good = make_facts(execution_id=number(2))

    assert corridor(good, debt, today=date(2023, 9, 20)).raw == Ends(5000, 10000)
    assert corridor(good, debt, today=date(2023, 10, 2)).raw == Ends(5000, 5500)


def test_nothing_known_is_not_zero() -> None:
    assert corridor().stabilised == Ends(None, None)


def test_places_are_those_the_scores_allow() -> None:
    own = Contender(Ends(5000, 8000), 3, 3)
    others = [
        Contender(Ends(8001, 9000), 3, 3),  # better whatever happens
        Contender(Ends(8001, 9000), 2, 3),  # better, if it gets a place at all
        Contender(Ends(4000, 5000), 3, 3),  # equal at the ends
        Contender(Ends(0, 4999), 3, 3),  # worse whatever happens
        Contender(Ends(None, None), 0, 0),
    ]

    assert span(own, others, RERU_1) == Span(2, 4)
    assert span(replace(own, most=2), others, RERU_1) == Span(None, None)


async def test_the_corridor_of_a_region(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    waiting = make_facts(execution_id=number(9), status="forwarded", weight=3)
    before = make_facts(
        execution_id=number(10),
        due=date(2023, 9, 29),
        done=date(2023, 9, 29),
        status="forwarded",
        weight=2,
    )
    rivals = [make_facts(execution_id=number(20 + key), region="41") for key in range(3)]
    await hear(session, [*FOUR, waiting, before, *rivals])

    response = await client.get(
        URL,
        params={"as_of": "2023-10-23T09:00:00Z"},
        headers=token("coordinator", regions=["16"]),
    )

    assert response.status_code == 200, response.text
    found = response.json()
    assert (found["today"], found["until"]) == ("2023-10-23", "2023-10-31")
    assert found["raw"] == {"worst_with_returns_bp": 2517, "worst_bp": 6020, "best_bp": 7220}
    assert found["place"] == {
        "best": 2,
        "worst": 2,
        "worst_with_returns": 2,
        "best_if_others_stand": 2,
        "worst_if_others_stand": 2,
    }
    assert len(found["assumptions"]) == 8


async def test_another_regions_corridor_is_not_to_be_seen(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await hear(session, FOUR)

    foreign = await client.get(URL, headers=token("coordinator", regions=["77"]))
    unknown = await client.get(URL.replace("16", "99"), headers=token("auditor"))

    assert [one.status_code for one in (foreign, unknown)] == [404, 404]


# ---- the law


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
