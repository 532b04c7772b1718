"""Which month is frozen: when, of what, by whom, and in which order."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import NUMBERS, RERU_1, Stage
from services.rating.domain.slices import SliceStatus, cut_off
from services.rating.models import MethodologyDocument, Slice, SliceRow
from services.rating.repository import slices as repository
from services.rating.service import slices
from shared.db import async_url
from shared.events.assignments import ExecutionEvent
from shared.events.directory import RegionEvent
from tests.rating.facts import OCTOBER, make_facts, number
from tests.rating.slices import DECEMBER_1, ENDED, LATER, add, freeze, heard_through, row, told
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear, say


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Europe/Kaliningrad", "2023-10-31T22:00:00+00:00"),
        ("Europe/Moscow", "2023-10-31T21:00:00+00:00"),
        ("Asia/Kamchatka", "2023-10-31T12:00:00+00:00"),
    ],
)
def test_a_month_ends_in_each_zone_at_its_own_instant(zone: str, ends: str) -> None:
    assert cut_off(OCTOBER, zone).isoformat() == ends


async def test_a_month_is_frozen_once_when_it_has_ended_everywhere_and_all_is_heard(
    session: AsyncSession,
) -> None:
    await hear(session, FOUR)
    await heard_through(session, ENDED - timedelta(hours=1))
    assert await slices.advance(session, ENDED) is None
    assert (await session.exec(select(Slice))).all() == []

    # It has ended; a relay that stands still holds it up, visibly.
    assert await slices.advance(session, LATER) is None
    [waiting] = (await session.exec(select(Slice))).all()
    assert (waiting.period, waiting.status) == ("2023-10", SliceStatus.DRAFT)
    for through in (None, ENDED - timedelta(microseconds=1)):
        await heard_through(session, through)
        assert await slices.advance(session, LATER) is None

    await heard_through(session, ENDED)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert (frozen.id, frozen.status, frozen.mu_bp) == (waiting.id, SliceStatus.FROZEN, 8000)
    assert frozen.national_raw_bp == 4314
    found = await row(session, frozen)
    assert (found.raw_bp, found.stabilised_bp, found.zone, found.place) == (4314, 5420, "red", 1)
    assert (found.change_bp, found.place_before) == (None, None)
    empty = await row(session, frozen, "41")
    assert (empty.raw_bp, empty.zone, empty.place, empty.executions) == (None, None, None, 0)
    assert await slices.advance(session, LATER) is None
    assert await told(session) == ["rating.slice.frozen.v1"]


async def test_a_rating_that_is_filled_anew_waits_for_its_regions_too(
    session: AsyncSession,
) -> None:
    for one in FOUR:
        await add(session, one, HEARD_AT)
    await heard_through(session, LATER, ExecutionEvent.topic)
    assert await slices.advance(session, LATER) is None
    assert (await session.exec(select(Slice))).all() == []
    await hear(session, [])
    assert await slices.advance(session, LATER) is None
    await heard_through(session, ENDED, RegionEvent.topic)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert len((await session.exec(select(SliceRow))).all()) == 4


async def test_what_is_in_the_slice_is_what_was_so_when_the_month_ended_in_the_regions_zone(
    session: AsyncSession,
) -> None:
    due = make_facts(due=date(2023, 10, 31), due0=date(2023, 10, 31), status="issued", done=None)
    far = replace(due, execution_id=number(2), region="41")
    await hear(session, [due, far])
    # 31 October, 23:30 in Moscow; in Kamchatka it is the morning of 1 November.
    evening = datetime(2023, 10, 31, 20, 30, tzinfo=UTC)
    await add(
        session, replace(due, version=9, status="forwarded", done=date(2023, 10, 31)), evening
    )
    await add(session, replace(far, version=9, status="forwarded", done=date(2023, 11, 1)), evening)

    frozen = await freeze(session)

    assert (await row(session, frozen)).on_time == 1
    kamchatka = await row(session, frozen, "41")
    # Its last day had ended there hours ago.
    assert (kamchatka.executions, kamchatka.debts, kamchatka.raw_bp) == (1, 1, 0)


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
