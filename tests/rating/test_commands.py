"""`reconcile` and `rebuild` by hand: what they do, wait for, and answer to the shell."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from deploy.local import postgres as local_postgres
from services.rating import commands
from services.rating.domain.reconciliations import Outcome, Trigger
from services.rating.service import reconciliations
from shared.clients.base import CalleeAway, ServiceClient
from shared.db import transaction
from shared.events.assignments import ExecutionIssued
from shared.events.base import partition_of
from shared.worker import Context
from tests.conftest import Tokens, settings_for
from tests.rating.healing import World, open_world


@pytest.fixture(scope="module")
async def world(server: local_postgres.Server, token: Tokens) -> AsyncIterator[World]:
    async with open_world(server, token) as world:
        await world.issue(30)
        await world.work(20)
        await world.hear()
        yield world


@pytest.fixture
def context(world: World) -> Context:
    settings = settings_for(world.dsns["rating"])
    sessions = world.sessions["rating"]
    return Context(settings, sessions, world.client, world.clock, None, lambda: None)


async def test_a_command_heals_and_says_that_all_is_well(world: World, context: Context) -> None:
    rows = await world.versions()
    await world.sql("rating", "delete from executions")
    assert await commands.reconcile(context) == 0
    assert await world.versions() == rows
    newest = (await world.recorded())[0]
    assert (newest.trigger, newest.requested_by) == (Trigger.REQUEST, "command")
    assert newest.outcome is Outcome.HEALED


async def test_another_that_is_unfinished_comes_first(world: World, context: Context) -> None:
    async with transaction(context.sessions) as session:
        await reconciliations.request(session, rebuild=False, by="cur_admin", now=world.now)
    assert await commands.rebuild(context) == 0
    second, first = (await world.recorded())[:2]
    assert (first.trigger, first.requested_by) == (Trigger.REQUEST, "cur_admin")
    assert (second.trigger, second.requested_by) == (Trigger.REBUILD, "command")
    assert first.finished_at is not None


async def test_begun_anew_after_an_outage_it_goes_on_with_its_own(
    world: World, context: Context
) -> None:
    async with transaction(context.sessions) as session:
        left = await reconciliations.request(session, rebuild=True, by="command", now=world.now)
    assert await commands.rebuild(context) == 0
    assert (await world.recorded())[0].id == left.id


class Flaky(ServiceClient):
    """Answers so many requests, then none."""

    def __init__(self, client: ServiceClient, answers: int) -> None:
        self._client = client
        self._answers = answers

    async def request(self, *args: Any, **kwargs: Any) -> httpx.Response:
        self._answers -= 1
        if self._answers < 0:
            raise CalleeAway("assignments are away")
        return await self._client.request(*args, **kwargs)


async def test_one_that_broke_off_half_way_is_finished_and_counts_all_of_it(
    world: World, context: Context
) -> None:
    rows = await world.versions()
    await world.sql("rating", "truncate executions, execution_versions")
    async with transaction(context.sessions) as session:
        await reconciliations.request(session, rebuild=False, by="cur_admin", now=world.now)
    with pytest.raises(CalleeAway):
        await reconciliations.advance(context.sessions, Flaky(world.client, 2), world.clock)
    half = (await world.recorded())[0]
    assert (half.outcome, half.partitions_done) == (Outcome.RUNNING, 1)
    assert 0 < len(await world.versions()) < len(rows)

    assert await reconciliations.advance(context.sessions, world.client, world.clock)

    assert await world.versions() == rows
    done = (await world.recorded())[0]
    assert (done.id, done.outcome) == (half.id, Outcome.HEALED)
    assert done.versions_added == sum(kind == "one" for *_, kind in rows)


async def test_two_processes_at_once_do_it_once(world: World, context: Context) -> None:
    await world.sql("rating", "truncate executions, execution_versions")
    count = len(await world.recorded())
    assert await asyncio.gather(*(commands.rebuild(context) for _ in range(3))) == [0, 0, 0]
    made = (await world.recorded())[: len(await world.recorded()) - count]
    assert [one.outcome for one in made].count(Outcome.HEALED) == 1
    assert await world.differences(world.now) == []


async def test_what_cannot_be_read_is_said_to_differ(world: World, context: Context) -> None:
    await world.sql(
        "assignments",
        "insert into outbox (id, type, topic, partition, key, occurred_at, data) values"
        f" ('{uuid4()}', '{ExecutionIssued.type}', 'assignments.executions', {partition_of('16')},"
        f" 'k', '{world.now.isoformat()}', '{{\"region\": \"16\", \"version\": 1}}')",
    )
    world.later(seconds=1)
    await world.announce("assignments")
    await world.hear()

    assert await commands.reconcile(context) == 1

    newest = (await world.recorded())[0]
    assert newest.outcome is Outcome.DIFFERING
    assert [one["region"] for one in newest.regions] == ["16"]
    [letter] = await world.sql("rating", "select reason from dead_letters")
    assert "required field `execution_id`" in letter["reason"]
