"""Statements about the days' tallies, and how far each region's reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from typing import Final

from sqlalchemy import Date, cast, func, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.scores import Tally
from services.rating.models import Region, TrendMark, TrendPoint
from services.rating.repository.newest import table_of

_NUMBERS: Final = tuple(field.name for field in fields(Tally))
# Nothing else takes it: whoever has it works out days until the transaction ends.
LOCK: Final = 0x7E5D


async def take_turn(session: AsyncSession) -> bool:
    """Whether the days are ours to work out until the transaction ends; never waits."""
    connection = await session.connection()
    statement = text("select pg_try_advisory_xact_lock(:key)")
    return bool((await connection.execute(statement, {"key": LOCK})).scalar_one())


async def begin_marks(session: AsyncSession) -> bool:
    """Give every region that has none a mark; whether any was without."""
    missing = select(Region.code).where(
        ~select(TrendMark).where(col(TrendMark.region) == col(Region.code)).exists()
    )
    codes = (await session.exec(missing)).all()
    if codes:
        statement = upsert(table_of(TrendMark)).values([{"region": code} for code in codes])
        await session.exec(statement.on_conflict_do_nothing())
    return bool(codes)


async def lock_marks(session: AsyncSession) -> Mapping[str, date | None]:
    """Region → the last day whose points are there; ours until the transaction ends."""
    statement = select(TrendMark).order_by(col(TrendMark.region)).with_for_update()
    return {mark.region: mark.through for mark in await session.exec(statement)}


async def reached(session: AsyncSession) -> date | None:
    """The last day whose points are there for every region."""
    found = select(func.min(TrendMark.through), func.bool_and(col(TrendMark.through).is_not(None)))
    through, whole = (await session.exec(found)).one()
    return through if whole else None


async def reopen(session: AsyncSession, regions: Iterable[str], through: date | None) -> None:
    """Have the regions' days after this one worked out again; all of them without it.

    Waits for whoever works them out at this moment, so that nothing it has not seen is lost.
    """
    marks = table_of(TrendMark)
    earlier = func.least(marks.c.through, cast(through, Date))
    statement = (
        update(marks)
        .where(marks.c.region.in_(sorted(regions)))
        .values(through=None if through is None else earlier)
    )
    await (await session.connection()).execute(statement)


async def keep(
    session: AsyncSession, tallies: Mapping[str, Sequence[tuple[str, date, Tally]]], through: date
) -> None:
    """Store the regions' tallies by period and day, and how far they reach now."""
    rows = [
        {"period": period, "day": day, "region": region}
        | {name: getattr(one, name) for name in _NUMBERS}
        for region, points in tallies.items()
        for period, day, one in points
    ]
    statement = upsert(table_of(TrendPoint)).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["period", "day", "region"],
            set_={name: statement.excluded[name] for name in _NUMBERS},
        )
    )
    marks = table_of(TrendMark)
    mark = update(marks).where(marks.c.region.in_(tallies)).values(through=through)
    await (await session.connection()).execute(mark)


async def days_of(session: AsyncSession, period: str) -> Mapping[date, Mapping[str, Tally]]:
    """The tallies of the period by day, the earliest first, and by region."""
    columns = [col(getattr(TrendPoint, name)) for name in ("day", "region", *_NUMBERS)]
    statement = (
        select(*columns)
        .where(col(TrendPoint.period) == period)
        .order_by(col(TrendPoint.day), col(TrendPoint.region))
    )
    found: dict[date, dict[str, Tally]] = {}
    for day, region, *numbers in await session.exec(statement):
        found.setdefault(day, {})[region] = Tally(*numbers)
    return found
