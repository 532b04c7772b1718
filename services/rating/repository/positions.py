"""Statements about how far the service has heard."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.consumer_positions import open_positions
from shared.events.assignments import ExecutionEvent
from shared.events.base import PARTITIONS
from shared.events.directory import RegionEvent
from shared.tables import ConsumerPosition

FACTS_TOPIC: Final = ExecutionEvent.topic
REGIONS_TOPIC: Final = RegionEvent.topic
# What a score is made of. A rating that is filled anew may hear of facts before their regions.
RATED: Final = (FACTS_TOPIC, REGIONS_TOPIC)
# Every partition must have told how far it is whole. One whose worker has never started has no row
# at all: what it will bring is missing all the same.
COMPLETE_THROUGH: Final = (
    f"select case when count(through) = {PARTITIONS} * cardinality(cast(:topics as text[]))"  # noqa: S608
    " then min(through) end from consumer_positions"
    f" where topic = any(cast(:topics as text[])) and partition < {PARTITIONS}"
)


async def complete_through(session: AsyncSession, topics: Sequence[str] = RATED) -> datetime | None:
    """The instant up to which all of these topics has been heard; None before it is known.

    It is not known until each of their partitions has told it, whoever is to hear them.
    """
    connection = await session.connection()
    found: datetime | None = (
        await connection.execute(text(COMPLETE_THROUGH), {"topics": list(topics)})
    ).scalar_one()
    return found


async def reached(session: AsyncSession, topic: str, partition: int) -> int:
    """The `seq` up to which the partition has been heard; 0 before its first event."""
    statement = select(ConsumerPosition.seq).where(
        col(ConsumerPosition.topic) == topic, col(ConsumerPosition.partition) == partition
    )
    return (await session.exec(statement)).first() or 0


async def lock(session: AsyncSession, topic: str, partition: int) -> ConsumerPosition:
    """The position, ours until the transaction ends: nothing of the partition is heard meanwhile.

    One never heard of is opened at zero, so that a worker which starts meanwhile waits, too.
    """
    await open_positions(session, [(topic, partition)])
    statement = (
        select(ConsumerPosition)
        .where(col(ConsumerPosition.topic) == topic, col(ConsumerPosition.partition) == partition)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()
