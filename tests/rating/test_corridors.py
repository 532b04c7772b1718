"""The corridor by example, and over HTTP."""

from dataclasses import replace
from datetime import date
from typing import Final

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain import corridors
from services.rating.domain.corridors import Contender, Corridor, Ends, Span, span
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.periods import Period
from tests.conftest import Tokens
from tests.rating.facts import OCTOBER, make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

MU: Final = 8000
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
