"""Statements about stored standings, and the marks of regions to be scored again."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final

from sqlalchemy import delete, insert, or_, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Standing, Touched
from services.rating.repository.newest import table_of

CHANNEL: Final = "standings"


async def touch(session: AsyncSession, regions: Iterable[str]) -> None:
    """Mark the regions for the scorer."""
    rows = [{"region": region} for region in sorted(regions)]
    if rows:
        await session.exec(insert(Touched), params=rows)


async def take_touched(session: AsyncSession) -> set[str]:
    """Take the marks; whoever takes them scores these regions in the same transaction."""
    statement = delete(Touched).returning(col(Touched.region))
    return {region for (region,) in await session.exec(statement)}


async def list_standings(session: AsyncSession, period: str) -> Sequence[Standing]:
    """The stored standings of the period, by region."""
    statement = (
        select(Standing).where(col(Standing.period) == period).order_by(col(Standing.region))
    )
    return (await session.exec(statement)).all()


async def freshness(session: AsyncSession, period: str) -> tuple[int, bool]:
    """The newest revision of the period's standings, and whether nothing waits to be scored."""
    statement = text(
        "select coalesce(max(revision), 0), not exists (select from touched)"
        " from standings where period = :period"
    )
    row = (await (await session.connection()).execute(statement, {"period": period})).one()
    return row[0], row[1]


async def keep_standings(
    session: AsyncSession, standings: Sequence[Standing]
) -> tuple[int, set[str]]:
    """Store those that differ from what is stored, under one new revision; tell listeners.

    Returns the revision, and the regions that differed.
    """
    rows = [standing.model_dump(exclude={"revision"}) for standing in standings]
    if not rows:
        return 0, set()
    connection = await session.connection()
    revision = (await connection.execute(text("select nextval('standings_revision')"))).scalar_one()
    table = table_of(Standing)
    statement = upsert(table).values([{**row, "revision": revision} for row in rows])
    values = [name for name in rows[0] if name not in {"period", "region"}]
    changed = or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in values))
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["period", "region"],
            set_={name: statement.excluded[name] for name in [*values, "revision"]},
            where=changed,
        ).returning(table.c.region)
    )
    differed = {region for (region,) in result}
    if differed:
        await tell_of_change(session)
    return revision, differed


async def tell_of_change(session: AsyncSession) -> None:
    """Let the boards of the API's processes load anew once the transaction is through."""
    connection = await session.connection()
    await connection.execute(text(f"notify {CHANNEL}"))


async def due_for_change(session: AsyncSession, period: str, today: date) -> Sequence[str]:
    """Regions whose stored tally mere time may have changed by a date of `today` anywhere."""
    statement = select(Standing.region).where(
        col(Standing.period) == period, col(Standing.next_change) <= today
    )
    return (await session.exec(statement)).all()


async def mark_unscored(session: AsyncSession) -> None:
    """Mark every region for the scorer."""
    connection = await session.connection()
    await connection.execute(text("insert into touched (region) select code from regions"))
