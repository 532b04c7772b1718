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
OWNERS: Final = (*SERVICES, "keycloak")
# A quote in it would end a literal that is put together by hand.
PASSWORDS: Final = {name: f"it's-{name}" for name in OWNERS}


def run(server: postgres.Server, passwords: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": f"{postgres.binaries()}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": server.host,
        "PGPORT": str(server.port),
        "PGPASSWORD": server.password,
        **{f"{name.upper()}_DB_PASSWORD": password for name, password in passwords.items()},
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


@pytest.mark.parametrize("name", OWNERS)
async def test_an_owner_makes_tables_in_its_own_database(
    prepared: postgres.Server, name: str
) -> None:
    connection = await enter(prepared, name, name)

    await connection.execute("create table proof (id int)")

    assert await connection.fetchval("select current_database()") == name
    await connection.close()


@pytest.mark.parametrize("database", [name for name in OWNERS if name != "rating"])
async def test_nobody_enters_anothers_database(prepared: postgres.Server, database: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await enter(prepared, "rating", database)


def test_without_a_password_the_script_stops() -> None:
    with postgres.ephemeral({"max_connections": "20"}) as server:
        done = run(server, {"meetings": "alone"})

    assert done.returncode != 0
    assert "DIRECTORY_DB_PASSWORD" in done.stderr


def test_compose_hands_the_script_its_passwords() -> None:
    given = compose()["postgres"]["environment"]

    assert {f"{name.upper()}_DB_PASSWORD" for name in OWNERS} <= given.keys()
