"""A region's history: the same figures as the rating as of each day's end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.histories import history, instants
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.scores import tally
from shared.clock import date_in
from tests.conftest import Tokens
from tests.rating.facts import OCTOBER, make_facts, many, number
from tests.rating.world import hear, say

URL = "/v1/ratings/regions/{}/history"
KAMCHATKA = "Asia/Kamchatka"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_days_end_in_the_regions_zone_and_the_running_one_is_seen_now() -> None:
    # Half past midnight of the 3rd in Kamchatka, half past three of the 2nd in Moscow's afternoon.
    now = at("2023-10-02T12:30:00")

    found = instants(OCTOBER, KAMCHATKA, now)

    assert [day.day for day, _ in found] == [1, 2, 3]
    assert {moment.tzinfo for _, moment in found} == {UTC}
    assert [moment for _, moment in found] == [
        at("2023-10-01T12:00:00"),
        at("2023-10-02T12:00:00"),
        now,
    ]
    assert instants(OCTOBER, KAMCHATKA, at("2023-09-30T00:00:00")) == []
    assert len(instants(OCTOBER, KAMCHATKA, at("2024-01-01T00:00:00"))) == 31


MOMENTS = st.timedeltas(timedelta(), timedelta(days=80)).map(lambda gone: at("2023-09-01") + gone)
CHANGES = st.sampled_from(["withdrawn", "accepted", "in_progress"])


# The first example reads the calendar in.
@settings(deadline=None)
@given(
    facts=many(most=8),
    told=st.lists(MOMENTS, min_size=8, max_size=8),
    more=st.lists(st.tuples(st.integers(0, 7), MOMENTS, CHANGES), max_size=12),
)
def test_every_point_is_the_score_of_the_newest_facts_dated_by_then(
    facts: list[Facts], told: list[datetime], more: list[tuple[int, datetime, str]]
) -> None:
    versions = list(zip(told, facts, strict=False))
    for place, when, status in more:
        if place < len(facts):
            one = facts[place]
            newer = 1 + max(v.version for _, v in versions if v.execution_id == one.execution_id)
            changed = replace(one, status=status, version=newer)
            versions.append((when, changed))
    moments = instants(OCTOBER, "Europe/Moscow", at("2023-10-25T15:00:00"))

    points = history(versions, moments, OCTOBER, RERU_1, "Europe/Moscow")

    assert [point.day for point in points] == [day for day, _ in moments]
    for point in points:
        dated = [one for when, one in versions if when <= point.as_of]
        newest = {one.execution_id: one for one in sorted(dated, key=lambda one: one.version)}
        today = date_in("Europe/Moscow", point.as_of)
        assert point.tally == tally(newest.values(), OCTOBER, RERU_1, today)


async def test_each_point_is_the_rating_as_of_that_instant(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    late = make_facts(execution_id=number(5), region="41", due=date(2023, 10, 10), done=None)
    await hear(session, [make_facts(execution_id=number(4), region="41"), late])
    closed = replace(late, version=late.version + 1, done=date(2023, 10, 12), status="forwarded")
    await say(session, closed, at("2023-10-12T05:00:00"))
    now = {"X-Simulated-Now": "2023-10-20T09:00:00Z"}

    answer = await client.get(URL.format("41"), params={"period": "2023-10"}, headers=now)

    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["day"] for item in items] == [f"2023-10-{day:02}" for day in range(1, 21)]
    by_day = {item["day"][-2:]: (item["debts"], item["on_time_bp"]) for item in items}
    assert (by_day["09"][0], by_day["10"][0], by_day["12"][0]) == (0, 1, 0)
    for item in items:
        rating = await client.get(
            "/v1/ratings/regions/41",
            params={"period": "2023-10", "as_of": item["as_of"]},
            headers={**token("auditor"), **now},
        )
        row = rating.json()["item"]
        assert {name: row[name] for name in item if name not in ("day", "as_of")} == {
            name: value for name, value in item.items() if name not in ("day", "as_of")
        }


async def test_an_unknown_region_and_a_wrong_period_are_named(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, [])
    unknown = await client.get(URL.format("99"))
    wrong = await client.get(URL.format("16"), params={"period": "2023-13"})
    assert (unknown.status_code, wrong.status_code) == (404, 422)
    assert wrong.json()["code"] == "period_invalid"
