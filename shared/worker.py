"""The process beside the API: relay, consumer, jobs, and a small port that tells how they are.

An outage (database, broker, another service) is waited out with back-off; anything else is a bug
and ends the process: whoever supervises it starts it again.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import asyncpg
import structlog
import uvloop
from aiokafka import AIOKafkaProducer
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared import db, dead_letters, idempotency, outbox, simulation
from shared.audit import Linker
from shared.clients.base import ServiceClient, open_client
from shared.clock import Clock, wall
from shared.consumer import Consumer, share_of
from shared.consumer_positions import PositionMoved
from shared.errors import Unavailable
from shared.event_router import EventRouter
from shared.health import Health
from shared.kafka import open_consumer, open_producer
from shared.observability import OUTBOX_LAG, RESTARTS, configure_logging, show
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.tables import DeadLetter
from shared.topics import PRODUCED

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 5.0
_SAY_THEMSELVES: Final = frozenset({"relay", "consumer"})
_DEAD_LETTER_POLL: Final = 2.0
_TIDY_SECONDS: Final = 3600.0
_LINK_SECONDS: Final = 5.0
# More often than anybody asks.
_MEASURE_SECONDS: Final = 5.0
_KEYS_KEPT: Final = timedelta(hours=24)
_OUTAGES: Final = (
    OSError,  # sockets, CalleeAway, BrokerAway
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    # Somebody else holds what we need, or held it in another order: their turn first.
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
    OperationalError,
    InterfaceError,
    PoolTimeout,
    Unavailable,
    PositionMoved,
)

logger = structlog.get_logger(__name__)


@dataclass(slots=True)
class Context:
    """What a job works with."""

    settings: ServiceSettings
    sessions: db.Sessions
    client: ServiceClient
    clock: Clock
    consumer: Consumer | None
    wake_relay: Callable[[], None]
    # Set after every batch applied: a job that derives something from facts waits for it.
    heard: asyncio.Event = field(default_factory=asyncio.Event)


Job = Callable[[Context], Awaitable[None]]
Command = Callable[[Context], Awaitable[int]]


def run_worker(
    service: str,
    events: EventRouter | None = None,
    *,
    jobs: Sequence[Job] = (),
    commands: Sequence[Command] = (),
) -> None:
    """Run until SIGTERM or SIGINT, or until something fails that is no outage.

    With the name of a command as argument: carry that out instead, and exit with what it says.
    """
    parser = argparse.ArgumentParser(prog=f"python -m services.{service}.main")
    names = {command.__name__: command for command in commands}
    parser.add_argument("command", nargs="?", choices=list(names), help="instead of working on")
    given = parser.parse_args().command
    if given is not None:
        settings = ServiceSettings()
        configure_logging(f"{service}-{given}", settings.log_level)
        sys.exit(uvloop.run(_carry_out(names[given], settings)))
    # Until it works there is nothing to finish; a first process of a container has to say so.
    for number in _ENDING:
        signal.signal(number, lambda *_: sys.exit(0))
    settings = ServiceSettings()
    configure_logging(f"{service}-worker", settings.log_level)
    uvloop.run(_work(service, events, jobs, settings))


async def _carry_out(command: Command, settings: ServiceSettings) -> int:
    clock = Clock()
    code = 0
    async with (
        db.open_sessions(settings.database_dsn) as sessions,
        open_client(settings) as client,
    ):
        if settings.is_development:
            await simulation.prime(settings.database_dsn, clock)
        context = Context(settings, sessions, client, clock, None, lambda: None)

        async def until_done() -> None:
            nonlocal code
            code = await command(context)

        await through_outages(command.__name__, until_done, Health())
    return code


async def _work(
    service: str, events: EventRouter | None, jobs: Sequence[Job], settings: ServiceSettings
) -> None:
    health = Health()
    clock = Clock()
    async with AsyncExitStack() as stack:
        sessions = await stack.enter_async_context(db.open_sessions(settings.database_dsn))
        client = await stack.enter_async_context(open_client(settings))
        relay = _RelayTask(service, settings, clock, health)
        context = Context(settings, sessions, client, clock, None, relay.wake)
        tasks: dict[str, Callable[[], Awaitable[None]]] = {}
        if settings.is_development:
            # Before anything acts by it: a checkpoint or a score must not be dated by the wall.
            await through_outages(
                "clock", lambda: simulation.prime(settings.database_dsn, clock), health
            )
            tasks["clock"] = lambda: simulation.follow(settings.database_dsn, clock)
        if PRODUCED[service]:
            tasks["relay"] = relay.run
            tasks["measuring"] = lambda: measuring(context)
        if events is not None:
            consuming = _ConsumerTask(events, context, health)
            tasks["consumer"] = consuming.run
            tasks["dead_letters"] = lambda: copy_dead_letters(context)
        tasks["tidy"] = lambda: tidy(context)
        tasks["linking"] = lambda: linking(context)
        for job in jobs:
            tasks[job.__name__] = lambda job=job: job(context)  # type: ignore[misc]
        server = health.server(settings)
        # The server that listens on the health port catches both; when it raises them again after
        # its graceful end, they must not kill the process in the middle of a batch.
        for number in _ENDING:
            signal.signal(number, lambda *_: None)
        async with asyncio.TaskGroup() as group:
            running = [
                group.create_task(through_outages(name, task, health), name=name)
                for name, task in tasks.items()
            ]
            await server.serve()
            for task in running:
                task.cancel()


async def through_outages(name: str, task: Callable[[], Awaitable[None]], health: Health) -> None:
    """Run the task again and again while what stops it is an outage.

    Relay and consumer say themselves when they are at work; any other task is, once it runs.
    """
    if name in _SAY_THEMSELVES:
        health.expect(name)
    show(RESTARTS, name)
    pause = _FIRST_PAUSE
    while True:
        if name not in _SAY_THEMSELVES:
            health.ok(name)
        started = asyncio.get_running_loop().time()
        reason: BaseException
        try:
            await task()
        except _OUTAGES as error:
            reason = error
        except DBAPIError as error:
            if not (error.connection_invalidated or _is_outage(error.orig)):
                raise
            reason = error
        else:
            return
        if asyncio.get_running_loop().time() - started > _LONGEST_PAUSE:
            pause = _FIRST_PAUSE
        health.down(name, repr(reason)[:300])
        RESTARTS.labels(name).inc()
        logger.warning("waiting out an outage", task=name, error=repr(reason)[:500], pause=pause)
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)


def _is_outage(error: BaseException | None) -> bool:
    cause = error.__cause__ if error is not None else None
    return isinstance(error, _OUTAGES) or isinstance(cause, _OUTAGES)


class _RelayTask:
    """The relay over fresh connections, and a way to wake whichever runs now."""

    def __init__(
        self, service: str, settings: ServiceSettings, clock: Clock, health: Health
    ) -> None:
        self._topics = PRODUCED[service]
        self._settings = settings
        self._clock = clock
        self._health = health
        self._relay: Relay | None = None

    def wake(self) -> None:
        if self._relay is not None:
            self._relay.wake()

    async def run(self) -> None:
        connection = await db.connect(self._settings.database_dsn)
        try:
            async with open_producer(self._settings) as producer:
                self._relay = Relay(
                    connection,
                    producer,
                    self._clock,
                    self._topics,
                    on_round=lambda: self._health.went_round("relay"),
                )
                await self._relay.run()
        finally:
            self._relay = None
            connection.terminate()


class _ConsumerTask:
    """The consumer over a fresh connection to the broker."""

    def __init__(self, router: EventRouter, context: Context, health: Health) -> None:
        self._context = context
        self._health = health
        settings = context.settings
        streams = share_of(router.topics, index=settings.worker_index, count=settings.worker_count)
        self._consumer = Consumer(
            router,
            context.sessions,
            context.client,
            streams,
            context.clock,
            on_commit=self._on_commit,
        )
        context.consumer = self._consumer

    def _on_commit(self) -> None:
        self._health.went_on("consumer")
        self._context.heard.set()
        self._context.wake_relay()

    async def run(self) -> None:
        async with open_consumer(self._context.settings) as kafka:
            await self._consumer.run(kafka, on_round=lambda: self._health.went_round("consumer"))


async def copy_dead_letters(context: Context) -> None:
    """Copy dead letters to `<topic>.dlq`: the table is the record, the topic is for watchers."""
    while True:
        async with db.transaction(context.sessions) as session:
            letters = await dead_letters.unsent(session)
            if letters:
                async with open_producer(context.settings) as producer:
                    for letter in letters:
                        await _copy(producer, letter)
                await dead_letters.mark_sent(session, [letter.id or 0 for letter in letters])
        await asyncio.sleep(_DEAD_LETTER_POLL)


async def tidy(context: Context) -> None:
    """Forget idempotency keys after their day, and replayed dead letters, once an hour."""
    kept = timedelta(days=context.settings.retention_dead_letters_days)
    while True:
        async with db.transaction(context.sessions) as session:
            await idempotency.forget(session, before=context.clock.now() - _KEYS_KEPT)
            await dead_letters.forget(session, before=context.clock.now() - kept)
        await asyncio.sleep(_TIDY_SECONDS)


async def linking(context: Context) -> None:
    """Chain what commands have added to the audit trail."""
    linker = Linker()
    while True:
        async with db.transaction(context.sessions) as session:
            linked = await linker.link_waiting(await db.driver_of(session), wall())
        if not linked:
            await asyncio.sleep(_LINK_SECONDS)


async def measuring(context: Context) -> None:
    """Tell how long events wait to be published, whatever the relay itself waits for."""
    while True:
        async with db.transaction(context.sessions) as session:
            since = await outbox.waiting_since(session)
        lag = (context.clock.now() - since).total_seconds() if since else 0
        # Of a request that had its own `now` the stack's clock may be behind.
        OUTBOX_LAG.set(max(lag, 0))
        await asyncio.sleep(_MEASURE_SECONDS)


async def _copy(producer: AIOKafkaProducer, letter: DeadLetter) -> None:
    headers = [
        ("dlq_origin", f"{letter.topic}/{letter.partition}/{letter.seq}".encode()),
        ("dlq_reason", letter.reason[:1000].encode()),
        ("ce_type", letter.type.encode()),
    ]
    value = str(letter.envelope.get("data", "")).encode()
    await producer.send_and_wait(f"{letter.topic}.dlq", value=value, headers=headers)
