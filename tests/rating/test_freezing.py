"""Which month is frozen, by whom, and in which order."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

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


async def test_the_first_month_is_that_of_the_whole_history(session: AsyncSession) -> None:
    """A rating filled anew may hear of November before it hears of October."""
    november = make_facts(
        execution_id=number(60), due=date(2023, 11, 10), due0=date(2023, 11, 10), done=None
    )
    await hear(session, [])
    await say(session, november, LATER)
    await heard_through(session, DECEMBER_1, ExecutionEvent.topic, partitions=range(6))
    await heard_through(session, DECEMBER_1, RegionEvent.topic)
    assert await slices.advance(session, DECEMBER_1) is None
    assert (await session.exec(select(Slice))).all() == []

    for one in FOUR:
        await say(session, one, HEARD_AT)
    await heard_through(session, DECEMBER_1)
    frozen = await slices.advance(session, DECEMBER_1)
    assert frozen is not None
    assert frozen.period == "2023-10"


@pytest.mark.parametrize("stage", [Stage.DRAFT, Stage.SHADOW, Stage.DISCARDED])
async def test_no_month_before_the_first_methodology_in_force_is_frozen(
    session: AsyncSession, stage: Stage
) -> None:
    """What was only ever proposed rates nothing, whatever day it names."""
    proposed = MethodologyDocument(
        code=RERU_1.code,
        number=2,
        stage=stage,
        title="Задним числом",
        effective_from=date(2023, 1, 1),
        numbers={name: getattr(RERU_1, name) for name in NUMBERS},
        created_by="cur_admin",
        created_at=HEARD_AT,
    )
    session.add(proposed)
    await hear(session, FOUR)
    early = make_facts(execution_id=number(61), due=date(2023, 8, 11), due0=date(2023, 8, 11))
    await say(session, early, datetime(2023, 8, 1, tzinfo=UTC))
    await heard_through(session, LATER)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert frozen.period == "2023-10"
