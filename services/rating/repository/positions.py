"""Statements about how far the service has heard, and about beginning anew."""

from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.assignments import ExecutionEvent

FACTS_TOPIC: Final = ExecutionEvent.topic


async def complete_through(session: AsyncSession) -> datetime | None:
    """The instant up to which every fact has been heard; None before that is known."""
    connection = await session.connection()
    statement = text(
        "select case when bool_and(through is not null) then min(through) end"
        " from consumer_positions where topic = :topic"
    )
    found: datetime | None = (
        await connection.execute(statement, {"topic": FACTS_TOPIC})
    ).scalar_one()
    return found


async def forget_everything(session: AsyncSession) -> None:
    """Empty the projection and the positions: the consumer then hears it all again."""
    connection = await session.connection()
    await connection.execute(
        text(
            "truncate executions, execution_versions, regions, clusters, touched, standings,"
            " consumer_positions"
        )
    )
