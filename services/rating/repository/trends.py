"""Statements about the days' tallies, and how far each region's reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Final

from sqlalchemy import case, func, literal_column, or_, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.scores import Tally
from services.rating.models import Region, TrendMark, TrendPoint
from services.rating.repository.newest import table_of

_NUMBERS: Final = tuple(field.name for field in fields(Tally))
# Nothing else takes it: whoever has it works out days until the transaction ends.
LOCK: Final = 0x7E5D
_STATE: Final = literal_column("trend_marks.xmin::text").label("state")


@dataclass(frozen=True, slots=True)
class Mark:
    """The last day whose points are there; `state` is another after every writing."""

    through: date | None
    state: str


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


async def marks(session: AsyncSession) -> Mapping[str, Mark]:
    """Region → how far its points reach. Nobody is kept from taking it back meanwhile."""
    statement = select(TrendMark.region, TrendMark.through, _STATE)
    return {region: Mark(*rest) for region, *rest in await session.exec(statement)}


async def lock_marks(session: AsyncSession, regions: Iterable[str]) -> Mapping[str, Mark]:
    """The same of these regions, as it is now; ours until the transaction ends."""
    statement = (
        select(TrendMark.region, TrendMark.through, _STATE)
        .where(col(TrendMark.region).in_(regions))
        .order_by(col(TrendMark.region))
        .with_for_update()
    )
    return {region: Mark(*rest) for region, *rest in await session.exec(statement)}


async def reached(session: AsyncSession) -> date | None:
    """The last day whose points are there for every region."""
    found = select(func.min(TrendMark.through), func.bool_and(col(TrendMark.through).is_not(None)))
    through, whole = (await session.exec(found)).one()
    return through if whole else None


async def reopen(session: AsyncSession, regions: Iterable[str], through: date | None) -> None:
    """Have the regions' days after this one worked out again; all of them without it.

    Every mark is written, also one that does not reach so far: whoever works out days at this
    moment sees by it that there is something new. Waits only while what they have is stored.
    """
    named = sorted(regions)
    if not named:
        return
    marks = table_of(TrendMark)
    reach: Any = None
    if through is not None:
        # A mark without a day has none to take back.
        reach = case((marks.c.through > through, through), else_=marks.c.through)
    statement = update(marks).where(marks.c.region.in_(named)).values(through=reach)
    await (await session.connection()).execute(statement)


async def keep(
    session: AsyncSession, tallies: Mapping[str, Sequence[tuple[str, date, Tally]]], through: date
) -> None:
    """Store the regions' tallies by period and day, and how far they reach now.

    Points that are right are not touched.
    """
    rows = [
        {"period": period, "day": day, "region": region}
        | {name: getattr(one, name) for name in _NUMBERS}
        for region, points in tallies.items()
        for period, day, one in points
    ]
    points = table_of(TrendPoint)
    statement = upsert(points).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["period", "day", "region"],
            set_={name: statement.excluded[name] for name in _NUMBERS},
            where=or_(
                *(points.c[name].is_distinct_from(statement.excluded[name]) for name in _NUMBERS)
            ),
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
