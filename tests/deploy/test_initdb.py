"""The script that a fresh Postgres container runs: whose databases it makes, and who may enter."""

import os
import subprocess
from collections.abc import Iterator
from typing import Final

import asyncpg
import pytest

from deploy.local import postgres
from shared.migrations import SERVICES
from tests.deploy.files import ROOT, compose

SCRIPT: Final = ROOT / "deploy/initdb/10-databases.sh"
OWNERS: Final = {**{f"{name}_owner": name for name in SERVICES}, "keycloak": "keycloak"}
ROLES: Final = (*SERVICES, *OWNERS)
# A quote in it would end a literal that is put together by hand.
PASSWORDS: Final = {name: f"it's-{name}" for name in ROLES}


def variable_of(role: str) -> str:
    name = role.upper()
    return f"{name}_PASSWORD" if name.endswith("_OWNER") else f"{name}_DB_PASSWORD"


def run(server: postgres.Server, passwords: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{postgres.binaries()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
        **{variable_of(name): password for name, password in passwords.items()},
    }
    return subprocess.run(
        ["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def prepared() -> Iterator[postgres.Server]:
    with postgres.ephemeral({"max_connections": "20"}) as server:
        done = run(server, PASSWORDS)
        assert done.returncode == 0, done.stderr
        yield server


async def enter(server: postgres.Server, role: str, database: str) -> asyncpg.Connection:
    return await asyncpg.connect(
        host=server.host,
        port=server.port,
        user=role,
        password=PASSWORDS[role],
        database=database,
    )


@pytest.mark.parametrize("owner", OWNERS)
async def test_an_owner_makes_tables_in_its_own_database(
    prepared: postgres.Server, owner: str
) -> None:
    connection = await enter(prepared, owner, OWNERS[owner])

    await connection.execute("create table owned (id int)")

    assert await connection.fetchval("select current_database()") == OWNERS[owner]
    await connection.close()


@pytest.mark.parametrize("service", SERVICES)
async def test_the_role_that_runs_uses_tables_and_changes_none(
    prepared: postgres.Server, service: str
) -> None:
    owning = await enter(prepared, f"{service}_owner", service)
    await owning.execute("create table used (id bigserial primary key, text text)")
    await owning.close()

    connection = await enter(prepared, service, service)
    await connection.execute("insert into used (text) values ('one')")
    await connection.execute("update used set text = 'two'; delete from used")
    await connection.execute("create temporary table scratch (id int)")
    for statement in (
        "create table mine (id int)",
        "create extension btree_gist",
        "alter table used add column more int",
        "create index mine on used (text)",
        "drop table used",
        "truncate used",
        f"alter table used owner to {service}",
        f"set role {service}_owner",
        "create role another",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    await connection.close()


OTHERS: Final = [name for name in OWNERS.values() if name != "rating"]


@pytest.mark.parametrize("database", OTHERS)
@pytest.mark.parametrize("role", ["rating", "rating_owner"])
async def test_nobody_enters_anothers_database(
    prepared: postgres.Server, role: str, database: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await enter(prepared, role, database)


def test_without_a_password_the_script_stops() -> None:
    with postgres.ephemeral({"max_connections": "20"}) as server:
        done = run(server, {"meetings": "alone"})

    assert done.returncode != 0
    assert "DIRECTORY_DB_PASSWORD" in done.stderr


def test_compose_hands_the_script_its_passwords() -> None:
    given = compose()["postgres"]["environment"]

    assert set(map(variable_of, ROLES)) <= given.keys()
