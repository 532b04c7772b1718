"""Executions in the state a command wants them in, written by SQL into assignments' own tables.

Each has its history: a step and an event per version. They are due on the last day of this
month, so the rating counts what is handed in. To be made before the first relay starts: from
then on the outbox takes no event of the past.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg

from shared.events.base import partition_of
from tests.bench.life import TOPIC, identity, regions

CLUSTERS: Final = 370
# version → state, command, whose move, event
_LIFE: Final = (
    ("issued", None, "system", "issued"),
    ("routed", "route", "system", "routed"),
    ("acknowledged", "acknowledge", "coordinator", "acknowledged"),
    ("in_progress", "start", "addressee", "started"),
    ("submitted", "submit", "addressee", "submitted"),
    ("forwarded", "forward", "coordinator", "forwarded"),
)
_STATES: Final = tuple(state for state, *_ in _LIFE)
_STAMP: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
_STEP: Final = "interval '2 minutes'"


@dataclass(frozen=True, slots=True)
class Prepared:
    """An execution that waits for its command; `version` is its newest."""

    id: UUID
    region: str
    cluster: UUID
    version: int


async def prepare(
    dsn: str,
    first: int,
    last: int,
    state: str,
    *,
    told: bool,
    history: bool = True,
    among: Sequence[str] = (),
) -> list[Prepared]:
    """Make executions `first` … `last - 1` in this state, one per cluster and assignment.

    They go round some 370 clusters of the regions `among`; all 89 where none are named.
    `told`: their events are marked as sent; otherwise the relay will send them. Without
    `history` only the newest version has its step and event.
    """
    version = _STATES.index(state) + 1
    now = datetime.now(UTC)
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        async with connection.transaction():
            await connection.execute(_made(first, last, now, among))
            await connection.execute(_ASSIGNMENTS)
            await connection.execute(_executions(version))
            await connection.execute(_steps(version if not history else 1, version))
            await connection.execute(_events(version if not history else 1, version, told=told))
            if told:
                await connection.execute(_NUMBERED)
            rows = await connection.fetch(
                "select id, region, cluster_id from made order by n", timeout=120
            )
            await connection.execute("drop table made")
        for table in ("assignments", "executions", "execution_steps", "outbox"):
            await connection.execute(f"vacuum analyze {table}", timeout=600)
    finally:
        await connection.close()
    return [Prepared(row["id"], row["region"], row["cluster_id"], version) for row in rows]


def _made(first: int, last: int, now: datetime, among: Sequence[str]) -> str:
    rows = [row for row in regions().rows if not among or row["code"] in among]
    codes = [row["code"] for row in rows]
    zones = [row["timezone"] for row in rows]
    # As many of every region.
    clusters = max(1, CLUSTERS // len(codes)) * len(codes)
    parts = [str(partition_of(code)) for code in codes]
    at = f"timestamptz '{now.isoformat()}'"
    place = f"1 + (n % {clusters} % {len(codes)})::int"
    return f"""
    create temporary table made as
    select n, {identity("n", 10)} as id, {identity(f"n / {clusters}", 11)} as assignment_id,
        {identity(f"n / {clusters}", 12)} as protocol_item_id,
        {identity(f"n / {clusters} / 8", 13)} as protocol_id,
        {identity(f"n % {clusters}", 2)} as cluster_id,
        (array[{",".join(f"'{code}'" for code in codes)}])[{place}] as region,
        (array[{",".join(f"'{zone}'" for zone in zones)}])[{place}] as timezone,
        (array[{",".join(parts)}])[{place}] as partition,
        2022 + (n % 3)::int as cohort, 'industry-' || (n % 24) as industry,
        (date_trunc('month', {at} at time zone 'Europe/Moscow')
            + interval '1 month - 1 day')::date as due,
        ({at} - interval '20 days')::date as issued_on,
        {at} - interval '1 hour' as begun_at
    from generate_series({first}::bigint, {last - 1}::bigint) as n"""


_ASSIGNMENTS: Final = """
    insert into assignments (id, origin, protocol_id, protocol_item_id, number, text, priority,
        weight, issued_on, due0, due, issued_at, executions, version)
    select assignment_id, 'protocol', min(protocol_id::text)::uuid,
        min(protocol_item_id::text)::uuid, 'Б-' || min(n),
        'Представить план загрузки мастерских', 'important', 2, min(issued_on), min(due),
        min(due), min(begun_at), count(*), 1
    from made group by assignment_id on conflict do nothing"""

_FACTS: Final = f"""
        case when version >= 5 then begun_at + {_STEP} * 5 end as submitted_at,
        case when version >= 6 then begun_at + {_STEP} * 6 end as forwarded_at,
        case when version >= 6 then ((begun_at + {_STEP} * 6) at time zone timezone)::date end
            as done"""


def _executions(version: int) -> str:
    return f"""
    insert into executions (id, assignment_id, protocol_id, protocol_item_id, origin, role,
        addressee, cluster_id, region, timezone, cohort, industry, weight, issued_on, due0, due,
        status, routed_at, submitted_at, forwarded_at, done, returns, extensions, version,
        occurred_at)
    select id, assignment_id, protocol_id, protocol_item_id, 'protocol', 'lead', 'cluster',
        cluster_id, region, timezone, cohort, industry, 2, issued_on, due, due,
        '{_STATES[version - 1]}', begun_at + {_STEP} * 2, submitted_at, forwarded_at, done, 0, 0,
        version, begun_at + {_STEP} * version
    from (select *, {_FACTS} from (select *, {version} as version from made) m) f"""


def _named(column: int) -> str:
    words = (life[column] for life in _LIFE)
    return "(array[" + ",".join(f"'{word}'" if word else "null" for word in words) + "])[version]"


def _steps(oldest: int, newest: int) -> str:
    return f"""
    insert into execution_steps (execution_id, version, command, status, party, actor, at, evidence)
    select id, version, {_named(1)}, {_named(0)}, {_named(2)}, 'bench',
        begun_at + {_STEP} * version, '[]'
    from made cross join generate_series({oldest}, {newest}) as version"""


def _events(oldest: int, newest: int, *, told: bool) -> str:
    def stamp(expression: str) -> str:
        return f"to_char({expression} at time zone 'UTC', '{_STAMP}')"

    return f"""
    insert into outbox (id, type, topic, partition, key, occurred_at, data, published_at)
    select gen_random_uuid(), 'assignments.execution.' || {_named(3)} || '.v1', '{TOPIC}',
        partition, id::text, begun_at + {_STEP} * version,
        json_build_object('version', version,
            'occurred_at', {stamp(f"(begun_at + {_STEP} * version)")},
            'execution_id', id, 'assignment_id', assignment_id, 'protocol_id', protocol_id,
            'protocol_item_id', protocol_item_id, 'origin', 'protocol', 'role', 'lead',
            'addressee', 'cluster', 'cluster_id', cluster_id, 'region', region, 'cohort', cohort,
            'industry', industry, 'weight', 2, 'issued_on', issued_on, 'due0', due, 'due', due,
            'status', {_named(0)}, 'submitted_at', {stamp("submitted_at")},
            'forwarded_at', {stamp("forwarded_at")}, 'done', done, 'returns', 0,
            'returned_on', null, 'extensions', 0, 'accepted_at', null, 'withdrawn_at', null)::text,
        {"now()" if told else "null"}
    from (select *, {_FACTS} from made cross join generate_series({oldest}, {newest}) as version) f
    order by version, n"""


_NUMBERED: Final = """
    with numbered as (
        select position, coalesce(s.last_seq, 0) + row_number()
            over (partition by o.topic, o.partition order by position) as seq
        from outbox o left join outbox_streams s using (topic, partition) where o.seq is null
    ), given as (
        update outbox set seq = numbered.seq from numbered
        where outbox.position = numbered.position
        returning outbox.topic, outbox.partition, outbox.seq
    )
    insert into outbox_streams (topic, partition, last_seq, announced_seq)
    select topic, partition, max(seq), 0 from given group by topic, partition
    on conflict (topic, partition) do update set last_seq = excluded.last_seq"""
