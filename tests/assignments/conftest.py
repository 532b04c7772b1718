"""A committed database of our own for tests that need more than one transaction."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from deploy.local import postgres as local_postgres
from services.assignments.main import app as assignments_app
from shared import migrations
from tests.assignments.real import World
from tests.conftest import Tokens


@pytest.fixture(scope="session")
def real_dsn(server: local_postgres.Server) -> str:
    """The address of a migrated database nobody else uses."""

    async def prepare() -> str:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("create database assignments_for_real")
        await connection.close()
        dsn = server.dsn.rsplit("/", 1)[0] + "/assignments_for_real"
        await migrations.upgrade("assignments", dsn)
        return dsn

    with asyncio.Runner() as runner:
        return runner.run(prepare())


@pytest.fixture(scope="module")
def world(real_dsn: str, token: Tokens) -> Iterator[World]:
    world = World(real_dsn, assignments_app, token)
    yield world
    world.close()
