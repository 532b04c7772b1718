"""Which month is frozen, by whom, and in which order."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Final

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import NUMBERS, RERU_1, Stage
from services.rating.models import MethodologyDocument, Slice
from services.rating.repository import slices as repository
from services.rating.service import slices
from shared.db import async_url
from shared.events.assignments import ExecutionEvent
from shared.events.directory import RegionEvent
from tests.rating.facts import make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.test_slices import DECEMBER_1, LATER, heard_through
from tests.rating.world import HEARD_AT, hear, say


@pytest.fixture
async def another(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    """The transaction of another worker."""
    engine = create_async_engine(async_url(databases["rating"]), poolclass=NullPool)
    async with AsyncSession(engine) as session:
        yield session
    await engine.dispose()


async def test_months_are_frozen_by_one_worker_at_a_time_and_in_order(
    session: AsyncSession, another: AsyncSession
) -> None:
    """A worker that passed the month another freezes took μ from the month before."""
    await hear(session, FOUR)
    await heard_through(session, DECEMBER_1)
    assert await repository.take_turn(another)
    assert await slices.advance(session, DECEMBER_1) is None
    assert (await session.exec(select(Slice))).all() == []

    await another.rollback()
    frozen = [await slices.advance(session, DECEMBER_1) for _ in range(3)]
    assert [(one.period, one.mu_bp) for one in frozen if one] == [
        ("2023-10", 8000),
        ("2023-11", 4314),
    ]
