"""Statements by which facts are compared with their owner's, and made equal to them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.reconciliations import Extent, Mended
from services.rating.models import Assignment, Cluster, Region
from services.rating.repository.assignments import keep_assignments
from services.rating.repository.directory import keep_clusters, keep_regions
from services.rating.repository.facts import FACT_FIELDS, Heard, stage
from services.rating.repository.standings import touch
from services.rating.repository.trends import reopen
from shared.digests import DIGEST
from shared.events.assignments import AssignmentEvent
from shared.events.base import partition_of
from shared.events.directory import ClusterEvent, RegionEvent

# Whatever is worked out of what was heard, and worked out again after a rebuild.
DERIVED: Final = ("standings", "trends", "trend_marks")

_COLUMNS: Final = ", ".join(FACT_FIELDS)
_NEWEST_HEARD: Final = (
    f"select distinct on (execution_id) {_COLUMNS} from heard_anew"  # noqa: S608 - our names
    " order by execution_id, version desc"
)


def _of(alias: str) -> str:
    return "(" + ", ".join(f"{alias}.{name}" for name in FACT_FIELDS[1:]) + ")"


def _set(source: str) -> str:
    return ", ".join(f"{name} = {source}.{name}" for name in FACT_FIELDS[1:])


_DIGESTS: Final = text(
    f"select f.region, {DIGEST} from execution_versions f"  # noqa: S608 - our names
    " where f.occurred_at <= :as_of group by f.region"
)
_DIGESTS_OF: Final = text(
    f"select f.region, {DIGEST} from execution_versions f"  # noqa: S608 - our names
    " where f.region = any(:regions) group by f.region"
)
# The newest of each execution is kept twice; where the two say different things, one was damaged.
_TORN: Final = text(
    f"""
    with newest as (
        select distinct on (execution_id) {_COLUMNS} from execution_versions
        order by execution_id, version desc
    )
    select distinct unnest(array[e.region, n.region]) as region
    from executions e full join newest n using (execution_id)
    where {_of("e")} is distinct from {_of("n")}
    """  # noqa: S608 - our names
)
_BEGIN: Final = text(
    "create temporary table heard_anew"
    " (like execution_versions, primary key (execution_id, version)) on commit drop"
)
_HEAR: Final = text(
    f"insert into heard_anew ({_COLUMNS}) select {_COLUMNS}"  # noqa: S608 - our names
    " from heard on conflict do nothing"
)
_REGIONS: Final = text(
    "select region from execution_versions union select region from executions"
    " union select region from heard_anew"
)
_REMOVE: Final = text(
    "delete from execution_versions v where region = any(:regions) and not exists (select"
    " from heard_anew h where h.execution_id = v.execution_id and h.version = v.version)"
    " returning execution_id"
)
_CHANGE: Final = text(
    f"update execution_versions v set {_set('h')} from heard_anew h"  # noqa: S608 - our names
    " where v.execution_id = h.execution_id and v.version = h.version"
    f" and {_of('v')} is distinct from {_of('h')} returning v.execution_id"
)
_ADD: Final = text(
    f"insert into execution_versions ({_COLUMNS}) select {_COLUMNS}"  # noqa: S608 - our names
    " from heard_anew on conflict do nothing returning execution_id"
)
_REMOVE_NEWEST: Final = text(
    "delete from executions e where region = any(:regions) and not exists (select"
    " from heard_anew h where h.execution_id = e.execution_id) returning execution_id"
)
_PUT_NEWEST: Final = text(
    f"insert into executions ({_COLUMNS}) {_NEWEST_HEARD}"
    f" on conflict (execution_id) do update set {_set('excluded')}"
    f" where {_of('executions')} is distinct from {_of('excluded')} returning execution_id"
)


async def digests(session: AsyncSession, as_of: datetime) -> Mapping[str, Extent]:
    """By region, what is kept of versions dated `as_of` or earlier."""
    connection = await session.connection()
    rows = await connection.execute(_DIGESTS, {"as_of": as_of})
    return {row.region: Extent(row.executions, row.versions, row.digest) for row in rows}


async def digests_of(session: AsyncSession, partition: int) -> Mapping[str, Extent]:
    """By region of the partition, what is kept of all versions."""
    connection = await session.connection()
    named = await connection.execute(text("select distinct region from execution_versions"))
    regions = [row.region for row in named if partition_of(row.region) == partition]
    rows = await connection.execute(_DIGESTS_OF, {"regions": regions})
    return {row.region: Extent(row.executions, row.versions, row.digest) for row in rows}


async def torn_regions(session: AsyncSession) -> set[str]:
    """Regions whose newest facts are not the newest of their versions."""
    connection = await session.connection()
    return {row.region for row in await connection.execute(_TORN) if row.region is not None}


async def begin(session: AsyncSession) -> None:
    """Open the place, gone with the transaction, where a log is gathered before it counts."""
    connection = await session.connection()
    # A whole log is no request of a person's.
    await connection.execute(text("set local statement_timeout = 0"))
    await connection.execute(_BEGIN)


async def gather(session: AsyncSession, heard: Iterable[Heard]) -> None:
    """Put versions into the place opened; of one version, what was heard first."""
    await stage(session, heard)
    connection = await session.connection()
    await connection.execute(_HEAR)


async def put_right(session: AsyncSession, partition: int) -> Mended:
    """Make the partition's facts those gathered, touching only what differs."""
    connection = await session.connection()
    await connection.execute(text("analyze heard_anew"))
    named = [row.region for row in await connection.execute(_REGIONS)]
    regions = {"regions": [region for region in named if partition_of(region) == partition]}
    ids: list[list[UUID]] = []
    for statement in (_ADD, _CHANGE, _REMOVE, _REMOVE_NEWEST, _PUT_NEWEST):
        needed = regions if statement in (_REMOVE, _REMOVE_NEWEST) else {}
        result = await connection.execute(statement, needed)
        ids.append([row.execution_id for row in result])
    await touch(session, regions["regions"])
    await reopen(session, regions["regions"], None)
    added, changed, removed = (len(found) for found in ids[:3])
    return Mended(added, changed, removed, len({one for found in ids for one in found}))


async def renew_regions(
    session: AsyncSession, partition: int, heard: Sequence[RegionEvent]
) -> None:
    """Make the partition's regions those heard."""
    codes = await session.exec(select(Region.code))
    gone = [code for code in codes if partition_of(code) == partition]
    await session.exec(delete(Region).where(col(Region.code).in_(gone)))
    if heard:
        await keep_regions(session, heard)


async def renew_clusters(
    session: AsyncSession, partition: int, heard: Sequence[ClusterEvent]
) -> None:
    """Make the partition's clusters those heard."""
    regions = await session.exec(select(Cluster.region).distinct())
    gone = [region for region in regions if partition_of(region) == partition]
    await session.exec(delete(Cluster).where(col(Cluster.region).in_(gone)))
    if heard:
        await keep_clusters(session, heard)


async def renew_assignments(
    session: AsyncSession, partition: int, heard: Sequence[AssignmentEvent]
) -> None:
    """Make the partition's assignments those heard."""
    known = await session.exec(select(Assignment.assignment_id))
    gone = [one for one in known if partition_of(str(one)) == partition]
    await session.exec(delete(Assignment).where(col(Assignment.assignment_id).in_(gone)))
    if heard:
        await keep_assignments(session, heard)


async def forget_derived(session: AsyncSession) -> None:
    """Empty what is worked out of facts; readers see it until the transaction is through."""
    connection = await session.connection()
    for table in DERIVED:
        await connection.execute(text(f"delete from {table}"))  # noqa: S608 - our names
