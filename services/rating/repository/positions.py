"""Statements about how far the service has heard, and about beginning anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.assignments import ExecutionEvent
from shared.events.directory import RegionEvent

FACTS_TOPIC: Final = ExecutionEvent.topic
REGIONS_TOPIC: Final = RegionEvent.topic


async def complete_through(
    session: AsyncSession, topics: Sequence[str] = (FACTS_TOPIC,)
) -> datetime | None:
    """The instant up to which every fact of the topics has been heard; None before it is known."""
    connection = await session.connection()
    statement = text(
        "select case when bool_and(through is not null) then min(through) end"
        " from consumer_positions where topic = any(:topics)"
        " having count(distinct topic) = cardinality(:topics)"
    )
    found: datetime | None = (
        await connection.execute(statement, {"topics": list(topics)})
    ).scalar_one_or_none()
    return found


async def forget_everything(session: AsyncSession) -> None:
    """Empty the projection and the positions: the consumer then hears it all again."""
    connection = await session.connection()
    await connection.execute(
        text(
            "truncate executions, execution_versions, regions, clusters, touched, standings,"
            " trends, trend_marks, assignments, consumer_positions"
        )
    )
