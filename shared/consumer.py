"""Kafka in: `EventRouter` says which handler hears which event, `Consumer` runs them.

The position of a partition is the last `seq` whose effects are in our database; it moves in the
same transaction as the effects. What is at or below it is a duplicate and skipped; what comes
next is applied; whatever is missing in between (a wiped broker, a lost tail, expired retention,
an empty database) is fetched from the producer's feed first. So restart, rebuild and loss are
one mechanism, and a position never lies.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, Final, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import dead_letters
from shared.clients.base import ServiceClient
from shared.clients.feed import read_feed
from shared.clock import Clock
from shared.db import OUTBOX_WRITTEN, Sessions, transaction
from shared.envelopes import Message, Unreadable, from_record
from shared.errors import Invalid
from shared.events.base import PARTITIONS, Checkpoint, Event
from shared.observability import COMPLETE_THROUGH, CONSUMED, HEALED

logger = structlog.get_logger(__name__)

E = TypeVar("E", bound=Event)
Handler = Callable[[AsyncSession, Sequence[E]], Awaitable[None]]
Stream = tuple[str, int]

MAX_BATCH: Final = 2000
# Producers send a checkpoint every second; a partition this quiet has lost something.
SILENCE_SECONDS: Final = 3.0

_LOAD = text("select topic, partition, seq, through, broker_offset from consumer_positions")
_OPEN = text(
    "insert into consumer_positions (topic, partition, seq, broker_offset)"
    " values (:topic, :partition, 0, 0) on conflict do nothing"
)
_MOVE = text(
    "update consumer_positions set seq = :seq, broker_offset = :broker_offset,"
    " through = greatest(through, :through)"
    " where topic = :topic and partition = :partition and seq = :was"
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a handler may need besides the session: the time, and other services."""

    now: datetime
    client: ServiceClient


def circumstances(session: AsyncSession) -> Circumstances:
    """The circumstances in which the consumer runs the handler of this session."""
    found: Circumstances = session.info[Circumstances]
    return found


class PositionMoved(RuntimeError):
    """Someone else has moved a position of ours: another worker took the partition."""


class EventRouter:
    """To Kafka what `APIRouter` is to HTTP.

    A handler takes a run of events of its types in the order they were published, inside the
    transaction that will also move the position. It raises `Invalid` for an event that can
    never be applied; anything else it raises stops the worker.
    """

    def __init__(self) -> None:
        self._routes: dict[str, tuple[type[Event], Handler[Any]]] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(model.topic for model, _ in self._routes.values())

    def on(self, *models: type[E]) -> Callable[[Handler[E]], Handler[E]]:
        """Hear these events and all that derive from them."""

        def register(handler: Handler[E]) -> Handler[E]:
            for model in models:
                for concrete in model.concrete():
                    self._routes[concrete.type] = (concrete, handler)
            return handler

        return register

    def parse(self, message: Message) -> tuple[Handler[Any], Event] | None:
        """Read the event; None for a type nobody here asked for. Raises `ValidationError`."""
        route = self._routes.get(message.type)
        if route is None:
            return None
        model, handler = route
        return handler, model.model_validate_json(message.data)


@dataclass(slots=True)
class Position:
    """How far a partition has been heard, in memory; the row says the same."""

    seq: int = 0
    through: datetime | None = None
    broker_offset: int = 0
    announced: Checkpoint | None = None  # heard, not reached yet
    heard_at: float = 0.0


@dataclass(slots=True)
class _Batch:
    """What one transaction will apply."""

    messages: list[Message] = field(default_factory=list)
    unreadable: list[tuple[Message, str]] = field(default_factory=list)
    moved: dict[Stream, Position] = field(default_factory=dict)


class Consumer:
    """Applies the events of the partitions it is given, until cancelled."""

    def __init__(
        self,
        router: EventRouter,
        sessions: Sessions,
        client: ServiceClient,
        streams: Iterable[Stream],
        clock: Clock,
        *,
        on_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._router = router
        self._sessions = sessions
        self._client = client
        self._clock = clock
        self._streams = sorted(streams)
        self._on_commit = on_commit
        self._positions: dict[Stream, Position] = {}

    async def load(self) -> None:
        """Read the positions; a partition never heard before starts at zero."""
        async with transaction(self._sessions) as session:
            connection = await session.connection()
            await connection.execute(
                _OPEN, [{"topic": topic, "partition": n} for topic, n in self._streams]
            )
            rows = {(row.topic, row.partition): row for row in await connection.execute(_LOAD)}
        now = asyncio.get_running_loop().time()
        self._positions = {
            stream: Position(row.seq, row.through, row.broker_offset, heard_at=now)
            for stream in self._streams
            for row in [rows[stream]]
        }

    async def run(
        self, kafka: AIOKafkaConsumer, *, on_round: Callable[[], None] = lambda: None
    ) -> None:
        """Read the broker from the remembered offsets. Raises what the broker or database raise."""
        await self.load()
        partitions = {TopicPartition(*stream): stream for stream in self._streams}
        kafka.assign(list(partitions))
        for partition, stream in partitions.items():
            kafka.seek(partition, self._positions[stream].broker_offset)
        while True:
            fetched = await kafka.getmany(timeout_ms=500, max_records=MAX_BATCH)
            await self._absorb(fetched)
            on_round()
            await self._watch(kafka, partitions)

    async def catch_up(self) -> None:
        """Read every partition's feed to its end; the broker is not needed for this."""
        for topic, partition in self._streams:
            await self.heal(topic, partition)

    async def _absorb(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        """Apply what one poll brought, healing gaps on the way."""
        batch = _Batch()
        now = asyncio.get_running_loop().time()
        for partition, records in fetched.items():
            stream = (partition.topic, partition.partition)
            self._positions[stream].heard_at = now
            for record in records:
                try:
                    message = from_record(*stream, record.headers, record.value)
                    if message.is_checkpoint:
                        message.checkpoint()
                except (Unreadable, ValidationError) as error:
                    # Put aside together with the offset after it, so a restart meets it no more.
                    origin, value = f"offset {record.offset}", record.value or b""
                    letter = Message(*stream, "unreadable", origin, None, value)
                    batch.unreadable.append((letter, str(error)))
                    self._moving(batch, stream).broker_offset = record.offset + 1
                    continue
                if self._is_behind(batch, message):
                    await self._apply(batch)
                    batch = _Batch()
                    await self.heal(*stream)
                self._take(batch, message)
                position = batch.moved.get(stream)
                if position is not None:
                    position.broker_offset = record.offset + 1
        await self._apply(batch)

    def _position(self, batch: _Batch, stream: Stream) -> Position:
        return batch.moved.get(stream) or self._positions[stream]

    def _moving(self, batch: _Batch, stream: Stream) -> Position:
        """The position the batch will move the stream to; a copy until it is committed."""
        if stream not in batch.moved:
            known = self._positions[stream]
            batch.moved[stream] = Position(known.seq, known.through, known.broker_offset)
        return batch.moved[stream]

    def _is_behind(self, batch: _Batch, message: Message) -> bool:
        """Whether events between our position and this message are missing."""
        known = self._position(batch, (message.topic, message.partition)).seq
        if message.seq is not None:
            return message.seq > known + 1
        return message.is_checkpoint and message.checkpoint().last_seq > known

    def _take(self, batch: _Batch, message: Message) -> None:
        """Put the message into the batch if it is the next one; duplicates fall away here."""
        stream = (message.topic, message.partition)
        known = self._position(batch, stream)
        if message.seq is None:
            checkpoint = message.checkpoint()
            # Behind even after healing: the feed has it later; the next checkpoint will do.
            if checkpoint.last_seq > known.seq:
                return
            if known.through is not None and checkpoint.through <= known.through:
                return
        elif message.seq != known.seq + 1:
            return
        position = self._moving(batch, stream)
        if message.seq is None:
            position.through = message.checkpoint().through
        else:
            position.seq = message.seq
            batch.messages.append(message)

    async def heal(self, topic: str, partition: int) -> None:
        """Fetch from the feed whatever is missing behind our position, and apply it."""
        stream = (topic, partition)
        after = self._positions[stream].seq
        async for page in read_feed(self._client, topic, partition, after=after):
            batch = _Batch()
            for message in page:
                self._take(batch, message)
            if batch.messages:
                HEALED.labels(topic).inc(len(batch.messages))
                logger.info(
                    "healed from the feed",
                    topic=topic,
                    partition=partition,
                    events=len(batch.messages),
                )
            await self._apply(batch)

    async def _apply(self, batch: _Batch) -> None:
        """Effects and positions, in one transaction."""
        if not batch.moved:
            return
        async with transaction(self._sessions) as session:
            session.info[Circumstances] = Circumstances(self._clock.now(), self._client)
            for letter, reason in batch.unreadable:
                await dead_letters.keep(session, letter, reason)
            await self._handle(session, batch.messages)
            connection = await session.connection()
            for (topic, partition), position in sorted(batch.moved.items()):
                moved = await connection.execute(
                    _MOVE,
                    {
                        "topic": topic,
                        "partition": partition,
                        "seq": position.seq,
                        "broker_offset": position.broker_offset,
                        "through": position.through,
                        "was": self._positions[topic, partition].seq,
                    },
                )
                if moved.rowcount != 1:
                    raise PositionMoved(f"{topic}/{partition}")
        for stream, position in batch.moved.items():
            position.heard_at = self._positions[stream].heard_at
            self._positions[stream] = position
        for message in batch.messages:
            CONSUMED.labels(message.topic).inc()
        through = self.complete_through
        if through is not None:
            COMPLETE_THROUGH.set(through.timestamp())
        if batch.messages or session.info.pop(OUTBOX_WRITTEN, False):
            self._on_commit()

    async def _handle(self, session: AsyncSession, messages: Sequence[Message]) -> None:
        """Parse and hand over in runs of one handler; what is invalid becomes a dead letter."""
        heard: list[tuple[Handler[Any], Event, Message]] = []
        for message in messages:
            try:
                parsed = self._router.parse(message)
            except ValidationError as error:
                await dead_letters.keep(session, message, str(error))
            else:
                if parsed is not None:
                    heard.append((*parsed, message))
        for handler, run in groupby(heard, key=lambda item: item[0]):
            await self._hand_over(session, handler, list(run))

    async def _hand_over(
        self,
        session: AsyncSession,
        handler: Handler[Any],
        run: Sequence[tuple[Handler[Any], Event, Message]],
    ) -> None:
        try:
            async with session.begin_nested():
                await handler(session, [event for _, event, _ in run])
        except Invalid as error:
            if len(run) == 1:
                await dead_letters.keep(session, run[0][2], f"{error.code}: {error}")
                return
            # One of the run is refused: find it by handing them over one by one.
            for item in run:
                await self._hand_over(session, handler, [item])

    @property
    def complete_through(self) -> datetime | None:
        """The instant up to which every event of every partition here has been applied."""
        reached = [position.through for position in self._positions.values()]
        known = [through for through in reached if through is not None]
        return min(known) if known and len(known) == len(reached) else None

    async def _watch(
        self, kafka: AIOKafkaConsumer, partitions: dict[TopicPartition, Stream]
    ) -> None:
        """Notice a wiped broker and a silent partition; both are healed from the feed."""
        now = asyncio.get_running_loop().time()
        for partition, stream in partitions.items():
            position = self._positions[stream]
            if now - position.heard_at < SILENCE_SECONDS:
                continue
            position.heard_at = now
            await self.heal(*stream)
            highwater = kafka.highwater(partition)
            if highwater is None or highwater < await kafka.position(partition):
                await kafka.seek_to_beginning(partition)


def share_of(topics: Iterable[str], *, index: int, count: int) -> list[Stream]:
    """The partitions worker `index` of `count` reads: the same numbers of every topic."""
    return [(topic, n) for topic in topics for n in range(PARTITIONS) if n % count == index]
