"""A database that falls silent is noticed: by the kernel, by what waits for it, by who asks."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import APIRouter, Depends

from deploy.local import ports
from deploy.local import postgres as local_postgres
from shared import db
from shared.app import create_app
from shared.auth import public
from shared.clock import Clock, Now, wall
from shared.db import Session
from shared.health import Health
from shared.permissions import ANYONE, PUBLIC, Acting, allow
from shared.relay import RELAY_LOCK, Relay
from tests.conftest import serve, settings_for
from tests.shared.transport import fresh_database, until

AWAY = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.fixture(scope="module")
async def dsn(server: local_postgres.Server) -> str:
    return await fresh_database(server, "rating")


class Deaf:
    """A way to the database over which, once it is deaf, nothing comes and nobody is told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.is_deaf = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection(ports.HOST, self._port)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._carry(reader, ours))
            group.create_task(self._carry(theirs, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                if not self.is_deaf:
                    writer.write(data)
        finally:
            writer.close()


@asynccontextmanager
async def a_way_to(server: local_postgres.Server, dsn: str) -> AsyncIterator[tuple[Deaf, str]]:
    """The way, and the address at its beginning."""
    deaf = Deaf(server.port)
    listening = await asyncio.start_server(deaf.serve, ports.HOST, 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield deaf, dsn.replace(f":{server.port}/", f":{port}/")
    finally:
        listening.close()


def _liveness(connection: Any) -> dict[str, int]:
    found = connection._transport.get_extra_info("socket")
    return {
        "asks": found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
        "after": found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
        "gives up after": found.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
    }


async def _servers(connection: Any) -> tuple[str, str]:
    return (
        await connection.fetchval("show tcp_keepalives_idle"),
        await connection.fetchval("show tcp_user_timeout"),
    )


async def test_the_kernels_of_both_ends_watch_over_every_connection(dsn: str) -> None:
    ours, theirs = {"asks": 1, "after": 10, "gives up after": 25_000}, ("10", "25000")
    connection = await db.connect(dsn)
    assert (_liveness(connection), await _servers(connection)) == (ours, theirs)
    await connection.close()

    async with db.open_sessions(dsn) as sessions, db.transaction(sessions) as session:
        driver = await db.driver_of(session)
        assert (_liveness(driver), await _servers(driver)) == (ours, theirs)


async def test_a_socket_that_cannot_be_watched_leaves_no_connection_behind(
    dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that went as it came: where an error left it, nobody would close it."""

    def gone(_: Any) -> None:
        raise OSError(errno.EBADF, "Bad file descriptor")

    monkeypatch.setattr(db, "_watch", gone)

    connection = await db.connect(dsn)
    assert await connection.fetchval("select 1") == 1
    await connection.close()


async def test_now_is_read_once_the_request_has_its_connection(dsn: str) -> None:
    """And not before: in the queue for one it would grow too old for the outbox."""
    router = APIRouter()
    begun = asyncio.Event()

    async def begin() -> None:
        begun.set()

    @router.post("/when", dependencies=[Depends(public), Depends(begin)])
    async def when(session: Session, now: Now) -> datetime:
        return now

    service = create_app("meetings", router, title="x", description="x", permitted={"when": PUBLIC})
    async with db.open_sessions(dsn, pool_size=1) as sessions:
        transport = serve(service, settings_for(dsn), sessions=sessions, clock=Clock())
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://test") as client,
            sessions() as one,
            sessions() as other,
        ):
            await one.connection()
            await other.connection()
            asked = asyncio.create_task(client.post("/when"))
            await begun.wait()
            assert not asked.done()
            freed = wall()
            await one.close()
            assert datetime.fromisoformat((await asked).json()) >= freed


async def test_what_is_only_read_waits_for_no_connection_that_it_does_not_need() -> None:
    router = APIRouter()

    @router.get("/known", dependencies=[Depends(public)])
    async def known(session: Session, now: Now) -> str:
        return "from memory"

    permitted = {"known": PUBLIC}
    service = create_app("meetings", router, title="x", description="x", permitted=permitted)
    async with db.open_sessions(AWAY) as sessions:
        transport = serve(service, settings_for(AWAY), sessions=sessions, clock=Clock())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get("/known")).json() == "from memory"


def test_an_operation_that_asks_in_an_unsafe_order_is_refused() -> None:
    router = APIRouter()

    @router.post("/late", dependencies=[Depends(public)])
    async def late(now: Now, session: Session) -> None: ...

    with pytest.raises(RuntimeError, match=r"/late.*then the session, then `now`"):
        create_app("meetings", router, title="x", description="x", permitted={"late": PUBLIC})

    router = APIRouter()

    @router.get("/open")
    async def first(session: Session, actor: Acting) -> None: ...

    with pytest.raises(RuntimeError, match=r"/open.*who asks"):
        create_app(
            "meetings", router, title="x", description="x", permitted={"first": allow(ANYONE)}
        )


@pytest.mark.parametrize("leads", [True, False], ids=["leading", "waiting for its turn"])
async def test_a_relay_whose_database_falls_silent_begins_anew(
    server: local_postgres.Server, dsn: str, leads: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "_COMMAND_SECONDS", 0.5)
    other = await asyncpg.connect(dsn)
    if not leads:
        await other.execute("select pg_advisory_lock($1)", RELAY_LOCK)
    rounds: list[None] = []
    async with a_way_to(server, dsn) as (deaf, address):
        connection = await db.connect(address)
        producer: Any = SimpleNamespace()
        relay = Relay(connection, producer, Clock(), [], on_round=lambda: rounds.append(None))
        running = asyncio.create_task(relay.run())
        await until(lambda: len(rounds) > 2, "at work")

        deaf.is_deaf = True
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), 10)
        assert running.done()
        connection.terminate()
    await other.close()


def test_a_task_that_goes_round_no_more_is_seen() -> None:
    now = 0.0
    health = Health(now=lambda: now)
    health.expect("consumer")
    assert health.waiting == {"consumer": "starting"}

    health.went_on("consumer")
    assert health.waiting, "it has not gone round yet"
    health.went_round("consumer")
    health.ok("scorer")
    now = 59.0
    assert not health.waiting
    health.went_on("consumer")
    now = 119.0
    assert not health.waiting
    now = 120.0
    assert health.waiting == {"consumer": "no round for 61 s"}

    health.down("consumer", "refused")
    assert health.waiting == {"consumer": "refused"}
    health.went_round("consumer")
    assert not health.waiting
