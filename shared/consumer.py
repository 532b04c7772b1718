"""Kafka in: the `Consumer` runs the handlers that an `EventRouter` names.

The position of a partition is the last `seq` whose effects are in our database; it moves in the
same transaction as the effects. What is at or below it is a duplicate and skipped; what comes
next is applied; whatever is missing in between (a wiped broker, a lost tail, expired retention,
an empty database) is fetched from the producer's feed first. So restart, rebuild and loss are
one mechanism, and a position never lies.

A producer whose database went back to an older backup numbers other events the same. So a
position knows the id of its event too; where the log has another there, or nothing any more, the
partition is heard anew (ADR 0011).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import consumer_positions, dead_letters
from shared.clients.base import CalleeAway, ServiceClient
from shared.clients.feed import read_feed
from shared.clock import Clock
from shared.consumer_positions import Position, Stream
from shared.db import OUTBOX_WRITTEN, Sessions, transaction
from shared.envelopes import Message, Unreadable, from_record
from shared.errors import Invalid
from shared.event_router import Circumstances, EventRouter, Handler
from shared.events.base import PARTITIONS, Event
from shared.events.views import View
from shared.kafka import has_more, is_emptied
from shared.observability import COMPLETE_THROUGH, CONSUMED, DEAD, HEALED, REPLACED, show

logger = structlog.get_logger(__name__)

MAX_BATCH: Final = 4000
# While this many messages are read, the batch being applied waits for its turn.
_BREATH: Final = 200
# Producers send a checkpoint every second; a partition this quiet has lost something.
SILENCE_SECONDS: Final = 3.0
# How long a partition nobody waits for rests once it had nothing but a checkpoint: asking for it
# costs the broker and us, and until the next checkpoint there is likely nothing.
_REST_SECONDS: Final = 0.9
# Unless what it has waits to be read, behind what other partitions have.
_TURN_SECONDS: Final = 30.0

_Heard = tuple[Handler[Any], Event | View, Message]


@dataclass(slots=True)
class _Batch:
    """What one transaction will apply, in the order heard; `events` counts them by topic."""

    heard: list[_Heard] = field(default_factory=list)
    unreadable: list[tuple[Message, str]] = field(default_factory=list)
    moved: dict[Stream, Position] = field(default_factory=dict)
    events: Counter[str] = field(default_factory=Counter)


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
        # The batch being applied, and where the positions will stand after it.
        self._applying: asyncio.Task[None] | None = None
        # Partition → when it is to be asked for again.
        self._resting: dict[TopicPartition, float] = {}
        self._ahead: dict[Stream, Position] = {}
        for counter in (CONSUMED, DEAD, HEALED, REPLACED):
            show(counter, *router.topics)

    async def load(self) -> None:
        """Read the positions; a partition never heard before starts at zero."""
        async with transaction(self._sessions) as session:
            positions = await consumer_positions.load(session, self._streams)
        now = asyncio.get_running_loop().time()
        for position in positions.values():
            position.heard_at = now
        self._positions = positions

    async def run(
        self, kafka: AIOKafkaConsumer, *, on_round: Callable[[], None] = lambda: None
    ) -> None:
        """Read the broker from the remembered offsets. Raises what the broker or database raise.

        The next batch is read while the database applies the one before. Cancelled, it still
        finishes the batch that is being applied.
        """
        await self.load()
        partitions = {TopicPartition(*stream): stream for stream in self._streams}
        kafka.assign(list(partitions))
        self._resting = {}
        for partition, stream in partitions.items():
            kafka.seek(partition, self._positions[stream].broker_offset)
        try:
            while True:
                fetched = await kafka.getmany(timeout_ms=500, max_records=MAX_BATCH)
                await self._absorb(fetched)
                self._let_rest(kafka, fetched)
                on_round()
                await self._watch(kafka, partitions, is_busy=bool(fetched))
        finally:
            await self._let_finish()

    def _let_rest(self, kafka: AIOKafkaConsumer, fetched: dict[TopicPartition, list[Any]]) -> None:
        """Where some topics are urgent, look at the quiet partitions of others less often."""
        now = asyncio.get_running_loop().time()
        rested = [partition for partition, until in self._resting.items() if until <= now]
        kafka.resume(*rested)
        for partition in rested:
            del self._resting[partition]
        if not self._router.urgent:
            return
        for partition, records in fetched.items():
            # Every event has a key, and a checkpoint none.
            if partition.topic not in self._router.urgent and not any(
                record.key for record in records
            ):
                kafka.pause(partition)
                self._resting[partition] = now + _REST_SECONDS

    async def catch_up(self) -> None:
        """Read every partition's feed to its end; the broker is not needed for this."""
        for topic, partition in self._streams:
            await self.heal(topic, partition)

    async def _absorb(self, fetched: dict[TopicPartition, list[Any]]) -> None:
        """Begin to apply what one poll brought, healing gaps on the way."""
        batch = _Batch()
        now = asyncio.get_running_loop().time()
        for partition, records in fetched.items():
            stream = (partition.topic, partition.partition)
            self._positions[stream].heard_at = now
            for count, record in enumerate(records, 1):
                if not count % _BREATH:
                    # Let the batch before this one get on.
                    await asyncio.sleep(0)
                try:
                    message = from_record(*stream, record.headers, record.value)
                    is_next = self._position(batch, stream).is_continued_by(message)
                except Unreadable as error:
                    # Put aside together with the offset after it, so a restart meets it no more.
                    origin, value = f"offset {record.offset}", record.value or b""
                    letter = Message(*stream, "unreadable", origin, None, value)
                    batch.unreadable.append((letter, str(error)))
                    self._moving(batch, stream).broker_offset = record.offset + 1
                    continue
                if not is_next:
                    await self._begin(batch)
                    batch = _Batch()
                    await self.heal(*stream)
                self._take(batch, message)
                position = batch.moved.get(stream)
                if position is not None:
                    position.broker_offset = record.offset + 1
        await self._begin(batch)

    async def _begin(self, batch: _Batch) -> None:
        """Apply the batch once the one before it is through; raises what that one met."""
        await self._settle()
        if batch.moved:
            self._ahead = batch.moved
            self._applying = asyncio.create_task(self._apply(batch))

    async def _settle(self) -> None:
        """Wait until nothing is being applied. Raises what stopped it."""
        if self._applying is not None:
            applying, self._applying, self._ahead = self._applying, None, {}
            try:
                await asyncio.shield(applying)
            except asyncio.CancelledError:
                self._applying = applying
                raise

    async def _let_finish(self) -> None:
        """Leave nothing half-way; what stopped a batch, whoever runs next will meet again."""
        if self._applying is not None:
            applying, self._applying, self._ahead = self._applying, None, {}
            await asyncio.wait([applying])
            if error := applying.exception():
                logger.warning("the last batch was not applied", error=repr(error)[:500])

    def _position(self, batch: _Batch, stream: Stream) -> Position:
        """Where the stream will stand once all before the next message has been applied."""
        return batch.moved.get(stream) or self._ahead.get(stream) or self._positions[stream]

    def _moving(self, batch: _Batch, stream: Stream) -> Position:
        """The position the batch will move the stream to; a copy until it is committed."""
        if stream not in batch.moved:
            batch.moved[stream] = replace(self._position(batch, stream))
        return batch.moved[stream]

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
            self._moving(batch, stream).through = checkpoint.through
            return
        if message.seq != known.seq + 1:
            return
        position = self._moving(batch, stream)
        position.seq, position.event_id = message.seq, message.id
        position.checked = True
        batch.events[message.topic] += 1
        try:
            parsed = self._router.parse(message)
        except Unreadable as error:
            batch.unreadable.append((message, str(error)))
        else:
            if parsed is not None:
                batch.heard.append((*parsed, message))

    async def heal(self, topic: str, partition: int) -> None:
        """Fetch from the feed whatever is missing behind our position, and apply it.

        One event is read a second time: by it the log is known. Another log is heard anew.
        """
        await self._settle()
        stream = (topic, partition)
        known = self._positions[stream]
        is_ours = known.seq == 0
        async for page in read_feed(self._client, topic, partition, after=max(known.seq - 1, 0)):
            if not is_ours:
                if not known.is_at(page[0]):
                    break
                known.event_id, is_ours = page[0].id, True
            batch = _Batch()
            for message in page:
                self._take(batch, message)
            if batch.events:
                HEALED.labels(topic).inc(batch.events.total())
                logger.info(
                    "healed from the feed",
                    topic=topic,
                    partition=partition,
                    events=batch.events.total(),
                )
            if batch.moved:
                await self._apply(batch)
        if is_ours:
            self._positions[stream].checked = True
        else:
            await self._begin_anew(topic, partition)

    async def _begin_anew(self, topic: str, partition: int) -> None:
        """The producer came back with another log: what it now says is what is true."""
        was = self._positions[topic, partition].seq
        REPLACED.labels(topic).inc()
        logger.error("the producer's log was replaced", topic=topic, partition=partition, seq=was)
        async with transaction(self._sessions) as session:
            session.info[Circumstances] = Circumstances(self._clock.now(), self._client)
            renewal = self._router.renewal(topic)
            if renewal is not None:
                await renewal(session, partition)
            else:
                await consumer_positions.move_to_the_start(session, (topic, partition), was=was)
        silent_since = {stream: known.heard_at for stream, known in self._positions.items()}
        await self.load()
        # Where others were silent they stay so: each replaced log would else cost all the rest
        # another wait.
        for stream, heard_at in silent_since.items():
            self._positions[stream].heard_at = heard_at
        self._on_commit()
        await self.heal(topic, partition)

    async def _apply(self, batch: _Batch) -> None:
        """Effects and positions, in one transaction."""
        async with transaction(self._sessions) as session:
            session.info[Circumstances] = Circumstances(self._clock.now(), self._client)
            # First: the rows' locks keep out whoever hears a partition anew meanwhile.
            await consumer_positions.move(session, self._positions, batch.moved)
            for letter, reason in batch.unreadable:
                await dead_letters.keep(session, letter, reason)
            for handler, run in groupby(batch.heard, key=lambda item: item[0]):
                await self._hand_over(session, handler, list(run))
        for stream, position in batch.moved.items():
            position.heard_at = self._positions[stream].heard_at
            self._positions[stream] = position
        for topic, count in batch.events.items():
            CONSUMED.labels(topic).inc(count)
        through = self.complete_through
        if through is not None:
            COMPLETE_THROUGH.set(through.timestamp())
        if batch.events or session.info.pop(OUTBOX_WRITTEN, False):
            self._on_commit()

    async def _hand_over(
        self, session: AsyncSession, handler: Handler[Any], run: Sequence[_Heard]
    ) -> None:
        """Hand over a run of one handler's; what can never be applied becomes a dead letter."""
        try:
            async with session.begin_nested():
                await handler(session, [event for _, event, _ in run])
        except (Invalid, DBAPIError, asyncpg.DataError) as error:
            reason = _refusal(error)
            if reason is None:
                raise
            if len(run) == 1:
                await dead_letters.keep(session, run[0][2], reason)
                return
            # One of the run is refused: it is found by halving.
            middle = len(run) // 2
            await self._hand_over(session, handler, run[:middle])
            await self._hand_over(session, handler, run[middle:])

    @property
    def complete_through(self) -> datetime | None:
        """The instant up to which every event of every partition here has been applied."""
        reached = [position.through for position in self._positions.values()]
        known = [through for through in reached if through is not None]
        return min(known) if known and len(known) == len(reached) else None

    async def _watch(
        self, kafka: AIOKafkaConsumer, partitions: dict[TopicPartition, Stream], *, is_busy: bool
    ) -> None:
        """Notice a wiped broker and a silent partition; both are healed from the feed.

        A producer that cannot be asked holds up nobody else's events: it is asked again later.
        """
        now = asyncio.get_running_loop().time()
        away: set[str] = set()
        for partition, stream in partitions.items():
            silence = now - self._positions[stream].heard_at
            if silence < SILENCE_SECONDS:
                continue
            if is_busy and silence < _TURN_SECONDS and await has_more(kafka, partition):
                # Others of a backlog come first.
                continue
            self._positions[stream].heard_at = now
            if partition.topic in away:
                continue
            try:
                await self.heal(*stream)
            except CalleeAway as error:
                away.add(partition.topic)
                logger.warning("a silent partition, and nobody to ask", error=repr(error)[:500])
                continue
            if await is_emptied(kafka, partition):
                await kafka.seek_to_beginning(partition)


def _refusal(error: Exception) -> str | None:
    """Why the event can never be applied; None where it is not the event's fault.

    A value that the database cannot hold (SQLSTATE class 22) is.
    """
    if isinstance(error, Invalid):
        return f"{error.code}: {error}"
    if isinstance(error, asyncpg.DataError):
        return str(error)
    refused = getattr(error, "orig", None)
    if not error.args or not (getattr(refused, "sqlstate", None) or "").startswith("22"):
        return None
    # What the server says besides names the value.
    detail = getattr(getattr(refused, "__cause__", None), "detail", None)
    return ": ".join(str(told) for told in (error.args[0], detail) if told)


def share_of(topics: Iterable[str], *, index: int, count: int) -> list[Stream]:
    """The partitions worker `index` of `count` reads: the same numbers of every topic."""
    return [(topic, n) for topic in topics for n in range(PARTITIONS) if n % count == index]
