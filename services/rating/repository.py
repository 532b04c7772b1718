"""Every statement the rating service sends to its database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import Dialect, Row, Table, delete, insert, or_, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain import Facts, Period
from services.rating.models import (
    Cluster,
    ExecutionFacts,
    ExecutionVersion,
    FactColumns,
    Region,
    Standing,
    Touched,
)
from shared.errors import NotFound
from shared.events.assignments import ExecutionEvent
from shared.events.base import Event
from shared.events.directory import ClusterEvent, RegionEvent

CHANNEL: Final = "standings"
FACTS_TOPIC: Final = ExecutionEvent.topic

E = TypeVar("E", bound=Event)

_FACT_FIELDS: Final = ("execution_id", "version", *FactColumns.model_fields)
_SCORED: Final = tuple(field.name for field in fields(Facts))


class RegionNotFound(NotFound):
    """No region has this code."""

    code = "region_not_found"
    title = "Регион не найден"


def _newest(heard: Iterable[E]) -> list[E]:
    """The newest version of each aggregate, in the order of keys (so locks never cross)."""
    found: dict[str, E] = {}
    for event in heard:
        known = found.get(event.key)
        if known is None or known.version < event.version:
            found[event.key] = event
    return [found[key] for key in sorted(found)]


def _table(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def _unnest() -> str:
    """The facts as a table made of one array per column: one statement, however many rows."""
    types = {column.name: column.type for column in _table(ExecutionVersion).columns}
    dialect: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    arrays = ", ".join(
        f"cast(:{name} as {types[name].compile(dialect=dialect)}[])" for name in _FACT_FIELDS
    )
    names = ", ".join(_FACT_FIELDS)
    return f"({names}) select * from unnest({arrays}) as heard({names})"  # noqa: S608 - our names


_KEEP_VERSIONS: Final = text(f"insert into execution_versions {_unnest()} on conflict do nothing")
_KEEP_NEWEST: Final = text(
    f"insert into executions {_unnest()} on conflict (execution_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _FACT_FIELDS[1:])
    + " where executions.version < excluded.version"
)


async def keep_facts(session: AsyncSession, heard: Sequence[ExecutionEvent]) -> None:
    """Append the versions, store the newest facts, and mark their regions for the scorer.

    Three statements however many events. Saying it twice changes nothing.
    """
    connection = await session.connection()
    versions = {(event.execution_id, event.version): event for event in heard}
    await connection.execute(_KEEP_VERSIONS, _columns([versions[key] for key in sorted(versions)]))
    newest = _newest(heard)
    await connection.execute(_KEEP_NEWEST, _columns(newest))
    await touch(session, {event.region for event in newest})


def _columns(events: Sequence[ExecutionEvent]) -> dict[str, list[Any]]:
    return {name: [getattr(event, name) for event in events] for name in _FACT_FIELDS}


async def touch(session: AsyncSession, regions: Iterable[str]) -> None:
    """Mark the regions for the scorer."""
    rows = [{"region": region} for region in sorted(regions)]
    if rows:
        await session.exec(insert(Touched), params=rows)


async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Store the newest facts of regions, and mark them: a time zone moves due moments."""
    await _keep_newest(session, Region, "code", heard)
    await touch(session, {event.code for event in heard})


async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Store the newest facts of clusters."""
    await _keep_newest(session, Cluster, "cluster_id", heard)


async def _keep_newest(
    session: AsyncSession, model: type[SQLModel], key: str, heard: Sequence[Event]
) -> None:
    table = _table(model)
    names = [column.name for column in table.columns]
    rows = [event.model_dump(include=set(names)) for event in _newest(heard)]
    statement = upsert(table).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={name: statement.excluded[name] for name in names if name != key},
            where=table.c.version < statement.excluded.version,
        )
    )


async def list_regions(session: AsyncSession) -> Mapping[str, Region]:
    """All regions by code."""
    found = (await session.exec(select(Region).order_by(col(Region.code)))).all()
    return {region.code: region for region in found}


async def get_region(session: AsyncSession, code: str) -> Region:
    """Raises `RegionNotFound`."""
    found = await session.get(Region, code)
    if found is None:
        raise RegionNotFound("Такого региона нет.", field="path.code")
    return found


async def clusters_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Mapping[UUID, Cluster]:
    """Those of the clusters that are known."""
    statement = select(Cluster).where(col(Cluster.cluster_id).in_(list(ids)))
    return {found.cluster_id: found for found in await session.exec(statement)}


def _in_period(model: Any, period: Period) -> Any:
    """What can belong to the period's cohort: due in it, or a debt carried into it."""
    return (col(model.due) <= period.end) & (
        (col(model.due) >= period.start)
        | col(model.done).is_(None)
        | (col(model.done) >= period.start)
    )


async def newest_facts(
    session: AsyncSession, period: Period, regions: Sequence[str]
) -> dict[str, list[Facts]]:
    """Newest facts that may count in the period, by region; a region without any is there too."""
    columns = [col(getattr(ExecutionFacts, name)) for name in _SCORED]
    statement = select(*columns).where(
        col(ExecutionFacts.region).in_(regions), _in_period(ExecutionFacts, period)
    )
    return _by_region(await session.exec(statement), regions)


async def facts_as_of(
    session: AsyncSession, period: Period, as_of: datetime, regions: Sequence[str]
) -> dict[str, list[Facts]]:
    """Each execution's newest facts dated `as_of` or earlier that may count, by region."""
    newest = (
        select(ExecutionVersion)
        .where(
            col(ExecutionVersion.region).in_(regions),
            col(ExecutionVersion.occurred_at) <= as_of,
        )
        .distinct(col(ExecutionVersion.execution_id))
        .order_by(col(ExecutionVersion.execution_id), col(ExecutionVersion.version).desc())
        .subquery()
    )
    statement = select(*(newest.c[name] for name in _SCORED)).where(
        (newest.c.due <= period.end)
        & or_(
            newest.c.due >= period.start,
            newest.c.done.is_(None),
            newest.c.done >= period.start,
        )
    )
    return _by_region(await session.exec(statement), regions)


def _by_region(rows: Iterable[Row[Any]], regions: Sequence[str]) -> dict[str, list[Facts]]:
    found: dict[str, list[Facts]] = defaultdict(list)
    place = _SCORED.index("region")
    for row in rows:
        found[row[place]].append(Facts(*tuple(row)))
    return {region: found.get(region, []) for region in regions}


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


async def keep_standings(session: AsyncSession, standings: Sequence[Standing]) -> int:
    """Store those that differ from what is stored, under one new revision; tell listeners.

    Returns how many differed.
    """
    rows = [standing.model_dump(exclude={"revision"}) for standing in standings]
    if not rows:
        return 0
    connection = await session.connection()
    revision = (await connection.execute(text("select nextval('standings_revision')"))).scalar_one()
    table = _table(Standing)
    statement = upsert(table).values([{**row, "revision": revision} for row in rows])
    values = [name for name in rows[0] if name not in {"period", "region"}]
    changed = or_(*(table.c[name].is_distinct_from(statement.excluded[name]) for name in values))
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["period", "region"],
            set_={name: statement.excluded[name] for name in [*values, "revision"]},
            where=changed,
        )
    )
    if result.rowcount:
        await connection.execute(text(f"notify {CHANNEL}"))
    return result.rowcount


async def complete_through(session: AsyncSession) -> datetime | None:
    """The instant up to which every fact has been heard; None before that is known."""
    connection = await session.connection()
    statement = text(
        "select case when bool_and(through is not null) then min(through) end"
        " from consumer_positions where topic = :topic"
    )
    found: datetime | None = (
        await connection.execute(statement, {"topic": FACTS_TOPIC})
    ).scalar_one()
    return found


async def forget_everything(session: AsyncSession) -> None:
    """Empty the projection and the positions: the consumer then hears it all again."""
    connection = await session.connection()
    await connection.execute(
        text(
            "truncate executions, execution_versions, regions, clusters, touched, standings,"
            " consumer_positions"
        )
    )


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
