"""How far the rating has heard is claimed only of every partition, whoever is to hear it."""

from typing import Any

import httpx
import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
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
from tests.conftest import Tokens
from tests.rating.slices import LATER, heard_through
from tests.rating.test_domain import FOUR
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


@pytest.mark.parametrize(
    "path",
    [
        "/v1/ratings/regions?as_of=2023-10-20T09:00:00Z",
        "/v1/ratings/regions/16?as_of=2023-10-20T09:00:00Z",
        "/v1/ratings/regions/16/explanation?as_of=2023-10-20T09:00:00Z",
        "/v1/ratings/districts?as_of=2023-10-20T09:00:00Z",
        "/v1/ratings/trends?period=2023-10",
        "/v1/ratings/regions/16/history?period=2023-10",
        "/v1/ratings/accountability?period=2023-10",
    ],
)
async def test_how_far_is_heard_is_read_before_what_was_heard(
    session: AsyncSession, client: httpx.AsyncClient, token: Tokens, path: str
) -> None:
    """A batch that comes in between is in the facts then, and claimed by nobody."""
    await hear(session, FOUR)
    await heard_through(session, LATER)
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    answer = await client.get(path, headers=token("auditor"))
    event.remove(Engine, "before_cursor_execute", note)

    assert answer.status_code == 200, answer.text
    told = [number for number, one in enumerate(sent) if "consumer_positions" in one]
    read = [
        number
        for number, one in enumerate(sent)
        if any(f" {table}" in one for table in ("executions", "execution_versions", "trends"))
    ]
    assert len(told) == 1
    assert told[0] < min(read)
