"""Outbox to Kafka: numbers what is committed, publishes it in order, announces checkpoints.

One relay at a time per service, by a session-level advisory lock on the connection it works
over. Everything it decides is committed before it is sent, so a relay that dies in between, or a
broker that loses what it had, costs a repetition and never an event.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
import structlog
from aiokafka import AIOKafkaProducer

from shared import db
from shared.clock import Clock
from shared.envelopes import Headers, kafka_headers
from shared.events.base import PARTITIONS, Checkpoint, checkpoint_type
from shared.ids import new_id
from shared.kafka import BrokerAway
from shared.observability import PUBLISHED

WAKE_CHANNEL: Final = "outbox"
RELAY_LOCK: Final = 0x0B0C
# The lock class of `outbox_admit`, and the instant its seconds count from (platform 0001).
_ADMIT_CLASS: Final = 20769
_ADMIT_EPOCH: Final = 1577836800

_ROUND: Final = 1000
_PACE: Final = 0.012
_POLL: Final = 0.5
_HEARTBEAT: Final = 1.0

_NUMBER = """
with waiting as (
    select position, topic, partition from outbox where seq is null order by position limit $1
), numbered as (
    select position, topic, partition,
           row_number() over (partition by topic, partition order by position) as n
    from waiting
), streams as (
    insert into outbox_streams (topic, partition, last_seq, announced_seq)
    select topic, partition, max(n), 0 from numbered group by topic, partition
    order by topic, partition
    on conflict (topic, partition)
    do update set last_seq = outbox_streams.last_seq + excluded.last_seq
    returning topic, partition, last_seq
), totals as (
    select topic, partition, max(n) as taken from numbered group by topic, partition
)
update outbox set seq = streams.last_seq - totals.taken + numbered.n
from numbered join streams using (topic, partition) join totals using (topic, partition)
where outbox.position = numbered.position
"""
_UNPUBLISHED = """
select position, id, type, topic, partition, key, occurred_at, data, seq from outbox
where published_at is null and seq is not null order by topic, partition, seq limit $1
"""
_HEADS = """
select s.topic, s.partition, s.announced_seq, s.last_seq, cast(o.id as text) as head_id
from outbox_streams s
left join outbox o on o.topic = s.topic and o.partition = s.partition and o.seq = s.last_seq
where s.topic = any($1)
"""
_WRITERS_BEFORE = """
select exists (
    select from pg_locks
    where locktype = 'advisory' and classid = $1 and objsubid = 2 and objid <= $2
      and database = (select oid from pg_database where datname = current_database())
)
"""

logger = structlog.get_logger(__name__)


class Relay:
    """The relay of one service, over one connection and one producer."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        producer: AIOKafkaProducer,
        clock: Clock,
        topics: Sequence[str],
        *,
        on_round: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._producer = producer
        self._clock = clock
        self._topics = topics
        self._on_round = on_round
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something was committed: do not wait for the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Relay until cancelled; waits while another relay of the service is at it.

        Raises whatever the connection or the producer raises: the caller waits and starts anew.
        """
        # Asking again and again, not waiting in the database: it may vanish meanwhile.
        while not await self._connection.fetchval("select pg_try_advisory_lock($1)", RELAY_LOCK):
            self._on_round()
            await asyncio.sleep(_POLL)
        await self._connection.executemany(
            "insert into outbox_streams (topic, partition, last_seq, announced_seq)"
            " values ($1, $2, 0, 0) on conflict do nothing",
            [(topic, n) for topic in self._topics for n in range(PARTITIONS)],
        )
        await self._connection.add_listener(WAKE_CHANNEL, lambda *_: self.wake())
        loop = asyncio.get_running_loop()
        next_heartbeat = loop.time()
        while True:
            self._woken.clear()
            if not await self.publish_waiting():
                if loop.time() >= next_heartbeat:
                    await self.announce()
                    next_heartbeat = loop.time() + _HEARTBEAT
                await self._wait(min(_POLL, next_heartbeat - loop.time()))
            elif loop.time() >= next_heartbeat + _HEARTBEAT:
                # Under a steady load checkpoints still come, only less often.
                await self.announce()
                next_heartbeat = loop.time() + _HEARTBEAT
            await asyncio.sleep(_PACE)

    async def _wait(self, seconds: float) -> None:
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._woken.wait()
            except TimeoutError:
                return

    async def publish_waiting(self) -> int:
        """One round: number what is committed, send what is numbered, mark it. Returns how many."""
        self._on_round()
        await self._number()
        records = await self._connection.fetch(_UNPUBLISHED, _ROUND)
        if not records:
            return 0
        sent = [
            await self._send(
                record["topic"],
                partition=record["partition"],
                key=record["key"].encode(),
                value=record["data"].encode(),
                headers=kafka_headers(
                    record["topic"],
                    record["type"],
                    record["id"],
                    record["key"],
                    record["occurred_at"],
                    record["seq"],
                ),
            )
            for record in records
        ]
        await asyncio.gather(*sent)
        async with self._connection.transaction():
            # Losing this mark to a crash only means a repetition, which consumers skip by `seq`.
            await self._connection.execute("set local synchronous_commit = off")
            await self._connection.execute(
                "update outbox set published_at = now() where position = any($1::bigint[])",
                [record["position"] for record in records],
            )
        PUBLISHED.inc(len(records))
        return len(records)

    async def _send(
        self, topic: str, *, partition: int, key: bytes | None, value: bytes, headers: Headers
    ) -> asyncio.Future[Any]:
        """Put a record into the producer's batch. Raises `BrokerAway` without such a partition."""
        try:
            sent: asyncio.Future[Any] = await self._producer.send(
                topic, value, key=key, partition=partition, headers=headers
            )
        except AssertionError as error:
            # How the client says that the broker, just started anew, has other partitions.
            raise BrokerAway(f"{topic} has no partition {partition} yet") from error
        return sent

    async def _number(self) -> bool:
        """Give the next rows their `seq`; False when there was nothing to number."""
        status = await self._connection.execute(_NUMBER, _ROUND)
        return status != "UPDATE 0"

    async def announce(self) -> datetime | None:
        """Send a checkpoint to every partition; returns its `through`, None before the first.

        The order is what makes it true: raise the fence, see that nobody who may still write
        before it is left, number everything committed, only then say so.
        """
        through = self._clock.now() - self._clock.margin
        await self._connection.execute(
            "update outbox_fence set through = $1 where through is null or through < $1", through
        )
        second = int(through.timestamp()) - _ADMIT_EPOCH
        if not await self._connection.fetchval(_WRITERS_BEFORE, _ADMIT_CLASS, second):
            while await self._number():
                pass
            async with self._connection.transaction():
                await self._connection.execute(
                    "update outbox_fence set announced = greatest(announced, $1)", through
                )
                await self._connection.execute(
                    "update outbox_streams set announced_seq = last_seq"
                    " where announced_seq <> last_seq"
                )
        # A round that is not full took all there was, so what is announced has been sent.
        while await self.publish_waiting() == _ROUND:
            pass
        return await self._send_checkpoints()

    async def _send_checkpoints(self) -> datetime | None:
        announced: datetime | None = await self._connection.fetchval(
            "select announced from outbox_fence"
        )
        if announced is None:
            return None
        streams = await self._connection.fetch(_HEADS, list(self._topics))
        sent = []
        for stream in streams:
            topic, partition = stream["topic"], stream["partition"]
            kind = checkpoint_type(topic)
            checkpoint = Checkpoint(
                through=announced,
                last_seq=stream["announced_seq"],
                head_seq=stream["last_seq"],
                head_id=stream["head_id"],
            )
            sent.append(
                await self._send(
                    topic,
                    partition=partition,
                    key=None,
                    value=checkpoint.model_dump_json().encode(),
                    headers=kafka_headers(topic, kind, new_id(), topic, announced, None),
                )
            )
        await asyncio.gather(*sent)
        return announced


class Waker:
    """Tells the relay's process that something was committed: `NOTIFY`, after commit, coalesced.

    Inside the transaction a NOTIFY would serialise all commits. A lost one costs only the
    relay's next poll.
    """

    _COALESCE: Final = timedelta(milliseconds=3).total_seconds()

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        self._wanted.set()

    async def run(self) -> None:
        """Send wake-ups until cancelled, over a connection of its own, reopened when it breaks."""
        while True:
            try:
                connection = await db.connect(self._dsn)
                try:
                    while True:
                        await self._wanted.wait()
                        self._wanted.clear()
                        await connection.execute(f"notify {WAKE_CHANNEL}", timeout=5)
                        await asyncio.sleep(self._COALESCE)
                finally:
                    connection.terminate()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                logger.warning("wake-up connection lost", error=repr(error))
                await asyncio.sleep(_HEARTBEAT)
