"""Every operation of the directory × every role × own and foreign rows, as its table says."""

from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

import httpx
import pytest
from fastapi import Request
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.main import app
from services.directory.routers.channels import find_resolver
from services.directory.service.messengers import Resolve
from shared import trail
from shared.auth import Role
from shared.clock import Clock, Setting
from shared.db import async_url, conclude, get_session
from tests.conftest import NOW, Tokens, serve, sessions_of, settings_for
from tests.directory.rows import Side, build
from tests.permissions.matrix import Operation, World, faults, operations


@pytest.fixture(scope="module")
async def session(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    """One transaction for all: whatever a request writes is undone after its answer."""
    engine = create_async_engine(async_url(databases["directory"]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture(scope="module")
async def sides(session: AsyncSession) -> tuple[World, Side, Side]:
    return await build(session)


@pytest.fixture(scope="module")
def world(sides: tuple[World, Side, Side]) -> World:
    return sides[0]


@pytest.fixture(scope="module")
async def client(
    session: AsyncSession, databases: dict[str, str]
) -> AsyncIterator[httpx.AsyncClient]:
    clock = Clock()
    clock.setting = Setting(NOW, NOW, running=False)

    async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            trail.begin(session, request)
            yield session
            await conclude(session)
        session.expunge_all()

    async def nowhere(host: str) -> list[str]:
        return ["8.8.8.8"]

    async def resolver() -> Resolve:
        return nowhere

    app.dependency_overrides |= {get_session: request_session, find_resolver: resolver}
    settings = settings_for(databases["directory"])
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


@pytest.mark.parametrize("operation", operations(app), ids=str)
async def test_whoever_asks_is_answered_as_the_table_says(
    operation: Operation,
    world: World,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> None:
    assert await faults(operation, world, client=client, session=session, token=token) == []


# Written by hand, and not taken from the table.
TOLD_ALL_NAMES: Final = {
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.SECRETARY,
    Role.AUDITOR,
    Role.SERVICE,
}
TOLD_NO_NAMES: Final = {Role.OPERATOR, Role.PLATFORM}


@pytest.mark.parametrize("role", Role)
async def test_people_in_trees_are_named_to_those_who_work_with_them(
    role: Role, sides: tuple[World, Side, Side], client: httpx.AsyncClient, token: Tokens
) -> None:
    world, own, foreign = sides
    headers = token(role, **world.claims.get(role, {}))
    for side, is_named in (
        (own, role not in TOLD_NO_NAMES),
        (foreign, role in TOLD_ALL_NAMES),
    ):
        region = await client.get(f"/v1/model/regions/{side.region}", headers=headers)
        held = region.json()["coordinator"]
        industry = await client.get(f"/v1/model/industries/{side.industry}", headers=headers)
        curators = industry.json().get("curators")

        name = f"Анна из {side.region}" if is_named else None
        assert (held["person_id"], held["full_name"]) == (str(side.person), name)
        if role is Role.ASSOCIATION and side is foreign:
            assert (industry.status_code, curators) == (404, None)
        else:
            assert [one["full_name"] for one in curators] == [name]


async def test_a_proposal_is_seen_by_its_association_and_those_who_see_all(
    sides: tuple[World, Side, Side], client: httpx.AsyncClient, token: Tokens
) -> None:
    world, own, _ = sides
    seen = set()
    for role in Role:
        headers = token(role, **world.claims.get(role, {}))
        answer = await client.get("/v1/leaders?status=proposed", headers=headers)
        seen |= {role for one in answer.json()["items"] if one["id"] == str(own.proposal)}
    assert seen == {Role.CUR_ADMIN, Role.AUDITOR, Role.ASSOCIATION}


async def test_rows_of_two_roles_are_not_mixed(
    sides: tuple[World, Side, Side],
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> None:
    """Who reads a post as a coordinator does not send it out as another industry's association."""
    _, own, foreign = sides
    claims = {"regions": [foreign.region], "industries": [own.industry]}
    both = token("both", roles=["coordinator", "association"], **claims)
    post = f"/v1/channels/{foreign.channel}/posts/{foreign.post}"

    read = await client.get(post, headers=both)
    point = await session.begin_nested()
    resent = await client.post(f"{post}/resend", headers=both)
    acknowledged = await client.post(f"{post}/acknowledge", headers=both)
    await point.rollback()

    statuses = [answer.status_code for answer in (read, resent, acknowledged)]
    assert statuses == [200, 404, 200]
    assert acknowledged.json()["acknowledged"] == 1


async def test_a_foreign_row_and_a_missing_one_are_answered_alike(
    sides: tuple[World, Side, Side], client: httpx.AsyncClient, token: Tokens
) -> None:
    world, _, foreign = sides
    nobody = UUID(int=9)
    cases = (
        (Role.AUTHORITY_HEAD, "/v1/appointment-requests/{}", foreign.request, nobody),
        (Role.COORDINATOR, "/v1/people/{}", foreign.person, nobody),
        (Role.CLUSTER, "/v1/people/{}", foreign.person, nobody),
        (Role.COORDINATOR, "/v1/channels/{}/members", foreign.channel, nobody),
        (Role.DEPUTY, f"/v1/channels/{foreign.channel}/posts/{{}}", foreign.post, nobody),
        (Role.ASSOCIATION, "/v1/associations/{}", foreign.industry, "alchemy"),
        (Role.ASSOCIATION, "/v1/associations/{}/reports/2023", foreign.industry, "alchemy"),
        (Role.ASSOCIATION, "/v1/model/industries/{}", foreign.industry, "alchemy"),
        (Role.OPERATOR, "/v1/associations/chemistry/reports/{}", 2023, 2024),
    )
    for role, path, there, missing in cases:
        headers = token(role, **world.claims.get(role, {}))
        answers = [await client.get(path.format(one), headers=headers) for one in (there, missing)]
        found, absent = ((one.status_code, one.json()["code"]) for one in answers)
        assert found == absent, path
        assert found[0] == 404, path
        details = [one.json()["detail"].replace("2024", "2023") for one in answers]
        assert details[0] == details[1], path


async def test_a_refusal_says_which_roles_may(client: httpx.AsyncClient, token: Tokens) -> None:
    answer = await client.post("/v1/appointments", headers=token("auditor"), json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    assert answer.json()["detail"] == "Действие доступно ролям: authority_head, cur_admin."
