"""Statements about facts of executions: keep what is heard, read what may count."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import Row, false, or_, text, tuple_, union_all
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts, Scored
from services.rating.domain.heard import HeardFacts
from services.rating.domain.periods import Period
from services.rating.models import ExecutionFacts, ExecutionVersion, FactColumns
from services.rating.repository import positions, trends
from services.rating.repository.newest import table_of
from shared.db import copy_rows
from shared.events.assignments import ExecutionEvent

# The same fields, told by an event or by their owner's answer.
Heard = HeardFacts | ExecutionEvent

FACT_FIELDS: Final = ("execution_id", "version", *FactColumns.model_fields)
_FACTS: Final = tuple(field.name for field in fields(Facts))
_SCORED: Final = tuple(field.name for field in fields(Scored))
_COLUMNS: Final = ", ".join(FACT_FIELDS)
_row: Final = attrgetter(*FACT_FIELDS)

_OPEN_STAGE: Final = text(
    "create temporary table if not exists heard (like execution_versions) on commit delete rows"
)
# One statement: versions are appended, of each execution the newest stays, its region is marked.
# In the order of keys, so locks never cross.
_KEEP: Final = f"""
    kept as (
        insert into execution_versions ({_COLUMNS}) select {_COLUMNS} from heard
        on conflict do nothing
    ), newest as (
        insert into executions ({_COLUMNS})
        select distinct on (execution_id) {_COLUMNS} from heard
        order by execution_id, version desc
        on conflict (execution_id) do update set
            {", ".join(f"{name} = excluded.{name}" for name in FACT_FIELDS[1:])}
        where executions.version < excluded.version
    )
    insert into touched (region) select distinct region from heard
"""  # noqa: S608 - our names
_KEEP_STAGED: Final = text(f"with {_KEEP}")
_KEEP_FEW: Final = text(
    f"with heard as (select {_COLUMNS}"  # noqa: S608 - our names
    " from jsonb_populate_recordset(null::execution_versions, cast(:heard as jsonb))),"
    f" {_KEEP}"
)
# So many come in one parameter; more by COPY, which costs two statements and less of each.
_FEW: Final = 50


async def keep_facts(session: AsyncSession, heard: Sequence[Heard]) -> None:
    """Append the versions, store the newest facts, and mark their regions for the scorer.

    Few statements however many events. Saying it twice changes nothing. What is heard late (a
    dead letter replayed, a reconciled fact) has the days it bears on worked out anew.
    """
    connection = await session.connection()
    if len(heard) <= _FEW:
        few = to_json([dict(zip(FACT_FIELDS, _row(event), strict=True)) for event in heard])
        await connection.execute(_KEEP_FEW, {"heard": few.decode()})
    else:
        await stage(session, heard)
        await connection.execute(_KEEP_STAGED)
    through = await positions.complete_through(session, (positions.FACTS_TOPIC,))
    late = [event for event in heard if through is not None and event.occurred_at <= through]
    if late:
        earliest = min(event.occurred_at for event in late).date()
        # A day to spare, whatever the zone.
        before = earliest - timedelta(days=2)
        await trends.reopen(session, {event.region for event in late}, before)


async def stage(session: AsyncSession, heard: Iterable[Heard]) -> None:
    """Put facts into the temporary table `heard`, alone: from there statements are set-based.

    By COPY, which costs half of what parameters do.
    """
    connection = await session.connection()
    await connection.execute(_OPEN_STAGE)
    if session.info.get(_OPEN_STAGE):
        await connection.execute(text("truncate heard"))
    session.info[_OPEN_STAGE] = True
    await copy_rows(session, "heard", FACT_FIELDS, map(_row, heard))


async def counted_facts(
    session: AsyncSession, period: Period, regions: Sequence[str]
) -> dict[str, list[tuple[Scored, int]]]:
    """What newest facts may count in the period, and how many executions have them, by region.

    There is far less of them than of executions. A region without any is there too.
    """
    columns: list[Any] = [col(getattr(ExecutionFacts, name)) for name in ("region", *_SCORED)]
    counted: list[Any] = [*columns, func.count()]
    statement = (
        select(*counted)
        .where(col(ExecutionFacts.region).in_(regions), _may_count(ExecutionFacts, period))
        .group_by(*columns)
    )
    found: dict[str, list[tuple[Scored, int]]] = {region: [] for region in regions}
    for region, *values, count in await session.exec(statement):
        found[region].append((Scored(*values), count))
    return found


async def facts_as_of(
    session: AsyncSession,
    period: Period,
    as_of: datetime,
    regions: Sequence[str],
    *,
    waiting: bool = False,
) -> dict[str, list[Facts]]:
    """Each execution's newest facts dated `as_of` or earlier that may count, by region.

    `waiting`: with what was handed in before the period and awaits review; returned, it counts.
    Where nothing has come since, the newest facts are those: history is read of what has moved
    only, so an answer about now costs what is open, not what has been.
    """
    since = select(ExecutionVersion.execution_id).where(
        col(ExecutionVersion.region).in_(regions), col(ExecutionVersion.occurred_at) > as_of
    )
    moved = (
        select(ExecutionVersion)
        .where(
            col(ExecutionVersion.execution_id).in_(since),
            col(ExecutionVersion.occurred_at) <= as_of,
        )
        .ext(distinct_on(col(ExecutionVersion.execution_id)))
        .order_by(col(ExecutionVersion.execution_id), col(ExecutionVersion.version).desc())
        .subquery()
    )
    unmoved = table_of(ExecutionFacts)
    statement = union_all(
        _columns(unmoved.c).where(
            unmoved.c.region.in_(regions),
            unmoved.c.occurred_at <= as_of,
            _may_count(unmoved.c, period, waiting=waiting),
        ),
        _columns(moved.c).where(_may_count(moved.c, period, waiting=waiting)),
    )
    rows = await (await session.connection()).execute(statement)
    return _by_region(rows, regions)


def _columns(source: Any) -> Any:
    return select(*(source[name] for name in _FACTS))


def _may_count(facts: Any, period: Period, *, waiting: bool = False) -> Any:
    """What can belong to the period's cohort: due in it, or a debt carried into it."""
    return (facts.due <= period.end) & or_(
        facts.due >= period.start,
        facts.done.is_(None),
        facts.done >= period.start,
        (facts.status == "forwarded") if waiting else false(),
    )


async def versions_of(
    session: AsyncSession, region: str, until: datetime
) -> list[tuple[datetime, Facts]]:
    """Every version of the region's facts dated so or earlier, and when it came about."""
    columns = [col(getattr(ExecutionVersion, name)) for name in ("occurred_at", *_FACTS)]
    statement = select(*columns).where(
        col(ExecutionVersion.region) == region, col(ExecutionVersion.occurred_at) <= until
    )
    return [(row[0], Facts(*tuple(row)[1:])) for row in await session.exec(statement)]


async def versions_between(
    session: AsyncSession, regions: Sequence[str], after: datetime, until: datetime
) -> Mapping[str, list[tuple[datetime, Facts]]]:
    """The versions dated after the one instant up to the other, by region.

    Without those that a newer one had overtaken by the first instant.
    """
    newer = aliased(ExecutionVersion)
    overtaken = select(newer).where(
        col(newer.execution_id) == col(ExecutionVersion.execution_id),
        col(newer.version) > col(ExecutionVersion.version),
        col(newer.occurred_at) <= after,
    )
    columns = [col(getattr(ExecutionVersion, name)) for name in ("occurred_at", *_FACTS)]
    statement = select(*columns).where(
        col(ExecutionVersion.region).in_(regions),
        col(ExecutionVersion.occurred_at) > after,
        col(ExecutionVersion.occurred_at) <= until,
        ~overtaken.exists(),
    )
    found: dict[str, list[tuple[datetime, Facts]]] = {region: [] for region in regions}
    for row in await session.exec(statement):
        one = Facts(*tuple(row)[1:])
        found[one.region].append((row[0], one))
    return found


async def facts_at_versions(
    session: AsyncSession, wanted: Sequence[tuple[UUID, int]]
) -> list[Facts]:
    """The facts of these executions in these versions; those unknown are not there."""
    columns = [col(getattr(ExecutionVersion, name)) for name in _FACTS]
    statement = select(*columns).where(
        tuple_(col(ExecutionVersion.execution_id), col(ExecutionVersion.version)).in_(wanted)
    )
    return [Facts(*tuple(row)) for row in await session.exec(statement)]


async def facts_of_versions(
    session: AsyncSession, wanted: Any, regions: Collection[str]
) -> dict[str, list[Facts]]:
    """The facts of the versions selected (execution_id, version), of these regions, by region."""
    named = wanted.subquery()
    columns = [col(getattr(ExecutionVersion, name)) for name in _FACTS]
    statement = (
        select(*columns)
        .join(
            named,
            (named.c.execution_id == col(ExecutionVersion.execution_id))
            & (named.c.version == col(ExecutionVersion.version)),
        )
        .where(col(ExecutionVersion.region).in_(regions))
    )
    rows = await (await session.connection()).execute(statement)
    return _by_region(rows, sorted(regions))


async def newest_as_of(session: AsyncSession, execution_id: UUID, as_of: datetime) -> Facts | None:
    """The execution's newest facts dated `as_of` or earlier; None where there are none."""
    columns = [col(getattr(ExecutionVersion, name)) for name in _FACTS]
    statement = (
        select(*columns)
        .where(
            col(ExecutionVersion.execution_id) == execution_id,
            col(ExecutionVersion.occurred_at) <= as_of,
        )
        .order_by(col(ExecutionVersion.version).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    return None if found is None else Facts(*tuple(found))


def _by_region(rows: Iterable[Row[Any]], regions: Sequence[str]) -> dict[str, list[Facts]]:
    found: dict[str, list[Facts]] = defaultdict(list)
    place = _FACTS.index("region")
    for row in rows:
        found[row[place]].append(Facts(*tuple(row)))
    return {region: found.get(region, []) for region in regions}
