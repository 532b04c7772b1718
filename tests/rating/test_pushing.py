"""The worker's own jobs over a real database: two at once, killed in the middle, slow receivers."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast
from uuid import uuid4

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel import select

from deploy.local import postgres as local_postgres
from services.rating import jobs
from services.rating.domain.webhooks import AttemptOutcome, DeliveryState
from services.rating.models import Announcement, Delivery, DeliveryAttempt
from services.rating.service import deliveries
from shared.clients.base import ServiceClient
from shared.clock import Clock
from shared.db import Sessions, open_sessions, transaction
from shared.worker import Context
from tests.conftest import ISSUER, settings_for
from tests.rating.pushes import attempts_at, queue_of, subscribe, tell_slice, tell_standings
from tests.receiver import hang, receiver
from tests.shared.transport import until

PRIVATE: Final = '["127.0.0.0/8"]'
_WORKER: Final = """
import asyncio
from types import SimpleNamespace
from services.rating import jobs
from shared.clock import Clock
from shared.db import open_sessions
from shared.settings import ServiceSettings

async def main():
    settings = ServiceSettings()
    async with open_sessions(settings.database_dsn) as sessions:
        await jobs.pushing(SimpleNamespace(settings=settings, sessions=sessions, clock=Clock()))

asyncio.run(main())
"""


@pytest.fixture
async def dsn(server: local_postgres.Server, databases: dict[str, str]) -> str:
    """A rating database of the test's own, where transactions are real."""
    name = f"pushing_{uuid4().hex[:8]}"
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(f"create database {name} template rating")
    await connection.close()
    return databases["rating"].rsplit("/", 1)[0] + f"/{name}"


@pytest.fixture
async def sessions(dsn: str) -> AsyncIterator[Sessions]:
    async with open_sessions(dsn) as sessions:
        yield sessions


@asynccontextmanager
async def working(dsn: str, sessions: Sessions, *, workers: int = 1) -> AsyncIterator[None]:
    """Workers at their pushes; an error of theirs is the test's."""
    settings = settings_for(dsn, webhook_private_networks=["127.0.0.0/8"])
    client = cast(ServiceClient, None)
    running = []
    for _ in range(workers):
        context = Context(settings, sessions, client, Clock(), None, lambda: None)
        running += [
            asyncio.create_task(jobs.dispatching(context)),
            asyncio.create_task(jobs.pushing(context)),
        ]
    try:
        yield
        assert not [task for task in running if task.done()]
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def all_of(sessions: Sessions, model: type[Any]) -> list[Any]:
    async with transaction(sessions) as session:
        return list(await session.exec(select(model)))


async def settled(sessions: Sessions) -> None:
    """Wait until nothing is pending."""

    async def holds() -> bool:
        return all(one.state != "pending" for one in await all_of(sessions, Delivery))

    await until(holds, "all is decided")


async def test_two_workers_at_once_deliver_each_event_once_and_in_order(
    dsn: str, sessions: Sessions
) -> None:
    async with receiver() as first, receiver() as second:
        async with transaction(sessions) as session:
            ones = [await subscribe(session, one.url) for one in (first, second)]
        told = []
        async with working(dsn, sessions, workers=2):
            for _ in range(15):
                async with transaction(sessions) as session:
                    told.append(await tell_slice(session))
            await until(lambda: min(len(first.got), len(second.got)) >= len(told), "all came")
            await settled(sessions)
    assert first.ids == told
    assert second.ids == told
    attempts = await all_of(sessions, DeliveryAttempt)
    assert [one.outcome for one in attempts] == [AttemptOutcome.DELIVERED] * 2 * len(told)
    async with transaction(sessions) as session:
        for one in ones:
            assert {made.state for made in await queue_of(session, one)} == {"delivered"}


async def test_two_claims_at_the_same_moment_share_nothing(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        for _ in range(4):
            await subscribe(session, "http://127.0.0.1:1/")
        await tell_slice(session)
        await tell_standings(session, 1, "16")
    now = Clock().now()
    async with transaction(sessions) as session:
        assert await deliveries.dispatch(session, now=now) == 2

    async with sessions.begin() as one, sessions.begin() as other:
        mine = await deliveries.claim(one, now=now, limit=3)
        theirs = await deliveries.claim(other, now=now, limit=100)
    async with sessions.begin() as third:
        rest = await deliveries.claim(third, now=now, limit=100)

    ids = [push.delivery_id for push in [*mine, *theirs, *rest]]
    assert len(mine) == 3
    assert len(ids) == len(set(ids)) == 8


async def test_a_worker_killed_in_the_middle_of_a_send_loses_nothing(
    dsn: str, sessions: Sessions
) -> None:
    async with receiver(hang) as platform:
        async with transaction(sessions) as session:
            one = await subscribe(session, platform.url)
            event = await tell_slice(session)
        async with transaction(sessions) as session:
            await deliveries.dispatch(session, now=Clock().now())
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WORKER),
            env={
                "ENVIRONMENT": "development",
                "DATABASE_URL": dsn,
                "OIDC_ISSUER": ISSUER,
                "WEBHOOK_PRIVATE_NETWORKS": PRIVATE,
            },
        )
        try:
            await until(platform.came.is_set, "the send has begun")
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with transaction(sessions) as session:
            [delivery] = await queue_of(session, one)
            [running] = await attempts_at(session, delivery)
            assert (delivery.state, running.outcome) == ("pending", "running")
            # Nobody else begins before the lease is over; so long the dead one keeps it.
            assert await deliveries.claim(session, now=Clock().now(), limit=9) == []
            await (await session.connection()).execute(
                text("update deliveries set claimed_until = clock_timestamp()")
            )
        async with working(dsn, sessions):
            await until(lambda: len(platform.got) == 2, "it is sent again")
            await settled(sessions)
    assert platform.ids == [event, event]
    assert platform.got[0].body == platform.got[1].body
    async with transaction(sessions) as session:
        outcomes = [made.outcome for made in await attempts_at(session, delivery)]
    assert outcomes == [AttemptOutcome.INTERRUPTED, AttemptOutcome.DELIVERED]


async def test_a_receiver_that_hangs_keeps_nobody_else_waiting(
    dsn: str, sessions: Sessions
) -> None:
    async with receiver(hang) as slow, receiver() as quick:
        async with transaction(sessions) as session:
            await subscribe(session, slow.url)
            await subscribe(session, quick.url)
            told = [await tell_slice(session) for _ in range(5)]
        async with working(dsn, sessions):
            await until(slow.came.is_set, "the send has begun")
            async with transaction(sessions) as session:
                told.append(await tell_slice(session))
            await until(lambda: len(quick.got) == len(told), "the quick one has all")
            assert len(slow.got) == 1
    assert quick.ids == told


async def test_what_commits_late_is_told_all_the_same(sessions: Sessions) -> None:
    """The note of a transaction that began first and ended last is not passed by."""
    now = Clock().now()
    async with transaction(sessions) as session:
        await subscribe(session, "http://127.0.0.1:1/")
    async with sessions.begin() as slow:
        late = await tell_slice(slow)
        await tell_standings(slow, 1, "16")
        async with transaction(sessions) as session:
            early = await tell_slice(session)
            await tell_standings(session, 2, "54")
        async with transaction(sessions) as session:
            assert await deliveries.dispatch(session, now=now) == 2
        async with transaction(sessions) as session:
            [push, of_standings] = sorted(
                await deliveries.claim(session, now=now, limit=9), key=lambda one: len(one.body)
            )
    async with transaction(sessions) as session:
        assert await deliveries.dispatch(session, now=now) == 2
    messages = {str(one.message_id) for one in await all_of(sessions, Delivery)}
    assert {early, late} < messages
    assert '"region":"54"' in push.body + of_standings.body
    assert '"region":"16"' not in push.body + of_standings.body
    async with transaction(sessions) as session:
        for one in await session.exec(select(Delivery)):
            one.state = DeliveryState.DELIVERED
            session.add(one)
    async with transaction(sessions) as session:
        [following] = await deliveries.claim(session, now=now, limit=9)
    assert '"region":"16"' in following.body
    assert '"region":"54"' not in following.body


async def test_a_line_told_late_does_not_take_the_place_of_a_newer_one(
    sessions: Sessions,
) -> None:
    now = Clock().now()
    async with transaction(sessions) as session:
        await subscribe(session, "http://127.0.0.1:1/")
    async with sessions.begin() as slow:
        await tell_standings(slow, 1, "16")
        async with transaction(sessions) as session:
            await tell_standings(session, 2, "16")
        async with transaction(sessions) as session:
            assert await deliveries.dispatch(session, now=now) == 1
    async with transaction(sessions) as session:
        assert await deliveries.dispatch(session, now=now) == 1
    async with transaction(sessions) as session:
        [push] = await deliveries.claim(session, now=now, limit=9)
    assert '"version":2' in push.body
    assert '"version":1' not in push.body


async def test_what_is_rolled_back_is_told_to_nobody(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await subscribe(session, "http://127.0.0.1:1/")

    async def fail() -> None:
        async with transaction(sessions) as session:
            await tell_slice(session)
            raise RuntimeError("the freezing failed")

    with pytest.raises(RuntimeError):
        await fail()
    async with transaction(sessions) as session:
        assert await deliveries.dispatch(session, now=Clock().now()) == 0
    assert await all_of(sessions, Delivery) == []


async def test_telling_costs_one_row_however_many_listen(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        for _ in range(10):
            await subscribe(session, "http://127.0.0.1:1/")
    async with transaction(sessions) as session:
        await tell_standings(session, 1, "16", "54", "77")
    assert len(await all_of(sessions, Announcement)) == 1
    assert await all_of(sessions, Delivery) == []


async def test_while_one_dispatches_another_does_nothing(sessions: Sessions) -> None:
    now = Clock().now()
    async with transaction(sessions) as session:
        await subscribe(session, "http://127.0.0.1:1/")
        await tell_slice(session)
    async with sessions.begin() as one, sessions.begin() as other:
        assert await deliveries.dispatch(one, now=now) == 1
        assert await deliveries.dispatch(other, now=now) == 0
    assert len(await all_of(sessions, Delivery)) == 1
