"""Statements by which facts are compared with their owner's, and made equal to them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from sqlalchemy import ARRAY, TextClause, any_, delete, literal, text
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.reconciliations import Extent, Mended
from services.rating.models import Assignment, AttendanceVersion, Cluster, Region
from services.rating.repository.assignments import keep_assignments
from services.rating.repository.attendance import keep_attendance
from services.rating.repository.directory import keep_clusters, keep_regions
from services.rating.repository.facts import FACT_FIELDS, Heard, stage
from services.rating.repository.newest import newest, table_of
from services.rating.repository.standings import tell_of_change, touch
from services.rating.repository.trends import reopen
from shared.digests import DIGEST
from shared.events.assignments import AssignmentEvent
from shared.events.base import Event, partition_of
from shared.events.directory import ClusterEvent, RegionEvent
from shared.events.meetings import AttendanceRecorded

E = TypeVar("E", bound=Event)

# Whatever is worked out of what was heard, and worked out again after a rebuild; in the order in
# which those who work it out lock it.
DERIVED: Final = ("trend_marks", "trends", "standings")
_LOCK_DERIVED: Final = text(f"lock table {', '.join(DERIVED)} in exclusive mode")

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
# What was put right; a fact may have been another region's, and dated otherwise.
_BEGIN_MENDED: Final = text(
    "create temporary table mended (kind text, execution_id uuid, region text, was text,"
    " since timestamptz) on commit drop"
)
_HEAR: Final = text(
    f"insert into heard_anew ({_COLUMNS}) select {_COLUMNS}"  # noqa: S608 - our names
    " from heard on conflict do nothing"
)
# From one region to the next over an index: reading every row would cost each partition all.
_NAMED: Final = """
    (with recursive named as (
        select min(region) as region from {table}
        union all
        select (select min(region) from {table} where region > named.region)
        from named where named.region is not null
    ) select region from named where region is not null)
"""
_REGIONS: Final = text(
    " union ".join(
        (
            _NAMED.format(table="execution_versions"),
            _NAMED.format(table="executions"),
            "select region from heard_anew",
        )
    )
)


def _noting(kind: str, statement: str, returned: str) -> TextClause:
    """The statement, with what it changes put into `mended`: region, was, since."""
    return text(
        f"with put (execution_id, region, was, since) as ({statement}"  # noqa: S608 - our names
        f" returning {returned})"
        f" insert into mended select '{kind}', execution_id, region, was, since from put"
    )


_ADD: Final = _noting(
    "added",
    f"insert into execution_versions ({_COLUMNS}) select {_COLUMNS}"  # noqa: S608 - our names
    " from heard_anew on conflict do nothing",
    "new.execution_id, new.region, null, new.occurred_at",
)
_CHANGE: Final = _noting(
    "changed",
    f"update execution_versions v set {_set('h')} from heard_anew h"  # noqa: S608 - our names
    " where v.execution_id = h.execution_id and v.version = h.version"
    f" and {_of('v')} is distinct from {_of('h')}",
    "new.execution_id, new.region, old.region, least(old.occurred_at, new.occurred_at)",
)
_REMOVE: Final = _noting(
    "removed",
    "delete from execution_versions v where region = any(:regions) and not exists (select"
    " from heard_anew h where h.execution_id = v.execution_id and h.version = v.version)",
    "old.execution_id, old.region, null, old.occurred_at",
)
# Days that have ended are worked out of versions: the newest alone take none of them back.
_REMOVE_NEWEST: Final = _noting(
    "newest",
    "delete from executions e where region = any(:regions) and not exists (select"
    " from heard_anew h where h.execution_id = e.execution_id)",
    "old.execution_id, old.region, null, null::timestamptz",
)
_PUT_NEWEST: Final = _noting(
    "newest",
    f"insert into executions ({_COLUMNS}) select {_COLUMNS}"  # noqa: S608 - our names
    f" from ({_NEWEST_HEARD}) n where not exists (select from executions e"
    f" where e.execution_id = n.execution_id and {_of('e')} is not distinct from {_of('n')})"
    f" on conflict (execution_id) do update set {_set('excluded')}",
    "new.execution_id, new.region, old.region, null::timestamptz",
)
_COUNT_MENDED: Final = text(
    "select count(*) filter (where kind = 'added') as added,"
    " count(*) filter (where kind = 'changed') as changed,"
    " count(*) filter (where kind = 'removed') as removed,"
    " count(distinct execution_id) as executions from mended"
)
_BORNE_ON: Final = text(
    "select region, min(since) as since from (select region, since from mended"
    " union all select was, since from mended where was <> region) as told group by region"
)
_FORGET_ATTENDANCE: Final = text(
    "delete from attendance_versions where (meeting_id, region, version) in (select * from"
    " unnest(cast(:meetings as uuid[]), cast(:regions as text[]), cast(:versions as int[])))"
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


async def take_time(session: AsyncSession) -> None:
    """Let statements and waits for locks take what they need: this is no request of a person's."""
    connection = await session.connection()
    await connection.execute(text("set local statement_timeout = 0"))
    await connection.execute(text("set local lock_timeout = 0"))


async def begin(session: AsyncSession) -> None:
    """Open the place, gone with the transaction, where a log is gathered before it counts."""
    connection = await session.connection()
    await connection.execute(_BEGIN)
    await connection.execute(_BEGIN_MENDED)


async def gather(session: AsyncSession, heard: Iterable[Heard]) -> None:
    """Put versions into the place opened; of one version, what was heard first."""
    await stage(session, heard)
    connection = await session.connection()
    await connection.execute(_HEAR)


async def put_right(session: AsyncSession, partition: int) -> Mended:
    """Make the partition's facts those gathered, touching only what differs.

    So only where something did is anything to be worked out again, and no earlier day.
    """
    connection = await session.connection()
    await connection.execute(text("analyze heard_anew"))
    named = [row.region for row in await connection.execute(_REGIONS)]
    regions = {"regions": [region for region in named if partition_of(region) == partition]}
    for statement in (_ADD, _CHANGE, _REMOVE, _REMOVE_NEWEST, _PUT_NEWEST):
        needed = regions if statement in (_REMOVE, _REMOVE_NEWEST) else {}
        await connection.execute(statement, needed)
    mended = Mended(*(await connection.execute(_COUNT_MENDED)).one())
    borne_on = {row.region: row.since for row in await connection.execute(_BORNE_ON)}
    await touch(session, borne_on)
    days = {region: since.date() for region, since in borne_on.items() if since is not None}
    if days:
        # A day to spare, whatever the zone.
        await reopen(session, days, min(days.values()) - timedelta(days=2))
    return mended


async def renew_regions(
    session: AsyncSession, partition: int, heard: Sequence[RegionEvent]
) -> None:
    """Make the partition's regions those heard."""
    known = (await session.exec(select(Region))).all()
    held = [one for one in known if partition_of(one.code) == partition]
    fresh = newest(heard)
    zones = {event.code: event.timezone for event in fresh}
    await reopen(session, [one.code for one in held if zones.get(one.code) != one.timezone], None)
    await keep_regions(session, await _forget_wrong(session, Region, "code", held, fresh))


async def renew_clusters(
    session: AsyncSession, partition: int, heard: Sequence[ClusterEvent]
) -> None:
    """Make the partition's clusters those heard."""
    regions = await session.exec(select(Cluster.region).distinct())
    ours = [region for region in regions if partition_of(region) == partition]
    held = (await session.exec(select(Cluster).where(col(Cluster.region).in_(ours)))).all()
    fresh = await _forget_wrong(session, Cluster, "cluster_id", held, newest(heard))
    await keep_clusters(session, fresh)


async def renew_assignments(
    session: AsyncSession, partition: int, heard: Sequence[AssignmentEvent]
) -> None:
    """Make the partition's assignments those heard."""
    key = col(Assignment.assignment_id)
    ours = [one for one in await session.exec(select(key)) if partition_of(str(one)) == partition]
    held = (await session.exec(select(Assignment).where(key == _among(key, ours)))).all()
    fresh = await _forget_wrong(session, Assignment, "assignment_id", held, newest(heard))
    await keep_assignments(session, fresh)


async def renew_attendance(
    session: AsyncSession, partition: int, heard: Sequence[AttendanceRecorded]
) -> None:
    """Make the partition's attendance what was heard, version by version."""
    named = await session.exec(select(AttendanceVersion.region).distinct())
    ours = [region for region in named if partition_of(region) == partition]
    held = await session.exec(
        select(AttendanceVersion).where(col(AttendanceVersion.region).in_(ours))
    )
    names = set(AttendanceVersion.model_fields)
    told = {_version_of(event): event.model_dump(include=names) for event in heard}
    wrong = [_version_of(one) for one in held if told.get(_version_of(one)) != one.model_dump()]
    if wrong:
        meetings, regions, versions = map(list, zip(*wrong, strict=True))
        connection = await session.connection()
        await connection.execute(
            _FORGET_ATTENDANCE, {"meetings": meetings, "regions": regions, "versions": versions}
        )
        await tell_of_change(session)
    await keep_attendance(session, heard)


def _version_of(one: AttendanceVersion | AttendanceRecorded) -> tuple[UUID, str, int]:
    return one.meeting_id, one.region, one.version


async def _forget_wrong(
    session: AsyncSession,
    model: type[SQLModel],
    key: str,
    held: Iterable[SQLModel],
    heard: Sequence[E],
) -> list[E]:
    """Delete what is held and was not heard so; what is left to keep of what was heard."""
    table = table_of(model)
    names = {column.name for column in table.columns}
    told = {getattr(event, key): event.model_dump(include=names) for event in heard}
    right, wrong = set(), []
    for one in held:
        said = getattr(one, key)
        if told.get(said) == one.model_dump():
            right.add(said)
        else:
            wrong.append(said)
    if wrong:
        await session.exec(delete(table).where(table.c[key] == _among(table.c[key], wrong)))
    return [event for event in heard if getattr(event, key) not in right]


def _among(key: Any, values: Sequence[Any]) -> Any:
    """Any of the values, as one array: of single ones there may be too many."""
    return any_(literal(values, ARRAY(key.type)))


async def forget_derived(session: AsyncSession) -> None:
    """Empty what is worked out of facts; readers see it until the transaction is through.

    Whoever works any of it out is waited for, and waits.
    """
    connection = await session.connection()
    await connection.execute(_LOCK_DERIVED)
    for table in DERIVED:
        await connection.execute(text(f"delete from {table}"))  # noqa: S608 - our names
