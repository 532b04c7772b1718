"""The audit trail: every command leaves a row, and nobody takes one away unseen."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import asyncpg
import httpx
import pytest
from structlog.testing import capture_logs

from deploy.local import databases as local_databases
from deploy.local import postgres as local_postgres
from services.directory.main import app
from shared import migrations
from shared.audit import Linker, verify
from shared.clock import Clock
from shared.db import open_sessions
from tests.conftest import Headers, Tokens, serve, settings_for

SERVICE: Final = "directory"
PERSON: Final = {"full_name": "Анна Иванова", "email": "anna@example.org", "phone": "+7 843 000"}
CLUSTER: Final = {
    "code": "16-2022-01",
    "name": "Кластер «Машиностроение» № 1",
    "region": "16",
    "industry": "mechanical-engineering",
    "cohort": 2022,
}
INSERT: Final = (
    "insert into audit_log (at, actor, roles, operation, method, target, status)"
    " values (now(), $1, 'auditor', 'try', 'POST', '/', 200)"
)


@dataclass
class Trail:
    """The directory over a database of its own, entered with the rights the processes have."""

    running: str
    owning: str
    http: httpx.AsyncClient
    token: Tokens

    @property
    def admin(self) -> Headers:
        return self.token("cur_admin")

    async def sql(self, statement: str, *given: Any, owner: bool = False) -> list[Any]:
        connection = await asyncpg.connect(self.owning if owner else self.running)
        try:
            found: list[Any] = await connection.fetch(statement, *given)
        finally:
            await connection.close()
        return found

    async def link(self, linker: Linker, now: datetime | None = None) -> int:
        connection = await asyncpg.connect(self.running)
        try:
            async with connection.transaction():
                return await linker.link_waiting(connection, now or datetime.now(UTC))
        finally:
            await connection.close()

    async def fault(self, kept: tuple[int, bytes] | None = None) -> str | None:
        connection = await asyncpg.connect(self.running)
        try:
            return (await verify(connection, kept=kept)).fault
        finally:
            await connection.close()

    async def tamper(self, *statements: str) -> None:
        """As somebody who has the owner's rights, and knows about the barrier."""
        connection = await asyncpg.connect(self.owning)
        try:
            async with connection.transaction():
                for table in ("audit_log", "audit_chain"):
                    await connection.execute(f"alter table {table} disable trigger audit_refuse")
                for statement in statements:
                    await connection.execute(statement)
                for table in ("audit_log", "audit_chain"):
                    await connection.execute(f"alter table {table} enable trigger audit_refuse")
        finally:
            await connection.close()


OWNER: Final = local_databases.owner_of("audited")


@pytest.fixture(scope="module")
async def superuser(server: local_postgres.Server) -> AsyncIterator[asyncpg.Connection]:
    """The server's own; the database is made and migrated once, and copied for every test."""
    connection = await asyncpg.connect(server.dsn)
    await local_databases.ensure(server.dsn, {"audited": "run", OWNER: "own"})
    await migrations.upgrade(SERVICE, server.dsn_of(OWNER, "own", "audited"))
    await connection.execute("alter database audited rename to audited_before")
    yield connection
    await connection.execute("drop database audited_before")
    await connection.close()


@pytest.fixture
async def trail(
    server: local_postgres.Server, superuser: asyncpg.Connection, token: Tokens
) -> AsyncIterator[Trail]:
    await superuser.execute("create database audited template audited_before")
    await local_databases.ensure(server.dsn, {"audited": "run", OWNER: "own"})
    running = server.dsn_of("audited", "run", "audited")
    async with open_sessions(running) as sessions:
        transport = serve(app, settings_for(running), sessions=sessions, clock=Clock())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
            yield Trail(running, server.dsn_of(OWNER, "own", "audited"), http, token)
    await superuser.execute("drop database audited with (force)")


async def test_a_command_leaves_who_what_when_and_which_request(trail: Trail) -> None:
    before = datetime.now(UTC)
    created = await trail.http.post(
        "/v1/people",
        json=PERSON,
        headers={**trail.admin, "X-Request-ID": "asked-so", "Idempotency-Key": "k"},
    )
    assert created.status_code == 201, created.text

    found = await trail.http.get("/v1/audit", headers=trail.admin)

    (entry,) = found.json()["items"]
    assert before <= datetime.fromisoformat(entry["at"]) <= datetime.now(UTC)
    body = created.request.content
    expected = {
        "actor": "cur_admin",
        "roles": "cur_admin",
        "operation": "create_person",
        "method": "POST",
        "target": "/v1/people",
        "status": 201,
        "request_id": "asked-so",
        "body_sha256": hashlib.sha256(body).hexdigest(),
        "seq": None,
    }
    assert entry | expected == entry


async def test_a_repetition_a_refusal_and_a_reading_leave_nothing(trail: Trail) -> None:
    once = {**trail.admin, "Idempotency-Key": "one"}
    for _ in range(3):
        await trail.http.post("/v1/people", json=PERSON, headers=once)
    refused = await trail.http.post(
        "/v1/people", json={**PERSON, "email": "?"}, headers=trail.admin
    )
    foreign = await trail.http.post("/v1/people", json=PERSON, headers=trail.token("auditor"))
    await trail.http.get("/v1/people", headers=trail.admin)

    assert (refused.status_code, foreign.status_code) == (422, 403)
    assert await trail.sql("select count(*) from audit_log") == [(1,)]


async def test_nothing_personal_is_in_it(trail: Trail) -> None:
    await trail.http.post("/v1/people", json=PERSON, headers=trail.admin)

    ((row,),) = await trail.sql("select cast(l as text) from audit_log l")
    assert "create_person" in row
    assert not any(value in row for value in PERSON.values())


async def test_a_row_comes_along_with_its_event_and_falls_with_its_command(trail: Trail) -> None:
    """One statement for both, so neither is without the other; a refused command leaves none."""
    loaded = await trail.http.post("/v1/reference-data/load", headers=trail.admin)
    assert loaded.status_code == 200, loaded.text
    created = await trail.http.post("/v1/clusters", json=CLUSTER, headers=trail.admin)
    refused = await trail.http.post("/v1/clusters", json=CLUSTER, headers=trail.admin)
    assert (created.status_code, refused.status_code) == (201, 409), refused.text

    events = await trail.sql("select xmin::text, request_id from outbox order by position desc")
    rows = await trail.sql("select xmin::text, request_id, operation from audit_log order by at")
    assert [row["operation"] for row in rows] == ["load_reference_data", "create_cluster"]
    assert {tuple(event) for event in events} == {(row[0], row[1]) for row in rows}


@pytest.mark.parametrize("table", ["audit_log", "audit_chain"])
async def test_the_role_that_runs_can_only_add(trail: Trail, table: str) -> None:
    await trail.sql(INSERT, "somebody")
    await trail.link(Linker())

    for statement in (
        f"update {table} set position = 7",
        f"delete from {table}",
        f"truncate {table}",
        f"drop table {table}",
        f"alter table {table} disable trigger all",
        f"drop trigger audit_refuse on {table}",
        f"create rule gone as on insert to {table} do instead nothing",
        "create or replace function audit_refuse() returns trigger language sql as 'select 1'",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await trail.sql(statement)
    assert len(await trail.sql(f"select from {table}")) == 1


async def test_nor_does_its_owner_by_mistake(trail: Trail) -> None:
    for statement in ("update audit_log set actor = ''", "delete from audit_log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="only ever added to"):
            await trail.sql(statement, owner=True)


async def test_a_database_from_before_there_were_owners_is_handed_over(
    server: local_postgres.Server, superuser: asyncpg.Connection
) -> None:
    await superuser.execute("create role elder login password 'run'")
    await superuser.execute("create database elder owner elder")
    running = server.dsn_of("elder", "run", "elder")
    await migrations.upgrade(SERVICE, running)

    owner = local_databases.owner_of("elder")
    await local_databases.ensure(server.dsn, {"elder": "run", owner: "own"})

    connection = await asyncpg.connect(running)
    await connection.execute("update simulated_clock set running = false")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create table mine (id int)")
    await connection.close()
    await migrations.upgrade(SERVICE, server.dsn_of(owner, "own", "elder"))
    await superuser.execute("drop database elder")


async def filled(trail: Trail, rows: int = 5) -> tuple[int, bytes]:
    """So many rows, linked; gives the last link."""
    for n in range(rows):
        await trail.sql(INSERT, f"actor-{n}")
    assert await trail.link(Linker()) == rows
    ((seq, digest),) = await trail.sql(
        "select seq, hash from audit_chain order by seq desc limit 1"
    )
    return seq, digest


async def test_an_untouched_trail_holds_and_says_its_last_link(trail: Trail) -> None:
    with capture_logs() as logs:
        seq, digest = await filled(trail)

    assert await trail.fault((seq, digest)) is None
    assert [(line["seq"], line["hash"]) for line in logs] == [(5, digest.hex())]


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["update audit_log set actor = 'nobody' where actor = 'actor-2'"], "изменена"),
        (["update audit_log set at = at + interval '1 microsecond' where actor = 'actor-0'"], "из"),
        (["delete from audit_chain where seq = 3"], "нет звена 3"),
        (
            [
                "alter table audit_chain drop constraint fk_audit_chain_position",
                "delete from audit_log where actor = 'actor-3'",
            ],
            "нет записи",
        ),
        (
            ["update audit_chain set position = 9 - position where position in (4, 5)"],
            "изменена",
        ),
        (["update audit_log set recorded_at = now() - interval '1 day'"], "изменена"),
    ],
)
async def test_whoever_bends_it_is_found(trail: Trail, statements: list[str], said: str) -> None:
    await filled(trail)
    if "9 - position" in statements[0]:
        statements = [
            "alter table audit_chain drop constraint uq_audit_chain_position",
            *statements,
        ]
    await trail.tamper(*statements)

    assert said in (await trail.fault() or "")


async def test_a_cut_off_end_shows_to_whoever_kept_a_link(trail: Trail) -> None:
    kept = await filled(trail)
    await trail.tamper(
        "delete from audit_chain where seq > 3", "delete from audit_log where position > 3"
    )

    assert await trail.fault() is None
    assert "обрывается" in (await trail.fault(kept) or "")


async def test_an_end_made_anew_shows_too(trail: Trail) -> None:
    kept = await filled(trail)
    await trail.tamper(
        "delete from audit_chain where seq = 5",
        "update audit_log set actor = 'nobody' where position = 5",
    )
    await trail.link(Linker())

    assert await trail.fault() is None
    assert "не то" in (await trail.fault(kept) or "")


async def test_a_row_that_nobody_linked_shows(trail: Trail) -> None:
    await filled(trail)
    await trail.sql(INSERT, "late")
    assert await trail.fault() is None

    await trail.tamper(
        "update audit_log set recorded_at = now() - interval '11 minutes' where actor = 'late'"
    )
    assert "без звена" in (await trail.fault() or "")


async def test_rows_are_linked_whatever_the_order_of_commits(trail: Trail) -> None:
    """A position is given before its commit: one may turn up below those linked already."""
    linker = Linker()
    slow = await asyncpg.connect(trail.running)
    transaction = slow.transaction()
    await transaction.start()
    await slow.execute(INSERT, "slow")
    await trail.sql(INSERT, "quick")
    now = datetime.now(UTC)

    assert await trail.link(linker, now) == 1
    await transaction.commit()
    await slow.close()
    assert await trail.link(linker, now + timedelta(minutes=59)) == 1
    assert await trail.link(linker, now + timedelta(hours=3)) == 0
    await trail.sql(INSERT, "after")
    assert await trail.link(linker, now + timedelta(hours=4)) == 1

    assert await trail.fault() is None
    rows = await trail.sql("select position from audit_chain order by seq")
    assert [row["position"] for row in rows] == [2, 1, 3]


async def test_two_who_link_at_once_make_one_chain(trail: Trail) -> None:
    for n in range(20):
        await trail.sql(INSERT, f"actor-{n}")

    linked = await asyncio.gather(*(trail.link(Linker()) for _ in range(4)))

    assert sum(linked) == 20
    assert await trail.fault() is None


async def test_the_trail_is_filtered_and_paged(trail: Trail) -> None:
    for n in range(5):
        headers = {**trail.token("cur_admin", sub=f"admin-{n % 2}"), "X-Request-ID": f"r-{n}"}
        answer = await trail.http.post("/v1/people", json=PERSON, headers=headers)
        assert answer.status_code == 201
    await trail.link(Linker())

    async def listed(**asked: Any) -> list[Any]:
        found = await trail.http.get("/v1/audit", params=asked, headers=trail.token("auditor"))
        assert found.status_code == 200, found.text
        return [entry["request_id"] for entry in found.json()["items"]]

    first = await trail.http.get("/v1/audit", params={"limit": 2}, headers=trail.token("auditor"))
    assert [entry["seq"] for entry in first.json()["items"]] == [5, 4]
    second = await listed(limit=2, cursor=first.json()["next_cursor"])
    moment = first.json()["items"][1]["at"]

    assert second == ["r-2", "r-1"]
    assert await listed(actor="admin-1") == ["r-3", "r-1"]
    assert await listed(request_id="r-2") == ["r-2"]
    assert await listed(operation="approve_protocol") == []
    assert await listed(since=moment) == ["r-4", "r-3"]
    assert await listed(until=moment) == ["r-2", "r-1", "r-0"]


async def test_only_who_watches_reads_it(trail: Trail) -> None:
    for role in ("cur_controller", "coordinator", "cluster", "service", "platform"):
        answer = await trail.http.get("/v1/audit", headers=trail.token(role))
        assert answer.status_code == 403, role
