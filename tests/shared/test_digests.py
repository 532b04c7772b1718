"""Both databases and an independent hand give the same digest of the same facts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.repository import facts as owner
from services.rating.models import FactColumns
from services.rating.repository import facts as reader
from services.rating.repository import renewals
from shared import outbox
from shared.db import async_url
from shared.digests import FIELDS
from shared.events.assignments import ExecutionEvent, ExecutionIssued
from tests.independent import digests
from tests.shared.test_transport import fact

BEGINNING = datetime(2023, 9, 1, tzinfo=UTC)


async def _rolled_back(dsn: str) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(async_url(dsn), poolclass=NullPool)
    async with AsyncSession(engine) as session:
        yield session
        await session.rollback()
    await engine.dispose()


@pytest.fixture
async def owning(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    async for session in _rolled_back(databases["assignments"]):
        yield session


@pytest.fixture
async def reading(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    async for session in _rolled_back(databases["rating"]):
        yield session


def some(dice: Random, key: int) -> ExecutionIssued:
    """Facts with every kind of value, nulls and fractions of a second among them."""

    def instant() -> datetime:
        return BEGINNING + timedelta(microseconds=dice.randrange(10**13))

    def maybe(value: Any) -> Any:
        return dice.choice([None, value])

    return fact(
        dice.choice(["16", "77", "02"]),
        dice.randint(1, 9),
        execution_id=UUID(int=key),
        occurred_at=instant(),
        cluster_id=maybe(UUID(int=dice.randrange(2**128))),
        cohort=maybe(2023),
        industry=maybe("food"),
        role=dice.choice(["lead", "co"]),
        weight=dice.randint(1, 3),
        submitted_at=maybe(instant()),
        done=maybe(instant().date()),
        returned_on=maybe(instant().date()),
        returns=dice.randint(0, 5),
    )


def test_the_fields_are_all_that_the_rating_keeps_and_all_are_facts() -> None:
    assert set(FIELDS) == {"execution_id", "version", *FactColumns.model_fields}
    assert set(FIELDS) <= set(ExecutionEvent.model_fields)
    assert list(FIELDS) == digests.FIELDS


@pytest.mark.parametrize("seed", range(5))
async def test_owner_reader_and_an_independent_hand_agree(
    owning: AsyncSession, reading: AsyncSession, seed: int
) -> None:
    dice = Random(seed)
    told = [some(dice, 20 * seed + key) for key in range(200)]
    as_of = sorted(event.occurred_at for event in told)[150]
    await outbox.add(owning, told)
    heard = dice.sample(told, len(told))
    for start in range(0, len(heard), 60):
        await reader.keep_facts(reading, heard[start : start + 60])
    # Neither the zone nor the style of dates of whoever asks has a say.
    await reading.exec(text("set local timezone = 'Asia/Kamchatka'"))  # type: ignore[call-overload]
    await reading.exec(text("set local datestyle = 'German'"))  # type: ignore[call-overload]

    theirs = {
        row.region: (row.executions, row.versions, row.digest)
        for row in await owner.digests(owning, as_of)
    }
    ours = {
        region: (one.executions, one.versions, one.digest)
        for region, one in (await renewals.digests(reading, as_of)).items()
    }

    known = [event for event in told if event.occurred_at <= as_of]
    assert len(known) == 151
    by_hand = {}
    for region in ("02", "16", "77"):
        own = [event.model_dump() for event in known if event.region == region]
        first = [facts for facts in own if facts["version"] == 1]
        by_hand[region] = (len(first), len(own), digests.digest(own))
    assert theirs == by_hand
    assert ours == by_hand


@pytest.mark.parametrize(
    "column", [name for name in FIELDS if name not in ("occurred_at", "region")]
)
async def test_any_changed_column_changes_the_digest(reading: AsyncSession, column: str) -> None:
    event = some(Random(3), 7)
    await reader.keep_facts(reading, [event])
    before = await renewals.digests(reading, event.occurred_at)
    other = {
        "uuid": "gen_random_uuid()",
        "integer": f"coalesce({column}, 0) + 1",
        "text": f"coalesce({column}, '') || 'x'",
        "date": f"coalesce({column}, '2020-01-01') + 1",
        "timestamptz": f"coalesce({column}, '2020-01-01') + interval '1 microsecond'",
    }[FIELDS[column]]
    await reading.exec(text(f"update execution_versions set {column} = {other}"))  # type: ignore[call-overload]
    assert await renewals.digests(reading, event.occurred_at) != before
