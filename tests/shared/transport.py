"""A producer, a broker and a consumer as real as they come, for the tests of what joins them."""

import asyncio
import os
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx

from deploy.local import broker as local_broker
from deploy.local import ports
from deploy.local import postgres as local_postgres
from services.assignments.main import app as producer_app
from services.rating.consumers import events
from shared import migrations, outbox
from shared.clients.base import ServiceClient
from shared.clock import Clock
from shared.consumer import Consumer, share_of
from shared.db import Sessions, transaction
from shared.events.assignments import ExecutionEvent
from shared.health import Health
from shared.kafka import open_consumer, open_producer
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.topics import TopicSettings, create
from shared.worker import through_outages
from tests.conftest import Tokens, serve, settings_for

TOPIC = ExecutionEvent.topic
WAIT_SECONDS = 15.0


async def until(holds: Callable[[], Any], what: str) -> None:
    """Wait for a condition, plain or awaitable."""
    async with asyncio.timeout(WAIT_SECONDS):
        while True:
            found = holds()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
    raise AssertionError(what)


async def fresh_database(server: local_postgres.Server, service: str) -> str:
    """The address of a migrated database of one's own: what is in it is not rolled back."""
    name = f"own_{service}_{uuid4().hex[:8]}"
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(f"create database {name}")
    await connection.close()
    dsn = server.dsn.rsplit("/", 1)[0] + f"/{name}"
    await migrations.upgrade(service, dsn)
    return dsn


@contextmanager
def running_broker(port: int | None = None) -> Iterator[int]:
    """A broker of the kind the environment asks for; empty at every start. Gives its port."""
    if port is None:
        port = ports.unused()
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            local_broker.command(Path(folder), port),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "RUST_LOG": "error"},
        )
        try:
            while not ports.accepts(port, seconds=1):
                assert process.poll() is None, "the broker ended at its start"
                time.sleep(0.05)
            yield port
        finally:
            process.kill()
            process.wait()


@dataclass
class Line:
    """One service's outbox at one end, another's projection at the other."""

    settings: ServiceSettings
    sessions: Sessions
    hearing: Sessions
    hearing_dsn: str
    client: ServiceClient
    clock: Clock

    async def tell(self, *told: ExecutionEvent, as_dated: bool = False) -> None:
        """Commit events into the producer's outbox, dated now as a service would date them."""
        now = datetime.now(UTC)
        dated = [one if as_dated else one.model_copy(update={"occurred_at": now}) for one in told]
        async with transaction(self.sessions) as session:
            await outbox.add(session, dated)

    @asynccontextmanager
    async def relaying(self) -> AsyncIterator[None]:
        """A relay at work, as a worker keeps it: outages are waited out."""

        async def relay() -> None:
            connection = await asyncpg.connect(self.settings.database_dsn)
            try:
                async with open_producer(self.settings) as producer:
                    await Relay(connection, producer, self.clock, [TOPIC]).run()
            finally:
                connection.terminate()

        async with _at_work("relay", relay):
            yield

    @asynccontextmanager
    async def hearing_it(self) -> AsyncIterator[Consumer]:
        """A consumer at work, over the broker and the producer's feed."""
        consumer = self.consumer()

        async def consume() -> None:
            async with open_consumer(self.settings) as kafka:
                await consumer.run(kafka)

        async with _at_work("consumer", consume):
            yield consumer

    def over(self, port: int, token: Tokens) -> AbstractAsyncContextManager["Line"]:
        """The same two databases joined by another broker."""
        dsns = (self.settings.database_dsn, self.hearing_dsn)
        return open_line(dsns, (self.sessions, self.hearing), port, token)

    def consumer(self) -> Consumer:
        return Consumer(
            events, self.hearing, self.client, share_of([TOPIC], index=0, count=1), self.clock
        )

    async def heard(self) -> dict[str, int]:
        """Execution → version, as the projection has them."""
        connection = await asyncpg.connect(self.hearing_dsn)
        rows = await connection.fetch("select execution_id, version from executions")
        await connection.close()
        return {str(row["execution_id"]): row["version"] for row in rows}

    async def at_the_end(self, *told: ExecutionEvent) -> bool:
        newest = {str(event.execution_id): event.version for event in told}
        return await self.heard() == newest


@asynccontextmanager
async def _at_work(name: str, task: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    running = asyncio.create_task(through_outages(name, task, Health()))
    try:
        yield
        assert not running.done(), running
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@asynccontextmanager
async def open_line(
    dsns: tuple[str, str], sessions: tuple[Sessions, Sessions], port: int, token: Tokens
) -> AsyncIterator[Line]:
    """Join producer and consumer databases by the broker on this port."""
    clock = Clock()
    settings = settings_for(
        dsns[0],
        kafka_servers=f"127.0.0.1:{port}",
        kafka_idempotence=local_broker.chosen().takes_idempotence,
        kafka_fetch_wait_ms=local_broker.chosen().fetch_wait_ms(in_a_hurry=True),
        oidc_token_url="http://issuer.test/token",
    )
    await create(TopicSettings(kafka_servers=settings.kafka_servers))
    feed = serve(producer_app, settings, sessions=sessions[0], clock=clock)

    class Wire(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/token":
                bearer = token("service")["Authorization"].removeprefix("Bearer ")
                return httpx.Response(200, json={"access_token": bearer, "expires_in": 3600})
            return await feed.handle_async_request(request)

    async with httpx.AsyncClient(transport=Wire()) as http:
        client = ServiceClient(http, settings)
        yield Line(settings, sessions[0], sessions[1], dsns[1], client, clock)
