"""A rebuild waits for nobody's work and does none in vain: what it asks, locks and touches."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import asyncpg
import httpx
import pytest
from sqlalchemy import text

from deploy.local import postgres as local_postgres
from services.rating.domain.reconciliations import Outcome
from services.rating.repository import facts, renewals
from services.rating.repository import trends as marks
from services.rating.service import trends
from services.rating.service.standings import score
from shared.clients.base import ServiceClient
from shared.db import transaction
from tests.conftest import Tokens
from tests.rating.healing import World, open_world

MARKS: Final = "select region, through, xmin::text from trend_marks order by region"
POINTS: Final = "select * from trends order by period, day, region"


@pytest.fixture(scope="module")
async def world(server: local_postgres.Server, token: Tokens) -> AsyncIterator[World]:
    async with open_world(server, token) as world:
        await world.issue(40)
        await world.work(30)
        await world.hear()
        await world.standings()
        yield world


class Counting(ServiceClient):
    """Notes what is asked of whom."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client
        self.asked: Counter[str] = Counter()

    async def request(self, method: str, service: str, path: str, **rest: Any) -> httpx.Response:
        self.asked[path] += 1
        return await self._client.request(method, service, path, **rest)


async def test_a_rebuild_asks_once_for_what_a_page_holds_and_touches_no_row_that_is_right(
    world: World,
) -> None:
    tables = ("execution_versions", "executions", "regions")
    rows = [await world.sql("rating", f"select xmin::text, * from {one}") for one in tables]
    counting = Counting(world.client)
    world.client, client = counting, world.client
    try:
        done = await world.reconcile(rebuild=True)
    finally:
        world.client = client
    assert done.outcome is Outcome.SAME
    after = [await world.sql("rating", f"select xmin::text, * from {one}") for one in tables]
    assert [sorted(map(tuple, one)) for one in after] == [sorted(map(tuple, one)) for one in rows]
    heard = await world.sql(
        "rating", "select topic, partition from consumer_positions where seq > 0"
    )
    assert {counting.asked[f"/v1/events/{topic}/{number}"] for topic, number in heard} == {1}


async def keep_days(world: World) -> None:
    """Two days later; all that have ended are worked out."""
    world.later(days=2)
    for service in ("assignments", "directory"):
        await world.announce(service)
    await world.hear()
    await work_days_out(world)
    await work_days_out(world)


async def work_days_out(world: World) -> int:
    """Until there is nothing to do; how many times something was kept."""
    times = 0
    while True:
        async with transaction(world.sessions["rating"]) as session:
            if await trends.advance(session, world.now) is None:
                return times
            times += 1


async def test_only_the_days_a_healed_fact_bears_on_are_worked_out_again(world: World) -> None:
    await keep_days(world)
    before, points = await world.sql("rating", MARKS), await world.sql("rating", POINTS)
    await world.sql("rating", "update execution_versions set weight = 4 - weight where region='41'")
    [row] = await world.sql(
        "rating", "select min(occurred_at) as since from execution_versions where region = '41'"
    )

    await world.reconcile()

    after = await world.sql("rating", MARKS)
    [changed] = [new for new, old in zip(after, before, strict=True) if new != old]
    day = row["since"].date() - timedelta(days=2)
    assert (changed["region"], changed["through"]) == ("41", day)
    assert await work_days_out(world) > 0
    assert await world.sql("rating", POINTS) == points


async def test_whoever_works_days_out_keeps_nobody_waiting_and_nothing_overtaken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keep_days(world)
    points = await world.sql("rating", POINTS)
    await world.sql("rating", "update trend_marks set through = null")
    between = facts.versions_between

    async def overtaken(*args: Any) -> Any:
        found = await between(*args)
        async with transaction(world.sessions["rating"]) as session:
            connection = await session.connection()
            await connection.execute(text("set local lock_timeout = '1s'"))
            await marks.reopen(session, ["16"], date(2020, 1, 1))
        return found

    monkeypatch.setattr(facts, "versions_between", overtaken)
    await world.sql("rating", "update trends set weight = weight + 1")
    assert await work_days_out(world) == 0
    monkeypatch.undo()

    assert await work_days_out(world) > 0
    assert await world.sql("rating", POINTS) == points


async def test_a_rebuild_forgets_days_behind_whoever_is_storing_some(world: World) -> None:
    await keep_days(world)
    storing = await asyncpg.connect(world.dsns["rating"])

    async def forget() -> None:
        async with transaction(world.sessions["rating"]) as session:
            await renewals.forget_derived(session)
            await score(session, world.now)

    try:
        async with storing.transaction():
            await storing.execute("select from trend_marks for update")
            forgetting = asyncio.create_task(forget())
            behind_us = "pg_backend_pid() = any(pg_blocking_pids(pid))"
            waiting = f"select exists (select from pg_locks where not granted and {behind_us})"
            while not await storing.fetchval(waiting):
                assert not forgetting.done()
            await storing.execute("update trends set weight = weight")
        await forgetting
    finally:
        await storing.close()
    assert await world.sql("rating", MARKS) == await world.sql("rating", POINTS) == []
