"""The table of permissions, kept: every operation, every role, own rows and another region's."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from fastapi import Request
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.main import app as assignments
from shared import trail
from shared.auth import Role
from shared.clients.base import ServiceClient
from shared.clock import Clock, Setting
from shared.db import async_url, conclude, get_session
from tests.assignments.directory import Clusters
from tests.assignments.register import OTHER
from tests.assignments.rows import CLAIMS, FOREIGN, HELPER, OWN, populate
from tests.conftest import NOW, Tokens, serve, sessions_of, settings_for
from tests.factories import make_addressee
from tests.permissions.matrix import Operation, Whose, World, faults, operations


@dataclass(frozen=True, slots=True)
class Stand:
    """The service over one transaction, in which the world is."""

    client: httpx.AsyncClient
    session: AsyncSession
    world: World


@pytest.fixture(scope="module")
async def stand(
    databases: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stand]:
    """Made once: each request is undone by whoever asks."""
    clusters = Clusters()
    clusters.addressees = [make_addressee(cluster_id=HELPER)]
    clock = Clock()
    clock.setting = Setting(NOW, NOW, running=False)
    settings = settings_for(
        databases["assignments"],
        oidc_token_url="http://issuer.test/token",
        object_store_url=tmp_path_factory.mktemp("files").as_uri(),
    )
    engine = create_async_engine(async_url(databases["assignments"]), poolclass=NullPool)
    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(clusters)) as http,
        engine.connect() as connection,
    ):
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:

            async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
                async with session.begin_nested():
                    trail.begin(session, request)
                    yield session
                    await conclude(session)
                session.expunge_all()

            world = await populate(session)
            assignments.dependency_overrides[get_session] = request_session
            transport = serve(
                assignments,
                settings,
                sessions=sessions_of(session),
                clock=clock,
                client=ServiceClient(http, settings),
            )
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                yield Stand(client, session, world)
            assignments.dependency_overrides.clear()
        await transaction.rollback()
    await engine.dispose()


@pytest.mark.parametrize("operation", operations(assignments), ids=str)
async def test_the_answers_are_what_the_table_says(
    stand: Stand, token: Tokens, operation: Operation
) -> None:
    found = await faults(
        operation, stand.world, client=stand.client, session=stand.session, token=token
    )
    assert found == []


# The coordinator of 16, and a cluster of 77.
BOTH: Final = {"roles": ["coordinator", "cluster"], "regions": ["16"], "clusters": [str(OTHER)]}


async def test_roles_add_their_rows_up_where_an_operation_is_open_to_both(
    stand: Stand, token: Tokens
) -> None:
    headers = token("", **BOTH)
    listed = (await stand.client.get("/v1/executions", headers=headers)).text
    assert (OWN in listed, FOREIGN in listed) == (True, True)

    # A report is the cluster's: the region of the coordinator is out of its reach.
    report = {"text": "Исполнено.", "evidence": []}
    answers = [
        await stand.client.post(f"{_execution(names)}/submit", headers=headers, json=report)
        for names in (stand.world.own, stand.world.foreign)
    ]
    assert [one.json()["code"] for one in answers] == ["execution_not_found", "action_not_allowed"]


async def test_an_assignment_of_many_regions_counts_only_ones_own(
    stand: Stand, token: Tokens
) -> None:
    query = stand.world.asks["count_executions"][Whose.OWN].query
    path = f"/v1/assignments/{query['assignment_id']}"

    for role, statuses in (
        (Role.COORDINATOR, {"acknowledged": 1}),
        (Role.CLUSTER, {"acknowledged": 1}),
        (Role.AUDITOR, {"acknowledged": 1, "in_progress": 1}),
    ):
        answer = await stand.client.get(path, headers=token(role, **CLAIMS[role]))
        assert answer.json()["statuses"] == statuses


_FILE: Final = {"kind": "file", "title": "Акт", "file_id": str(uuid4())}
_REPORT: Final = {"text": "Исполнено.", "evidence": [_FILE]}


@pytest.mark.parametrize(
    ("role", "method", "path", "body"),
    [
        (Role.COORDINATOR, "GET", "/v1/assignments/{assignment_id}", None),
        (Role.COORDINATOR, "GET", "/v1/executions/{execution_id}", None),
        (Role.COORDINATOR, "POST", "/v1/executions/{execution_id}/forward", None),
        (Role.CLUSTER, "POST", "/v1/executions/{execution_id}/submit", _REPORT),
        (Role.ASSOCIATION, "GET", "/v1/files/{file_id}", None),
        (Role.COORDINATOR, "POST", "/v1/absences/{absence_id}/end", None),
        (Role.COORDINATOR, "GET", "/v1/regions/{region}/auto-forwarding", None),
        (Role.COORDINATOR, "GET", "/v1/notifications/{notification_id}", None),
        (Role.AUDITOR, "DELETE", "/v1/views/{view_id}", None),
    ],
)
async def test_a_foreign_row_is_answered_as_one_that_is_not_there(
    stand: Stand, token: Tokens, role: Role, method: str, path: str, body: Any
) -> None:
    headers = token(role, **CLAIMS[role])
    nowhere = {name: str(uuid4()) for name in stand.world.foreign} | {"region": "99"}
    foreign, missing = [
        (
            await stand.client.request(method, path.format_map(names), headers=headers, json=body)
        ).json()
        for names in (stand.world.foreign, nowhere)
    ]
    told = ("status", "code", "title", "detail", "errors")
    assert foreign["status"] == 404
    assert [foreign[name] for name in told] == [missing[name] for name in told]


def _execution(names: Mapping[str, str]) -> str:
    return f"/v1/executions/{names['execution_id']}"
