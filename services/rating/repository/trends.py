"""Statements about the days' tallies, and how far each region's reach."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import String, case, func, literal_column, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.scores import Tally
from services.rating.models import Region, TrendMark, TrendPoint
from services.rating.repository.newest import table_of

_NUMBERS: Final = tuple(field.name for field in fields(Tally))
# Nothing else takes it: whoever has it works out days until the transaction ends.
LOCK: Final = 0x7E5D
_MARK: Final = (
    col(TrendMark.region),
    col(TrendMark.through),
    literal_column("trend_marks.xmin::text", String),
)
_numbers: Final = attrgetter(*_NUMBERS)
_TYPES: Final = {
    "period": "text",
    "day": "date",
    "region": "text",
    **dict.fromkeys(_NUMBERS, "bigint"),
}
_KEEP: Final = text(
    f"insert into trends ({', '.join(_TYPES)}) select * from unnest("  # noqa: S608 - our names
    + ", ".join(f"cast(:{name} as {_TYPES[name]}[])" for name in _TYPES)
    + ") on conflict (period, day, region) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _NUMBERS)
    + f" where ({', '.join(f'trends.{name}' for name in _NUMBERS)})"
    + f" is distinct from ({', '.join(f'excluded.{name}' for name in _NUMBERS)})"
)
_REACH: Final = text("update trend_marks set through = :through where region = any(:regions)")


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
    rows = await session.exec(select(*_MARK))
    return {region: Mark(through, state) for region, through, state in rows}


async def _lock_marks(session: AsyncSession, regions: Iterable[str]) -> Mapping[str, Mark]:
    """The same of these regions, as it is now; ours until the transaction ends."""
    statement = (
        select(*_MARK)
        .where(col(TrendMark.region).in_(regions))
        .order_by(col(TrendMark.region))
        .with_for_update()
    )
    rows = await session.exec(statement)
    return {region: Mark(through, state) for region, through, state in rows}


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
    session: AsyncSession,
    tallies: Mapping[str, Sequence[tuple[str, date, Tally]]],
    through: date,
    seen: Mapping[str, Mark],
) -> bool:
    """Store the regions' tallies by period and day, and how far they reach now.

    False, and nothing stored, where a mark is another than was `seen` before they were worked
    out. Points that are right are not touched. All is made ready before the marks are ours:
    others wait for few statements.
    """
    points = [
        (period, day, region, *_numbers(one))
        for region, told in tallies.items()
        for period, day, one in told
    ]
    given = dict(zip(_TYPES, map(list, zip(*points, strict=True)), strict=True))
    if await _lock_marks(session, seen) != seen:
        return False
    connection = await session.connection()
    await connection.execute(_KEEP, given)
    await connection.execute(_REACH, {"regions": list(tallies), "through": through})
    return True


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
