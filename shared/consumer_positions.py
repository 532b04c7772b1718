"""How far each partition has been heard: the rows of `consumer_positions`, read and moved.

A position moves only from where we left it: two workers never both hear one partition.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.envelopes import Message
from shared.events.base import Checkpoint

Stream = tuple[str, int]

_LOAD: Final = text(
    "select topic, partition, seq, event_id, through, broker_offset from consumer_positions"
)
_OPEN: Final = text(
    "insert into consumer_positions (topic, partition, seq, broker_offset)"
    " values (:topic, :partition, 0, 0) on conflict do nothing"
)
# All at once; locked in the order in which whoever hears a partition anew locks them.
_MOVE: Final = text(
    "with moved as ("
    "select * from unnest(cast(:topics as text[]), cast(:partitions as int[]),"
    " cast(:seqs as bigint[]), cast(:event_ids as text[]), cast(:offsets as bigint[]),"
    " cast(:throughs as timestamptz[]), cast(:were as bigint[]))"
    " as m (topic, partition, seq, event_id, broker_offset, through, was)"
    "), ours as materialized ("
    "select p.topic, p.partition from consumer_positions p"
    " where (p.topic, p.partition) in (select topic, partition from moved)"
    " order by p.topic, p.partition for update"
    ") update consumer_positions p set seq = m.seq, event_id = m.event_id,"
    " broker_offset = m.broker_offset, through = greatest(p.through, m.through)"
    " from moved m join ours using (topic, partition)"
    " where p.topic = m.topic and p.partition = m.partition and p.seq = m.was"
)
_TO_THE_START: Final = text(
    "update consumer_positions set seq = 0, event_id = null, through = null"
    " where topic = :topic and partition = :partition and seq = :was"
)


class PositionMoved(RuntimeError):
    """Someone else has moved a position of ours: another worker took the partition."""


@dataclass(slots=True)
class Position:
    """How far a partition has been heard, in memory; the row says the same."""

    seq: int = 0
    event_id: str | None = None
    through: datetime | None = None
    broker_offset: int = 0
    # When something came of it, in seconds of the event loop's clock.
    heard_at: float = 0.0
    # Since the process started, the log has been seen to be the one read before.
    checked: bool = False

    def is_at(self, message: Message) -> bool:
        """Whether the message is the one the position stands at."""
        return message.seq == self.seq and self.event_id in (None, message.id)

    def is_continued_by(self, message: Message) -> bool:
        """Whether it can be taken as it comes; the feed is asked first where not.

        Events between our position and this message may be missing, or it may come from another
        log than what we have read. Raises `Unreadable` for a checkpoint that is none.
        """
        if message.seq is None:
            checkpoint = message.checkpoint()
            return checkpoint.last_seq <= self.seq and self._is_borne_out_by(checkpoint)
        if message.seq == self.seq + 1:
            return self.checked
        if message.seq == self.seq:
            return self.is_at(message)
        return message.seq < self.seq

    def _is_borne_out_by(self, checkpoint: Checkpoint) -> bool:
        """Whether the log this was said of is, for all we know, the one we have read.

        Where it names the very event we stand at, the log is `checked`.
        """
        if checkpoint.head_seq is None or (
            self.through is not None and checkpoint.through < self.through
        ):
            return True
        if (checkpoint.head_seq, checkpoint.head_id) == (self.seq, self.event_id):
            self.checked = True
            return True
        return checkpoint.head_seq > self.seq and self.checked


async def open_positions(session: AsyncSession, streams: Iterable[Stream]) -> None:
    """Let each partition have a position: at zero where it has none."""
    connection = await session.connection()
    await connection.execute(_OPEN, [{"topic": topic, "partition": n} for topic, n in streams])


async def load(session: AsyncSession, streams: Sequence[Stream]) -> dict[Stream, Position]:
    """The positions as the rows say; a partition never heard before starts at zero."""
    await open_positions(session, streams)
    connection = await session.connection()
    rows = {(row.topic, row.partition): row for row in await connection.execute(_LOAD)}
    return {
        stream: Position(
            row.seq,
            row.event_id,
            row.through,
            row.broker_offset,
            checked=row.seq == 0,
        )
        for stream in streams
        for row in [rows[stream]]
    }


async def move(
    session: AsyncSession, known: Mapping[Stream, Position], moved: Mapping[Stream, Position]
) -> None:
    """Move the positions from where they are known to be.

    Raises `PositionMoved` where one is not where we left it.
    """
    connection = await session.connection()
    done = await connection.execute(
        _MOVE,
        {
            "topics": [topic for topic, _ in moved],
            "partitions": [partition for _, partition in moved],
            "seqs": [position.seq for position in moved.values()],
            "event_ids": [position.event_id for position in moved.values()],
            "offsets": [position.broker_offset for position in moved.values()],
            "throughs": [position.through for position in moved.values()],
            "were": [known[stream].seq for stream in moved],
        },
    )
    if done.rowcount != len(moved):
        raise PositionMoved(", ".join(f"{topic}/{number}" for topic, number in moved))


async def move_to_the_start(session: AsyncSession, stream: Stream, *, was: int) -> None:
    """Let the partition be heard from its first event. Raises `PositionMoved` as `move`."""
    topic, partition = stream
    connection = await session.connection()
    where = {"topic": topic, "partition": partition, "was": was}
    moved = await connection.execute(_TO_THE_START, where)
    if moved.rowcount != 1:
        raise PositionMoved(f"{topic}/{partition}")
