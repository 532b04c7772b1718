"""What a region can do today: by example, over HTTP, and against the independent recomputation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
from hypothesis import HealthCheck, Phase, example, find, given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.actions import Action, Move, actions, sentence, together
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals
from services.rating.domain.scores import Tally, tally
from shared.clock import date_in
from tests.conftest import Tokens
from tests.independent import recompute
from tests.rating.facts import OCTOBER, make_facts, many, number
from tests.rating.test_domain import FOUR
from tests.rating.test_recompute import ZONES, published
from tests.rating.world import hear

Acting = Callable[[Iterable[Facts], Period, Methodology, date, Rivals], Sequence[Action]]
MU: Final = 8000
TODAY: Final = date(2023, 10, 23)
DAY: Final = timedelta(days=1)
URL: Final = "/v1/ratings/regions/16/actions"
AS_OF: Final = "2023-10-23T09:00:00Z"


def alone(*facts: Facts, today: date = TODAY) -> list[Action]:
    return actions(facts, OCTOBER, RERU_1, today, Rivals.of([], MU, RERU_1))


def test_closing_the_debt_of_the_worked_example() -> None:
    (found,) = (one for one in alone(*FOUR) if one.move is Move.HAND_IN)

    assert found.facts.execution_id == number(4)
    assert (found.before.raw_bp, found.after.raw_bp, found.raw_delta_bp) == (4314, 6029, 1715)
    # (42200 + 3 · 8000) / 10 instead of (30200 + 3 · 8000) / 10
    assert (found.after.stabilised_bp, found.delta_bp) == (6620, 1200)
    assert (found.before.tally.debts, found.after.tally.debts) == (1, 0)


def test_work_not_yet_due_joins_what_counts() -> None:
    ahead = make_facts(due=date(2023, 10, 27), status="in_progress", done=None)

    (found,) = alone(ahead)

    assert (found.before.raw_bp, found.after.raw_bp, found.raw_delta_bp) == (None, 10000, None)
    assert sentence(found, "кластер") == (
        "Закрыть сегодня исполнение (кластер, срок 27.10.2023)"
        " → балл 85,00 (сейчас его нет), места нет: данных недостаточно"
    )


def test_early_work_with_many_returns_may_cost_points() -> None:
    good = [make_facts(execution_id=number(key)) for key in range(3)]
    poor = make_facts(
        execution_id=number(9),
        due=date(2023, 10, 27),
        status="returned",
        done=None,
        returns=3,
        returned_on=date(2023, 10, 20),
    )

    (found,) = alone(*good, poor)[:1]

    assert found.delta_bp == -286
    assert "→ −2,86 балла" in sentence(found, "кластер")


def test_a_report_at_the_coordinator_is_to_be_forwarded() -> None:
    (found,) = alone(make_facts(status="submitted", done=None))

    assert found.move is Move.FORWARD
    assert sentence(found, "кластер «А»").startswith(
        "Передать в ЦУР сегодня отчёт, который ждёт у координатора (кластер «А», срок 13.10.2023)"
    )


def test_what_awaits_review_is_left_to_wait_and_comes_last() -> None:
    waiting = make_facts(execution_id=number(2), status="forwarded")

    first, last = alone(waiting, make_facts(status="in_progress", done=None))

    assert (first.move, last.move) == (Move.HAND_IN, Move.WAIT)
    assert (last.delta_bp, last.before) == (0, last.after)
    assert sentence(last, "кластер").endswith("до возврата балл не изменится")


@pytest.mark.parametrize(
    "other",
    [
        make_facts(),
        make_facts(status="withdrawn", done=None),
        make_facts(origin="other", done=None, status="issued"),
        make_facts(due=date(2023, 11, 1), done=None, status="issued"),
    ],
)
def test_nothing_can_be_done_about_the_accepted_and_the_uncounted(other: Facts) -> None:
    assert alone(other) == []


def test_the_place_is_told_among_the_others() -> None:
    others = [Tally(numerator, 10, 5, 5, 0) for numerator in (40_000, 55_000, 60_000, 90_000)]
    found = actions(FOUR, OCTOBER, RERU_1, TODAY, Rivals.of(others, MU, RERU_1))[0]

    assert sentence(found, "кластер").endswith("→ +12,00 балла, 4 → 2 место")


async def test_the_actions_of_a_region_are_listed_by_gain(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    light = make_facts(execution_id=number(5), status="submitted", done=None)
    await hear(session, [*FOUR, light, make_facts(execution_id=number(6), status="forwarded")])

    response = await client.get(
        URL, params={"as_of": AS_OF, "first": 2}, headers=token("coordinator", regions=["16"])
    )

    assert response.status_code == 200, response.text
    found = response.json()
    assert found["today"] == "2023-10-23"
    assert [one["move"] for one in found["actions"]] == ["hand_in", "forward", "wait"]
    assert [one["delta_bp"] for one in found["actions"]] == [1000, 333, 0]
    assert found["actions"][0]["sentence"] == (
        "Закрыть сегодня исполнение (Кластер «Машиностроение» № 1, срок 13.10.2023)"
        " → +10,00 балла, место прежнее, 1"
    )
    assert found["together"]["actions"] == 2
    assert found["together"]["delta_bp"] == 1333
    assert found["item"]["stabilised_bp"] + 1333 == found["together"]["stabilised_bp"]


async def test_another_regions_actions_are_not_to_be_seen(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await hear(session, FOUR)

    foreign = await client.get(URL, headers=token("coordinator", regions=["77"]))
    unknown = await client.get(URL.replace("16", "99"), headers=token("auditor"))
    nobody = await client.get(URL)

    assert [one.status_code for one in (foreign, unknown, nobody)] == [404, 404, 401]


# ---- against the independent recomputation


@dataclass(frozen=True)
class Moment:
    """A nation's facts as of an instant."""

    facts: list[Facts]
    as_of: datetime
    period: str
    mu_bp: int


_MOVED: Final = {"16": "41", "77": "39", "54": "54"}


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    found = [replace(one, region=_MOVED[one.region]) for one in draw(many(most=14))]
    # Regions that have a place whatever chance says: without rivals a place says nothing.
    for region in sorted(draw(st.sets(st.sampled_from(sorted(_MOVED.values()))))):
        place = len(found)
        found += [
            make_facts(execution_id=number(2_000_000 + place + n), region=region) for n in range(3)
        ]
    as_of = draw(
        st.datetimes(datetime(2023, 8, 1), datetime(2024, 1, 15), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone
    )
    period = draw(st.sampled_from(["2023-09", "2023-10", "2023-Q4", "2023"]))
    return Moment(found, as_of, period, draw(st.integers(0, 10_000)))


def agrees(act: Acting, case: Moment) -> bool:
    """Whether every action leaves the region where the recomputation puts it, and none is missed.

    And whether doing all at once does, too.
    """
    said = [published(one, case.as_of - DAY) for one in case.facts]
    mine = recompute.what_if(said, ZONES, case.as_of, case.period, case.mu_bp)
    period = Period.parse(case.period)
    groups = {code: [one for one in case.facts if one.region == code] for code in ZONES}
    days = {code: date_in(zone, case.as_of) for code, zone in ZONES.items()}
    tallies = {code: tally(groups[code], period, RERU_1, days[code]) for code in ZONES}
    seen = 0
    for code in sorted(set(_MOVED.values())):
        rivals = Rivals.of(
            [one for name, one in tallies.items() if name != code], case.mu_bp, RERU_1
        )
        found = act(groups[code], period, RERU_1, days[code], rivals)
        order = [one.after.stabilised_bp for one in found if one.move is not Move.WAIT]
        if order != sorted(order, key=lambda bp: -1 if bp is None else bp, reverse=True):
            return False
        if any(one.before != one.after for one in found if one.move is Move.WAIT):
            return False
        doable = [one for one in found if one.move is not Move.WAIT]
        seen += len(doable)
        for one in doable:
            row = mine.get(str(one.facts.execution_id))
            if row is None or _line(one) != {name: row[name] for name in _line(one)}:
                return False
        rows = recompute.recompute(
            recompute.hand_in(
                said, ZONES, case.as_of, *(str(one.facts.execution_id) for one in doable)
            ),
            ZONES,
            case.as_of,
            case.period,
            case.mu_bp,
        )
        all_done = together(found, groups[code], period, RERU_1, days[code], rivals)
        row = rows[code]
        if (all_done.raw_bp, all_done.stabilised_bp, all_done.place) != (
            row["raw_bp"],
            row["stabilised_bp"],
            row["place"],
        ):
            return False
    return seen == len(mine)


def _line(action: Action) -> dict[str, Any]:
    after = action.after
    return {
        "raw_bp": after.raw_bp,
        "stabilised_bp": after.stabilised_bp,
        "place": after.place,
        "on_time_bp": after.tally.on_time_bp,
        "debts": after.tally.debts,
        "provisional": after.tally.provisional,
        "weight": after.tally.weight,
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(case=moments())
# A rework whose days reach beyond all others.
@example(
    case=Moment(
        [
            make_facts(
                region="41",
                due0=date(2023, 9, 5),
                due=date(2023, 9, 5),
                done=None,
                returns=1,
                returned_on=date(2023, 11, 24),
            )
        ],
        datetime(2023, 8, 1, tzinfo=UTC),
        "2023-09",
        0,
    )
)
def test_every_counterfactual_is_the_recomputation(case: Moment) -> None:
    assert agrees(actions, case)


@pytest.mark.parametrize(
    "name", ["raw_bp", "stabilised_bp", "place", "place_before", "delta_bp", "raw_delta_bp"]
)
async def test_the_command_notices_an_action_told_wrongly(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, name: str
) -> None:
    far = [make_facts(execution_id=number(20 + key), region="41") for key in range(3)]
    await hear(session, [*FOUR, *far])
    response = await client.get(URL, params={"as_of": AS_OF}, headers=token("auditor"))
    told = response.json()["actions"]
    as_of = datetime.fromisoformat(AS_OF)
    said = [published(one, as_of) for one in [*FOUR, *far]]
    before = recompute.recompute(said, ZONES, as_of, "2023-10")["16"]
    after = recompute.what_if(said, ZONES, as_of, "2023-10", only=["16"])

    assert recompute.action_differences(after, before, told) == []
    wrong = [{**one, name: "wrong"} for one in told]
    (line,) = recompute.action_differences(after, before, wrong)
    assert line.startswith(f"{number(4)}: {name} is ")
    (line,) = recompute.action_differences(after, before, [])
    assert line == f"{number(4)}: only one side can be handed in"


def _of_yesterday(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    return actions(facts, period, methodology, day - DAY, rivals)


def _debts_only(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    found = actions(facts, period, methodology, day, rivals)
    return [one for one in found if one.move is Move.WAIT or one.due_star < day]


def _always_on_time(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    return actions(facts, period, replace(methodology, late_first=10_000), day, rivals)


def _by_due_date(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    found = actions(facts, period, methodology, day, rivals)
    return sorted(found, key=lambda one: (one.move is Move.WAIT, one.due_star))


def _without_dilution(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    """Points are gained, and the weight stays what it was."""
    return [
        replace(
            one,
            after=rivals.score(replace(one.after.tally, weight=one.before.tally.weight or 1)),
        )
        for one in actions(facts, period, methodology, day, rivals)
    ]


def _among_fewer(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    return actions(facts, period, methodology, day, replace(rivals, ranks=rivals.ranks[1:]))


def _accepted_at_once(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    return [
        replace(one, after=rivals.score(replace(one.after.tally, provisional=0)))
        for one in actions(facts, period, methodology, day, rivals)
    ]


def _waiting_is_work(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    return [
        replace(one, move=Move.HAND_IN) for one in actions(facts, period, methodology, day, rivals)
    ]


@pytest.mark.parametrize(
    "broken",
    [
        _of_yesterday,
        _debts_only,
        _always_on_time,
        _by_due_date,
        _without_dilution,
        _among_fewer,
        _accepted_at_once,
        _waiting_is_work,
    ],
)
def test_a_broken_counterfactual_is_caught(broken: Acting) -> None:
    caught = find(
        moments(),
        lambda case: not agrees(broken, case),
        settings=settings(
            max_examples=5000,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )

    assert agrees(actions, caught)
