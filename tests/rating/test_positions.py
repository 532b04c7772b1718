"""How far the rating has heard is claimed only of every partition, whoever is to hear it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.repository import positions
from services.rating.service import slices
from shared.consumer import share_of
from shared.consumer_positions import load
from shared.db import async_url
from shared.events.base import PARTITIONS
from tests.rating.test_domain import FOUR
from tests.rating.test_slices import LATER, heard_through
from tests.rating.world import hear


async def test_no_month_is_frozen_while_a_worker_with_its_partitions_has_never_started(
    session: AsyncSession,
) -> None:
    """Two workers, a new database: until the other starts, its partitions have no rows."""
    await hear(session, FOUR)
    ours = {number for _, number in share_of(positions.RATED, index=0, count=2)}
    await heard_through(session, LATER, partitions=ours)
    assert await positions.complete_through(session) is None
    assert await slices.advance(session, LATER) is None

    await heard_through(session, LATER, partitions=range(PARTITIONS - 1))
    assert await slices.advance(session, LATER) is None

    await heard_through(session, LATER)
    assert await positions.complete_through(session) == LATER
    assert await slices.advance(session, LATER) is not None


async def test_a_partition_never_heard_is_locked_too_while_its_log_is_read(
    session: AsyncSession, databases: dict[str, str]
) -> None:
    """A rebuild beside a worker that starts: it must not hear what the rebuild then removes."""
    stream = (positions.FACTS_TOPIC, 3)
    held = await positions.lock(session, *stream)
    assert held.seq == 0

    engine = create_async_engine(async_url(databases["rating"]), poolclass=NullPool)
    async with AsyncSession(engine) as starting:
        await (await starting.connection()).execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await load(starting, [stream])
    await engine.dispose()
