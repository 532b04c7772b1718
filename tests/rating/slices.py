"""What tests of slices share: a month that has ended, heard of to its end, and frozen."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.models import Slice, SliceRow
from services.rating.service import slices
from shared.events.assignments import ExecutionEvent
from shared.events.base import PARTITIONS
from shared.events.directory import RegionEvent
from shared.tables import OutboxRecord
from tests.rating.world import say

# The world of these tests ends each day last in Moscow: 31 October ends there at 21:00 UTC.
ENDED: Final = datetime(2023, 10, 31, 21, tzinfo=UTC)
LATER: Final = datetime(2023, 11, 1, 6, tzinfo=UTC)
DECEMBER_1: Final = datetime(2023, 12, 1, 6, tzinfo=UTC)
NOW_AT: Final = {"X-Simulated-Now": LATER.isoformat()}


async def heard_through(
    session: AsyncSession,
    instant: datetime | None,
    *topics: str,
    partitions: Iterable[int] = range(PARTITIONS),
) -> None:
    """All told before the instant is heard, of executions and regions or of these topics."""
    connection = await session.connection()
    await connection.execute(
        text(
            "insert into consumer_positions (topic, partition, seq, broker_offset, through)"
            " select topic, n, 1, 1, :through"
            " from unnest(cast(:numbers as int[])) as n, unnest(cast(:topics as text[])) as topic"
            " on conflict (topic, partition) do update set through = excluded.through"
        ),
        {
            "topics": list(topics or (ExecutionEvent.topic, RegionEvent.topic)),
            "numbers": list(partitions),
            "through": instant,
        },
    )


async def add(session: AsyncSession, one: Facts, at: datetime) -> None:
    await say(session, one, at)


async def freeze(session: AsyncSession, now: datetime = LATER) -> Slice:
    """The month that is due, all of it heard."""
    await heard_through(session, now)
    frozen = await slices.advance(session, now)
    assert frozen is not None
    return frozen


async def row(session: AsyncSession, one: Slice, region: str = "16") -> SliceRow:
    found = await session.get(SliceRow, (one.id, region))
    assert found is not None
    return found


async def told(session: AsyncSession) -> list[str]:
    ordered = select(OutboxRecord.type).order_by(OutboxRecord.position)  # type: ignore[arg-type]
    return [one for one in await session.exec(ordered) if ".slice." in one]
