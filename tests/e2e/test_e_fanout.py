"""One approved item to every cluster: some five hundred executions, whatever dies on the way."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from deploy.local.stack import Stack
from deploy.season.api import Api
from tests.e2e.conftest import eventually
from tests.e2e.journey import cluster_of, noon, reference

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CLUSTERS = 500
# The statements of one fan-out, in the order they are sent.
TABLES = ("assignments", "executions", "execution_steps", "outbox")


@pytest.fixture
async def database(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.env("assignments")["DATABASE_URL"])
    yield connection
    await connection.close()


async def _clusters(api: Api) -> list[str]:
    # In a whole run earlier journeys have loaded it, and the clock has left that day.
    if not (await api.get("cur_admin", "directory", "/v1/regions"))["items"]:
        await reference(api)
    # Those there are on the day of the protocol; other journeys have opened some later.
    day = noon(20).date().isoformat()
    known = [row["id"] for row in await _pages(api, "directory", "/v1/clusters", at=day)]
    codes = [f"16-2022-{number + 100}" for number in range(CLUSTERS - len(known))]
    made = await asyncio.gather(*(cluster_of(api, code, noon(20)) for code in codes))
    return known + made


async def _pages(api: Api, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get("cur_controller", service, path, limit=200, **params, **cursor)
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def _approved(api: Api) -> str:
    """A protocol with one item addressed to all clusters there are."""
    at = noon(20)
    meeting = {
        "title": "Совещание",
        "series": "other",
        "starts_at": noon(19).isoformat(),
        "duration_minutes": 60,
    }
    meeting = await api.post("secretary", "meetings", "/v1/meetings", meeting, at=at)
    await api.post("secretary", "meetings", f"/v1/meetings/{meeting['id']}/hold", at=at)
    body = {"meeting_id": meeting["id"]}
    protocol = await api.post("secretary", "meetings", "/v1/protocols", body, at=at)
    item = {
        "text": "Представить план загрузки мастерских",
        "priority": "important",
        "addressees": {"kind": "cluster"},
    }
    path = f"/v1/protocols/{protocol['id']}"
    await api.post("secretary", "meetings", f"{path}/items", item, at=at)
    await api.post_as_read("cur_admin", "meetings", path, "approve", at=at)
    return str(protocol["id"])


async def test_nothing_is_doubled_or_lost_when_the_worker_dies_in_the_middle(
    stack: Stack, api: Api, database: asyncpg.Connection
) -> None:
    clusters = await _clusters(api)
    assert len(clusters) == CLUSTERS
    protocol_id: str | None = None

    for table in TABLES:
        # The fan-out stands before this table's insert until the lock is let go of.
        async with database.transaction():
            await database.execute(f"lock table {table} in share mode")
            protocol_id = protocol_id or await _approved(api)
            await eventually(lambda: _waiting(database, table), bool)  # noqa: B023
            stack.kill("assignments-worker")
            assert await _of(api, protocol_id) == []

    assert protocol_id is not None
    executions = await eventually(
        lambda: _of(api, str(protocol_id)), lambda found: len(found) >= CLUSTERS
    )
    assert len(executions) == CLUSTERS
    assert {row["cluster_id"] for row in executions} == set(clusters)
    assert len({row["assignment_id"] for row in executions}) == 1
    await _every_version_is_one_event(database, [UUID(row["id"]) for row in executions])


async def _of(api: Api, protocol_id: str) -> list[dict[str, Any]]:
    return await _pages(api, "assignments", "/v1/executions", protocol_id=protocol_id)


async def _waiting(database: asyncpg.Connection, table: str) -> bool:
    """Whether an insert into the table waits for the lock this connection holds."""
    found = await database.fetchval(
        "select count(*) from pg_locks"
        " where not granted and relation = $1::regclass and mode = 'RowExclusiveLock'",
        table,
    )
    return bool(found)


async def _every_version_is_one_event(
    database: asyncpg.Connection, execution_ids: Sequence[UUID]
) -> None:
    keys = [str(execution_id) for execution_id in execution_ids]
    told = await database.fetch(
        "select key, (data::json ->> 'version')::int as version from outbox"
        " where topic = 'assignments.executions' and key = any($1)",
        keys,
    )
    steps = await database.fetch(
        "select execution_id::text as key, version from execution_steps"
        " where execution_id = any($1)",
        execution_ids,
    )
    assert sorted(map(tuple, told)) == sorted(map(tuple, steps))
    versions = await database.fetch(
        "select id::text as key, version from executions where id = any($1)", execution_ids
    )
    assert {key: version for key, version in versions} == {  # noqa: C416
        key: max(version for other, version in map(tuple, told) if other == key) for key in keys
    }
