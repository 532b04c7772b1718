"""Statements about stored standings, and the marks of regions to be scored again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, Final

from pydantic_core import to_json
from sqlalchemy import delete, insert, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.scores import Tally
from services.rating.models import Standing, Touched
from services.rating.repository.positions import COMPLETE_THROUGH, RATED

CHANNEL: Final = "standings"
# What the board is told where nothing but standings changed.
SCORED: Final = "scored"
_TALLY: Final = tuple(field.name for field in fields(Tally))
_VALUES: Final = tuple(
    name for name in Standing.model_fields if name not in {"period", "region", "revision"}
)
# The text is the same however many there are, so it is compiled and planned once.
_KEEP: Final = text(
    f"""
    with turn as materialized (select nextval('standings_revision') as revision), kept as (
        insert into standings (period, region, revision, {", ".join(_VALUES)})
        select period, region, turn.revision, {", ".join(_VALUES)}
        from jsonb_populate_recordset(null::standings, cast(:rows as jsonb)) as given
            cross join turn
        on conflict (period, region) do update set revision = excluded.revision,
            {", ".join(f"{name} = excluded.{name}" for name in _VALUES)}
        where ({", ".join(f"standings.{name}" for name in _VALUES)})
            is distinct from ({", ".join(f"excluded.{name}" for name in _VALUES)})
        returning region, revision
    ), told as materialized (
        select pg_notify('{CHANNEL}', '{SCORED}') where exists (select from kept)
    )
    select kept.region, kept.revision from kept cross join told
    """  # noqa: S608 - our names
)
_TAKE_REGIONS: Final = text(
    "with taken as (delete from touched returning region)"
    " select r.code, r.timezone, r.code in (select region from taken), s.region is not null,"
    " s.next_change"
    " from regions r left join standings s on s.region = r.code and s.period = :period"
    " order by r.code"
)
_FRESHNESS: Final = text(
    f"select ({COMPLETE_THROUGH}) as heard, coalesce(max(revision), 0) as stored,"  # noqa: S608
    " not exists (select from touched) as is_scored from standings where period = :period"
)
_TURN: Final = 0x5C0E
_TAKE_TURN: Final = text("select pg_advisory_xact_lock(:key)")
_TELL: Final = text(f"select pg_notify('{CHANNEL}', '')")


@dataclass(frozen=True, slots=True)
class ScoredRegion:
    """A region, whether it is to be scored again, and when mere time may change its tally."""

    code: str
    timezone: str
    is_touched: bool
    is_scored: bool
    next_change: date | None


@dataclass(frozen=True, slots=True)
class Freshness:
    """Through when facts are heard, the newest revision stored, whether nothing waits."""

    heard: datetime | None
    stored: int
    is_scored: bool


async def take_turn(session: AsyncSession) -> None:
    """Let nobody else score until the transaction ends; waits for whoever does.

    What is read after it is then as new as anything the one before has stored.
    """
    connection = await session.connection()
    await connection.execute(_TAKE_TURN, {"key": _TURN})


async def touch(session: AsyncSession, regions: Iterable[str]) -> None:
    """Mark the regions for the scorer."""
    rows = [{"region": region} for region in sorted(regions)]
    if rows:
        await session.exec(insert(Touched), params=rows)


async def take_touched(session: AsyncSession) -> set[str]:
    """Take the marks; whoever takes them scores these regions in the same transaction."""
    statement = delete(Touched).returning(col(Touched.region))
    return {region for (region,) in await session.exec(statement)}


async def stored_tallies(session: AsyncSession, period: str) -> tuple[dict[str, Tally], int]:
    """The stored tallies of the period, by region, and the newest revision among them, or 0."""
    columns: list[Any] = [col(getattr(Standing, name)) for name in (*_TALLY, "region", "revision")]
    statement = select(*columns).where(col(Standing.period) == period)
    tallies, newest = {}, 0
    for *values, region, revision in await session.exec(statement):
        tallies[region] = Tally(*values)
        newest = max(newest, revision)
    return tallies, newest


async def freshness(session: AsyncSession, period: str) -> Freshness:
    """How the period's standings stand to what has been heard, all at one moment."""
    connection = await session.connection()
    given = {"period": period, "topics": list(RATED)}
    return Freshness(*(await connection.execute(_FRESHNESS, given)).one())


async def keep_standings(
    session: AsyncSession, standings: Sequence[Standing]
) -> tuple[int, set[str]]:
    """Store those that differ from what is stored, under one new revision; tell listeners.

    Returns the revision, and the regions that differed.
    """
    rows = [standing.model_dump(exclude={"revision"}) for standing in standings]
    connection = await session.connection()
    kept = (await connection.execute(_KEEP, {"rows": to_json(rows).decode()})).all()
    if not kept:
        return 0, set()
    return kept[0].revision, {row.region for row in kept}


async def tell_of_change(session: AsyncSession) -> None:
    """Let the boards of the API's processes load all anew once the transaction is through."""
    connection = await session.connection()
    await connection.execute(_TELL)


async def take_regions(session: AsyncSession, period: str) -> list[ScoredRegion]:
    """Take the marks: every region, whether it had one, and what is stored of it in the period."""
    connection = await session.connection()
    rows = await connection.execute(_TAKE_REGIONS, {"period": period})
    return [ScoredRegion(*row) for row in rows]


async def mark_unscored(session: AsyncSession) -> None:
    """Mark every region for the scorer."""
    connection = await session.connection()
    await connection.execute(text("insert into touched (region) select code from regions"))
