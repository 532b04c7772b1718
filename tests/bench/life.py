"""Made-up but valid histories of executions, by SQL: as fast as the database writes.

An execution has five versions: issued, routed, begun, handed in, accepted. What would happen
after now has not happened. Regions are unequal, months equal; every seventh hand-in is late,
every tenth execution was returned. The same number gives the same execution everywhere.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from shared.events.base import partition_of
from tests.bench.results import ROOT

TOPIC: Final = "assignments.executions"
VERSIONS: Final = 5
_FACTS: Final = (
    "execution_id, version, assignment_id, cluster_id, region, cohort, industry, origin, role,"
    " addressee, weight, issued_on, due0, due, status, submitted_at, done, returns, returned_on,"
    " extensions, occurred_at"
)
_EVENTS: Final = ("issued", "routed", "started", "forwarded", "accepted")
_STATUSES: Final = ("issued", "routed", "in_progress", "forwarded", "accepted")


@dataclass(frozen=True, slots=True)
class Regions:
    """The 89 regions of the directory's own reference data."""

    rows: tuple[dict[str, str], ...]

    @property
    def codes(self) -> list[str]:
        return [row["code"] for row in self.rows]


def regions() -> Regions:
    """Read the directory's reference file."""
    path = ROOT / "services" / "directory" / "reference" / "regions.csv"
    with path.open(newline="") as file:
        return Regions(tuple(csv.DictReader(file)))


def _array(values: list[str]) -> str:
    return "array[" + ",".join(f"'{value}'" for value in values) + "]"


def identity(number: str, kind: int) -> str:
    """A UUIDv7 of the number: ids grow with time, as the product's own do."""
    return (
        f"(lpad(to_hex(1693526400000 + ({number}) * 20), 12, '0') || '7' ||"
        f" substr(md5(({number})::text || '/{kind}'), 1, 3) || '8' ||"
        f" substr(md5(({number})::text || '/{kind}'), 4, 15))::uuid"
    )


def least(number: int) -> str:
    """Below every id from this number on: ids grow with their numbers."""
    digits = f"{1693526400000 + number * 20:012x}"
    return f"'{digits:0<32}'::uuid"


def _chance(salt: int) -> str:
    return f"((hashint8extended(n, {salt}) & 1073741823)::float8 / 1073741824)"


def versions(first: int, last: int, *, now: datetime, months: int = 36, youngest: int = 0) -> str:
    """SQL of the versions of executions `first` … `last - 1`, by name as the rating keeps them.

    Due in the last `months` months up to the `youngest`th before this one. Besides the facts:
    `partition`, `event` and the instants that only events carry.
    """
    codes = regions().codes
    parts = [str(partition_of(code)) for code in codes]
    at = f"timestamptz '{now.astimezone(UTC).isoformat()}'"
    return f"""
    with base as (
        select n, 1 + floor(89 * power({_chance(1)}, 1.3))::int as place,
            (date_trunc('month', {at} at time zone 'Europe/Moscow')
                - make_interval(months => {youngest}
                    + floor({months - youngest} * {_chance(2)})::int))::date as month,
            {_chance(3)} as day, {_chance(4)} as late, {_chance(5)} as returned, {_chance(6)} as w
        from generate_series({first}::bigint, {last - 1}::bigint) as n
    ), dated as (
        select *, (month + floor(day * 27)::int) as due,
            (month + floor(day * 27)::int)
                + case when late < 0.85 then -floor(late * 6)::int
                       else 1 + floor((late - 0.85) * 60)::int end as handed_in,
            ((month + floor(day * 27)::int) - 21)::timestamp at time zone 'UTC'
                + interval '6 hours' + make_interval(secs => day * 9000) as issued_at
        from base
    ), lived as (
        select dated.*, version, case version
            when 1 then issued_at
            when 2 then issued_at + interval '7 seconds'
            when 3 then issued_at + interval '2 days'
            when 4 then handed_in::timestamp at time zone 'UTC' + interval '5 hours'
                + make_interval(secs => late * 9000)
            else handed_in::timestamp at time zone 'UTC' + interval '2 days 7 hours'
                + make_interval(secs => returned * 9000) end as occurred_at
        from dated cross join generate_series(1, {VERSIONS}) as version
    )
    select {identity("n", 0)} as execution_id, version,
        {identity("n / 370", 1)} as assignment_id,
        {identity("n % 370", 2)} as cluster_id,
        ({_array(codes)})[place] as region,
        2022 + (n % 3)::int as cohort,
        'industry-' || (n % 24) as industry,
        'protocol' as origin, 'lead' as role, 'cluster' as addressee,
        1 + floor(w * 3)::int as weight,
        issued_at::date as issued_on, due as due0, due,
        ({_array(list(_STATUSES))})[version] as status,
        case when version >= 4 then handed_in::timestamp at time zone 'UTC'
            + interval '4 hours' end as submitted_at,
        case when version >= 4 then handed_in end as done,
        case when version >= 4 and returned < 0.1 then 1 else 0 end as returns,
        case when version >= 4 and returned < 0.1 then handed_in - 1 end as returned_on,
        0 as extensions, occurred_at,
        (array[{",".join(parts)}])[place] as partition,
        'assignments.execution.' || ({_array(list(_EVENTS))})[version] || '.v1' as event,
        {identity("n / 370 / 8", 3)} as protocol_id, {identity("n / 370", 4)} as protocol_item_id
    from lived where occurred_at <= {at}"""


_STAMP: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'


def _stamp(expression: str) -> str:
    return f"to_char({expression} at time zone 'UTC', '{_STAMP}')"


# Spaces as pydantic leaves them: none.
DATA: Final = f"""replace(replace(json_build_object(
    'version', version, 'occurred_at', {_stamp("occurred_at")}, 'execution_id', execution_id,
    'assignment_id', assignment_id, 'protocol_id', protocol_id,
    'protocol_item_id', protocol_item_id, 'origin', origin, 'role', role, 'addressee', addressee,
    'cluster_id', cluster_id, 'region', region, 'cohort', cohort, 'industry', industry,
    'weight', weight, 'issued_on', issued_on, 'due0', due0, 'due', due, 'status', status,
    'submitted_at', {_stamp("submitted_at")},
    'forwarded_at', case when version >= 4 then {_stamp("submitted_at")} end,
    'done', done, 'returns', returns, 'returned_on', returned_on, 'extensions', extensions,
    'accepted_at', case when version >= 5 then {_stamp("occurred_at")} end,
    'withdrawn_at', null)::text, '" : ', '":'), ', "', ',"')"""


async def fill_rating(
    dsn: str, first: int, last: int, *, now: datetime, months: int = 36, youngest: int = 0
) -> None:
    """Write the histories into the rating's own tables, as if they had been heard."""
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        source = versions(first, last, now=now, months=months, youngest=youngest)
        await connection.execute(
            f"insert into execution_versions ({_FACTS}) select {_FACTS} from ({source}) as told"
            " order by occurred_at",
            timeout=3600,
        )
        await connection.execute(
            f"insert into executions ({_FACTS}) select distinct on (execution_id) {_FACTS}"
            f" from execution_versions where execution_id >= {least(first)}"
            f" and execution_id < {least(last)} order by execution_id, version desc",
            timeout=3600,
        )
        await connection.execute("vacuum analyze execution_versions", timeout=3600)
        await connection.execute("vacuum analyze executions", timeout=3600)
    finally:
        await connection.close()


async def fill_regions(dsn: str) -> None:
    """Write the regions into the rating's table, as the directory would have told them."""
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.executemany(
            "insert into regions (code, name, short_name, federal_district, timezone, version)"
            " values ($1, $2, $3, $4, $5, 1) on conflict do nothing",
            [
                (one["code"], one["name"], one["short_name"], one["federal_district"],
                 one["timezone"])
                for one in regions().rows
            ],
        )  # fmt: skip
    finally:
        await connection.close()


async def fill_log(
    dsn: str,
    first: int,
    last: int,
    *,
    now: datetime,
    months: int = 36,
    youngest: int = 0,
    published: bool,
) -> int:
    """Write the histories into an empty outbox of assignments, numbered; gives how many events.

    `published`: as if the relay had sent them already; it will send them otherwise.
    """
    source = versions(first, last, now=now, months=months, youngest=youngest)
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.execute(
            "insert into outbox (id, type, topic, partition, key, occurred_at, data, seq,"
            " published_at) select gen_random_uuid(), event,"
            f" '{TOPIC}', partition, execution_id::text, occurred_at, {DATA},"
            " row_number() over (partition by partition order by occurred_at, execution_id),"
            f" {'now()' if published else 'null'} from ({source}) as told"
            " order by occurred_at",
            timeout=3600,
        )
        await connection.execute(
            "insert into outbox_streams (topic, partition, last_seq, announced_seq)"
            " select topic, partition, max(seq), max(seq) from outbox group by topic, partition"
        )
        await connection.execute(
            "update outbox_fence set through = (select max(occurred_at) from outbox),"
            " announced = (select max(occurred_at) from outbox)"
        )
        await connection.execute("vacuum analyze outbox", timeout=3600)
        found: int = await connection.fetchval("select count(*) from outbox")
        return found
    finally:
        await connection.close()
