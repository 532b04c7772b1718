"""What was in the first tables is in today's: the migrations move data, both ways."""

from typing import Any

import asyncpg

from deploy.local import postgres as local_postgres
from shared import migrations

BEFORE = """
insert into regions (code, name, short_name, sort_key, federal_district, timezone,
    authority, version)
values ('16', 'Татарстан', 'Татарстан', 'татарстан', 'ПФО', 'Europe/Moscow', 'Минобр', 1);
insert into industries values ('metallurgy', 'Металлургия');
insert into organisations (id, code, name, kind, level, region, version)
values ('00000000-0000-0000-0000-0000000000a1', 'kzn', 'Колледж', 'college',
    'operational', '16', 1);
insert into people (id, full_name) values ('00000000-0000-0000-0000-0000000000b1', 'Анна');
insert into clusters (id, code, name, region, industry, cohort, status, core_college_id,
    registered_at, version)
values ('00000000-0000-0000-0000-0000000000c1', 'c-1', 'Кластер', '16', 'metallurgy', 2022,
    'closed', '00000000-0000-0000-0000-0000000000a1', '2023-09-01T22:00:00Z', 2);
insert into appointments (id, region, office, person_id, valid_from, version)
values ('00000000-0000-0000-0000-0000000000d1', '16', 'coordinator',
    '00000000-0000-0000-0000-0000000000b1', '2023-09-15', 1);
insert into outbox (id, type, topic, partition, key, occurred_at, data)
values (gen_random_uuid(), 'directory.appointment.made.v1', 'directory.appointments', 0,
    '00000000-0000-0000-0000-0000000000d1', '2023-09-14T08:00:00Z', '{}');
"""
RELATIONS = """
select r.kind, o.name, r.region, r.valid_from::text, r.valid_to
from relations r join organisations o on o.id = r.organisation_id order by r.kind
"""


async def test_columns_become_relations_and_a_status_a_tenure_and_back(
    server: local_postgres.Server,
) -> None:
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("create database evolution_directory")
    dsn = server.dsn.rsplit("/", 1)[0] + "/evolution_directory"
    await migrations.upgrade("directory", dsn)
    await migrations.downgrade("directory", dsn, "0001")

    async def ask(statement: str) -> list[tuple[Any, ...]]:
        there = await asyncpg.connect(dsn)
        rows = await there.fetch(statement)
        await there.close()
        return [tuple(row) for row in rows]

    there = await asyncpg.connect(dsn)
    await there.execute(BEFORE)
    await there.close()
    await migrations.upgrade("directory", dsn)
    relations = await ask(RELATIONS)
    statuses = await ask("select status, valid_from::text, valid_to from cluster_statuses")
    timeline = await ask("select kind, effective_on::text from cluster_changes")
    made = await ask("select made_at = '2023-09-14T08:00:00Z' from appointments")
    await migrations.downgrade("directory", dsn, "0001")
    back = await ask(
        "select r.authority, c.core_college_id::text, (select count(*) from organisations)"
        " from regions r, clusters c"
    )

    # Entered at one o'clock of the second of September in Moscow.
    assert relations == [
        ("authority", "Минобр", "16", "2022-01-01", None),
        ("core_college", "Колледж", None, "2023-09-02", None),
    ]
    assert statuses == [("closed", "2023-09-02", None)]
    assert timeline == [("registered", "2023-09-02")]
    assert made == [(True,)]
    assert back == [("Минобр", "00000000-0000-0000-0000-0000000000a1", 1)]
    await connection.execute("drop database evolution_directory")
    await connection.close()
