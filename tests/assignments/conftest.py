"""The assignments service over connections of its own, whose commits are real."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.local import postgres as local_postgres
from services.assignments.domain.executions import Status
from services.assignments.main import app as assignments_app
from services.assignments.models import KnownRegion, Tenure
from shared import migrations
from shared.clients.base import ServiceClient
from shared.clock import Clock
from shared.db import Sessions, open_sessions, transaction
from tests.assignments.directory import Clusters
from tests.assignments.real import World
from tests.assignments.register import furnish
from tests.assignments.stand import AUTHORITY, HELPER, THIRD, Stand, addressee
from tests.conftest import Tokens, serve, settings_for
from tests.factories import make_assignment, make_execution

Office = Callable[..., Awaitable[None]]


@pytest.fixture
def clusters() -> Clusters:
    return Clusters()


@pytest.fixture
async def to_directory(
    clusters: Clusters, databases: dict[str, str]
) -> AsyncIterator[ServiceClient]:
    settings = settings_for(databases["assignments"], oidc_token_url="http://issuer.test/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(clusters)) as http:
        yield ServiceClient(http, settings)


@asynccontextmanager
async def committed(dsn: str) -> AsyncIterator[Sessions]:
    """Sessions of their own connections, whose commits are real; emptied afterwards."""
    try:
        async with open_sessions(dsn, pool_size=40) as found:
            yield found
    finally:
        connection = await asyncpg.connect(dsn)
        await connection.execute(
            "truncate executions, execution_steps, assignments, recurrences, extensions, subtasks,"
            " absences, tenures, auto_forwarding, outbox, idempotency_keys, known_regions cascade"
        )
        await connection.execute("delete from control_policies where version > 1")
        await connection.close()


@pytest.fixture
async def sessions(databases: dict[str, str]) -> AsyncIterator[Sessions]:
    async with committed(databases["assignments"]) as found:
        yield found


@pytest.fixture
async def api(
    app: FastAPI,
    sessions: Sessions,
    databases: dict[str, str],
    clock: Clock,
    to_directory: ServiceClient,
) -> AsyncIterator[httpx.AsyncClient]:
    """The API as it runs: every request has its own connection and commits."""
    settings = settings_for(databases["assignments"])
    transport = serve(app, settings, sessions=sessions, clock=clock, client=to_directory)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
        yield found


@pytest.fixture
async def stand(
    api: httpx.AsyncClient,
    sessions: Sessions,
    clusters: Clusters,
    to_directory: ServiceClient,
    token: Tokens,
) -> Stand:
    """Three clusters and an authority in the directory, all of region 16, with a coordinator."""
    found = Stand(api, sessions, clusters, to_directory, token)
    clusters.addressees = [
        addressee(),
        addressee(HELPER),
        addressee(THIRD),
        addressee(None, **AUTHORITY),
    ]
    await found.appoint()
    return found


@pytest.fixture
async def known_region(sessions: Sessions) -> None:
    """The service has heard of region 16."""
    names = dict.fromkeys(("name", "short_name", "federal_district"), "x")
    async with transaction(sessions) as session:
        session.add(KnownRegion(code="16", timezone="Europe/Moscow", version=1, **names))


@pytest.fixture
async def furnished(session: AsyncSession) -> None:
    """The register's regions and clusters are there."""
    await furnish(session)


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


@pytest.fixture
async def moscow(session: AsyncSession) -> None:
    """The service has heard of Moscow, where an execution is due on Friday 20 October."""
    assignment = make_assignment(issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC))
    session.add(
        KnownRegion(
            code="77",
            name="Москва",
            short_name="Москва",
            federal_district="ЦФО",
            timezone="Europe/Moscow",
            version=1,
        )
    )
    session.add(assignment)
    await session.flush()
    session.add(make_execution(assignment, region="77", status=Status.IN_PROGRESS))
    await session.flush()


@pytest.fixture
def office(session: AsyncSession) -> Office:
    """`office("coordinator", PERSON)`: the person holds it, in Moscow unless said otherwise."""

    async def hold(
        name: str, person: Any, *, region: str = "77", since: date = date(2023, 9, 1)
    ) -> None:
        session.add(
            Tenure(
                appointment_id=uuid4(),
                region=region,
                office=name,
                person_id=person,
                valid_from=since,
                version=1,
            )
        )
        await session.flush()

    return hold
