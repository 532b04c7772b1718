"""The scorer: one at a time, however many workers there are."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.repository import standings
from services.rating.service.standings import score
from shared.clock import Clock
from shared.db import async_url
from tests.rating.standings import stored_standings
from tests.rating.test_domain import FOUR
from tests.rating.world import hear


async def test_who_scores_waits_for_whoever_does(
    session: AsyncSession, databases: dict[str, str], clock: Clock
) -> None:
    """Mere time makes two score one region, and older facts could be stored last."""
    await hear(session, FOUR)
    engine = create_async_engine(async_url(databases["rating"]), poolclass=NullPool)
    async with AsyncSession(engine) as another:
        await standings.take_turn(another)
        connection = await session.connection()
        await connection.execute(text("set local lock_timeout = '100ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            async with session.begin_nested():
                await score(session, clock.now())
        assert await stored_standings(session, "2023-10") == []

        await another.rollback()
        assert await score(session, clock.now()) == 4
        # A rebuild has the turn already, and scores in it.
        assert await score(session, clock.now()) == 0
    await engine.dispose()
