"""Statements about how far the service has heard."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.assignments import ExecutionEvent
from shared.events.directory import RegionEvent
from shared.tables import ConsumerPosition

FACTS_TOPIC: Final = ExecutionEvent.topic
REGIONS_TOPIC: Final = RegionEvent.topic
# What a score is made of. A rating that is filled anew may hear of facts before their regions.
RATED: Final = (FACTS_TOPIC, REGIONS_TOPIC)
COMPLETE_THROUGH: Final = (
    "select case when bool_and(through is not null) then min(through) end"
    " from consumer_positions where topic = any(:topics)"
    " having count(distinct topic) = cardinality(:topics)"
)


async def complete_through(session: AsyncSession, topics: Sequence[str] = RATED) -> datetime | None:
    """The instant up to which all of these topics has been heard; None before it is known."""
    connection = await session.connection()
    found: datetime | None = (
        await connection.execute(text(COMPLETE_THROUGH), {"topics": list(topics)})
    ).scalar_one_or_none()
    return found


async def reached(session: AsyncSession, topic: str, partition: int) -> int:
    """The `seq` up to which the partition has been heard; 0 before its first event."""
    statement = select(ConsumerPosition.seq).where(
        col(ConsumerPosition.topic) == topic, col(ConsumerPosition.partition) == partition
    )
    return (await session.exec(statement)).first() or 0


async def lock(session: AsyncSession, topic: str, partition: int) -> ConsumerPosition | None:
    """The position, ours until the transaction ends: nothing of the partition is heard meanwhile.

    None where the partition has never been heard of.
    """
    statement = (
        select(ConsumerPosition)
        .where(col(ConsumerPosition.topic) == topic, col(ConsumerPosition.partition) == partition)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()
