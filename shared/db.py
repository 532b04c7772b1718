"""One engine per process, one transaction per request or batch of messages."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Annotated, Any, Final

import asyncpg
from asyncpg import Connection, PostgresError
from fastapi import Depends, Request
from sqlalchemy import DateTime, Enum, MetaData, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import trail
from shared.changes import gathered
from shared.errors import Unavailable

Sessions = async_sessionmaker[AsyncSession]
UtcDateTime: Final[Any] = DateTime(timezone=True)

# Set in `session.info` by whoever wrote to the outbox; the edge wakes the relay after commit.
OUTBOX_WRITTEN: Final = "outbox_written"

# What it gets follows from the changes that are told.
_LOG: Final = "outbox"
_NOTHING: Final = text("select")
_LAZILY: Final = text("set local synchronous_commit = off")
_AUDIT: Final = trail.insert_from()
_CONNECT_SECONDS: Final = 5
_COMMAND_SECONDS: Final = 30
# A peer that vanished (its node lost power, a route is gone) says nothing: the kernel asks after
# ten seconds of silence, and gives up what is not acknowledged. Left to itself it takes a quarter
# of an hour over what was sent, and for ever over what is only awaited.
_LIVENESS: Final = (
    (socket.SOL_SOCKET, "SO_KEEPALIVE", 1),
    (socket.IPPROTO_TCP, "TCP_KEEPIDLE", 10),
    (socket.IPPROTO_TCP, "TCP_KEEPINTVL", 5),
    (socket.IPPROTO_TCP, "TCP_KEEPCNT", 3),
    (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT", 25_000),
)
# The server asks after us the same way: what a vanished process had locked is free again soon.
_WATCHED_BACK: Final = {
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "25000",
}
# SQLSTATE of `outbox_admit` (platform migration 0001).
_STALE_INSTANT: Final = "OB001"
_READS: Final = frozenset({"GET", "HEAD"})


class StaleInstant(Unavailable):
    """The change is dated before a checkpoint already announced; try again with a later now."""

    code = "stale_instant"
    title = "Запрос выполнялся слишком долго"


def text_enum(members: type[StrEnum]) -> Any:
    """Store the values as text: SQLAlchemy's own choice is a native type holding the names."""
    return Enum(members, native_enum=False, length=32, values_callable=list)


def metadata() -> MetaData:
    """Metadata whose constraint names are predictable, so a migration can name them."""
    return MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def async_url(dsn: str) -> str:
    """The address as SQLAlchemy takes it."""
    return dsn.replace("postgresql://", "postgresql+asyncpg://", 1)


class Watched(Connection):
    """A connection that breaks within half a minute of its peer's vanishing."""

    def __init__(self, protocol: Any, transport: asyncio.Transport, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        # What has gone already needs no watching, and the first statement finds it gone; an error
        # from here would leave a connection that nobody has, nor closes.
        with suppress(OSError):
            _watch(transport.get_extra_info("socket"))


def _watch(found: Any) -> None:
    """Let the kernel ask after the peer of this socket. Raises `OSError` where it is closed."""
    if found.family in (socket.AF_INET, socket.AF_INET6):
        for level, name, value in _LIVENESS:
            # Not every system has all of them.
            if (option := getattr(socket, name, None)) is not None:
                found.setsockopt(level, option, value)


async def connect(dsn: str) -> Connection:
    """A connection of one's own, for who listens, holds a lock or works for long.

    A statement that takes longer than half a minute is a `TimeoutError`.
    """
    return await asyncpg.connect(
        dsn,
        timeout=_CONNECT_SECONDS,
        command_timeout=_COMMAND_SECONDS,
        connection_class=Watched,
        server_settings=_WATCHED_BACK,
    )


@asynccontextmanager
async def open_sessions(dsn: str, *, pool_size: int = 16) -> AsyncIterator[Sessions]:
    """One engine for the life of the process.

    Statements are cut off after 30 s and lock waits after 5 s, so a stuck neighbour becomes a
    clear refusal and not a hanging request.
    """
    engine = create_async_engine(
        async_url(dsn),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=10,
        # The one used last comes first: it knows types and has plans, which each has to learn anew.
        pool_use_lifo=True,
        connect_args={
            "connection_class": Watched,
            "server_settings": {
                "statement_timeout": "30000",
                "lock_timeout": "5000",
                "jit": "off",
                **_WATCHED_BACK,
            },
        },
    )
    event.listen(engine.sync_engine, "checkout", _refuse_closed)
    try:
        yield async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
    finally:
        await engine.dispose()


async def copy_rows(
    session: AsyncSession, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Put rows into a table by COPY, within the session's transaction: one statement for all.

    Values are what the driver takes: JSON columns as text.
    """
    driver = await driver_of(session)
    status = await driver.copy_records_to_table(table, records=rows, columns=columns)
    if (changes := gathered(session.info)) is not None and table != _LOG:
        # "COPY 370"
        changes.count(table, "copy", int(status.rpartition(" ")[2]))


async def driver_of(session: AsyncSession) -> Connection:
    """The driver's connection, within the session's transaction; its errors are its own."""
    connection = await session.connection()
    driver: Connection | None = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    if not driver.is_in_transaction():
        # It begins with the first statement, and the driver goes past whoever begins it.
        await connection.execute(_NOTHING)
    return driver


def _refuse_closed(connection: Any, *_: Any) -> None:
    """Have the pool open another in the place of one the server has closed, without asking it.

    A ping would cost every transaction a round trip.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[AsyncSession]:
    """Commit at the end, all or nothing; a fence refusal becomes `StaleInstant`."""
    try:
        async with sessions.begin() as session:
            yield session
    except (DBAPIError, PostgresError) as error:
        if getattr(getattr(error, "orig", error), "sqlstate", None) == _STALE_INSTANT:
            raise StaleInstant("Запрос устарел, пока выполнялся. Повторите его.") from error
        raise


async def commit_lazily(session: AsyncSession) -> None:
    """Do not wait for the disk at the commit: for copies that a crash of the server has made anew.

    Readers may see what the crash then takes. So never where something new is made (an id, a
    number, a letter): it would come back as another. A later commit that waits keeps this one,
    too, for the log is written in order.
    """
    await (await session.connection()).execute(_LAZILY)


async def conclude(session: AsyncSession) -> None:
    """Put the request into the audit trail, unless its event took the row along."""
    row = await trail.take_the_rest(session)
    if row is not None:
        await (await driver_of(session)).execute(_AUDIT, *row)


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """The request's transaction. Commits before the answer leaves, then wakes the relay.

    A command waits for its connection here and not at the first statement: its `now` is read
    after it (`shared.app` sees to that), so that no wait in a queue makes it too old. What is
    only read may need none.
    """
    async with transaction(request.state.sessions) as session:
        if request.method not in _READS:
            await session.connection()
        trail.begin(session, request)
        yield session
        await conclude(session)
    if session.info.pop(OUTBOX_WRITTEN, False):
        request.state.waker.wake()


# scope="function": commit before the response goes out, so a 2xx is a promise kept.
Session = Annotated[AsyncSession, Depends(get_session, scope="function")]
