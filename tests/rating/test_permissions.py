"""Every operation of the rating × every role × own and foreign rows, as its table says."""

from collections.abc import AsyncIterator, Sequence
from uuid import uuid4

import httpx
import pytest
from fastapi import Request
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.live import Board
from services.rating.main import app as rating
from services.rating.routers.subscriptions import resolver
from services.rating.webhooks.targets import Resolve
from shared import trail
from shared.clock import Clock, Setting
from shared.db import async_url, conclude, get_session
from tests.conftest import Tokens, serve, sessions_of, settings_for
from tests.permissions.matrix import Operation, World, faults, operations
from tests.rating import rows
from tests.rating.letters import directory
from tests.rating.slices import LATER
from tests.rating.test_page import row


class Closing(Board):
    """A board whose streams end, as those of a server that is to stop."""

    async def watch(self, last_id: str | None) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n"


@pytest.fixture(scope="module")
async def session(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    """One transaction for all: each request is undone after its answer."""
    engine = create_async_engine(async_url(databases["rating"]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture(scope="module")
async def world(session: AsyncSession) -> World:
    return await rows.build(session)


@pytest.fixture(scope="module")
async def client(
    session: AsyncSession, databases: dict[str, str]
) -> AsyncIterator[httpx.AsyncClient]:
    async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            trail.begin(session, request)
            yield session
            await conclude(session)

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == rows.RECEIVER
        return ["93.184.215.14"]

    def found() -> Resolve:
        return resolve

    clock = Clock()
    clock.setting = Setting(LATER, LATER, running=False)
    board = Closing()
    head = {"period": "2023-11", "as_of": LATER.isoformat(), "complete_through": None}
    numbers = {"methodology": "РЭРУ-1", "methodology_version": 1, "mu_bp": 8000}
    board.show(head | numbers, [row("16", "Татарстан")], 1)
    rating.dependency_overrides |= {get_session: request_session, resolver: found}
    async with directory(databases) as neighbour:
        transport = serve(
            rating,
            settings_for(databases["rating"]),
            sessions=sessions_of(session),
            clock=clock,
            client=neighbour,
            board=board,
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            yield client
    rating.dependency_overrides.clear()


@pytest.mark.parametrize("operation", operations(rating), ids=str)
async def test_answers_are_what_the_table_says(
    operation: Operation,
    world: World,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> None:
    assert await faults(operation, world, client=client, session=session, token=token) == []


async def test_a_role_that_reads_all_lends_nothing_to_one_that_acts(
    world: World, client: httpx.AsyncClient, token: Tokens
) -> None:
    head = token("authority_head", roles=["authority_head", "auditor"], regions=["16"])
    letter = "/v1/slices/{slice_id}/letters/{code}".format_map(world.foreign)
    assert (await client.get(letter, headers=head)).status_code == 200
    assert (await client.post(f"{letter}/acknowledge", headers=head)).status_code == 404

    platform = token("platform", roles=["platform", "auditor"])
    path = "/v1/subscriptions/{subscription_id}".format_map(world.foreign)
    assert (await client.get(path, headers=platform)).status_code == 200
    assert (await client.delete(path, headers=platform)).status_code == 404


async def test_rows_of_several_roles_add_up_and_claims_without_their_role_give_none(
    world: World, client: httpx.AsyncClient, token: Tokens
) -> None:
    own, foreign = (
        "/v1/ratings/clusters/{cluster_id}/explanation".format_map(names)
        for names in (world.own, world.foreign)
    )
    claims = {"clusters": [world.own["cluster_id"]], "regions": [world.foreign["code"]]}

    async def seen(*roles: str) -> list[int]:
        headers = token("several", roles=roles, **claims)
        return [(await client.get(path, headers=headers)).status_code for path in (own, foreign)]

    assert await seen("cluster", "coordinator") == [200, 200]
    assert await seen("cluster") == [200, 404]
    assert await seen("coordinator") == [404, 200]
    assert await seen("association") == [404, 404]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/appeals/{appeal_id}", "appeal_id"),
        ("/v1/ratings/regions/{code}/explanation", "code"),
        ("/v1/ratings/clusters/{cluster_id}/explanation", "cluster_id"),
        ("/v1/slices/{slice_id}/letters/{code}", "code"),
    ],
)
async def test_a_foreign_row_is_refused_as_one_there_is_not(
    world: World, client: httpx.AsyncClient, token: Tokens, path: str, name: str
) -> None:
    nothing = {"code": "99"}.get(name, str(uuid4()))
    region = token("coordinator", regions=[world.own["code"]])
    foreign, missing = [
        (await client.get(path.format_map(names), headers=region)).json()
        for names in (world.foreign, {**world.foreign, name: nothing})
    ]
    for problem in (foreign, missing):
        del problem["instance"], problem["request_id"]
    assert foreign["status"] == 404
    assert foreign == missing
