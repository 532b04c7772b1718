import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.base import partition_of
from shared.events.directory import ClusterEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.directory.conftest import CLUSTER, Create


async def _told(session: AsyncSession) -> list[OutboxRecord]:
    statement = (
        select(OutboxRecord)
        .where(OutboxRecord.topic == ClusterEvent.topic)
        .order_by(col(OutboxRecord.position))
    )
    return list((await session.exec(statement)).all())


async def test_a_cluster_is_entered_changed_and_told_of_with_its_version(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    made = await create("clusters")
    path = f"/v1/clusters/{made['id']}"

    changed = await client.patch(
        path, headers={**admin, "If-Match": '"v1"'}, json={"name": "Кластер № 2"}
    )
    stale = await client.patch(
        path, headers={**admin, "If-Match": '"v1"'}, json={"name": "Кластер № 3"}
    )
    same = await client.patch(path, headers=admin, json={"name": "Кластер № 2"})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert same.json()["version"] == 2
    told = await _told(session)
    assert [(row.type, json.loads(row.data)["version"]) for row in told] == [
        ("directory.cluster.registered.v1", 1),
        ("directory.cluster.changed.v1", 2),
    ]
    assert {row.partition for row in told} == {partition_of("16")}


async def test_a_core_college_is_named_and_taken_away(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    college = (await create("organisations"))["id"]
    path = f"/v1/clusters/{(await create('clusters'))['id']}"

    named = await client.patch(path, headers=admin, json={"core_college_id": college})
    renamed = await client.patch(path, headers=admin, json={"name": "Кластер № 2"})
    taken = await client.patch(path, headers=admin, json={"core_college_id": None})

    found = [answer.json()["core_college_id"] for answer in (named, renamed, taken)]
    assert found == [college, college, None]
    assert len(await _told(session)) == 4


@pytest.mark.parametrize(
    ("field", "value"), [("name", None), ("status", "closed")], ids=["no name", "a command's"]
)
async def test_null_is_no_name_and_a_status_is_not_written(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    create: Create,
    field: str,
    value: str | None,
) -> None:
    path = f"/v1/clusters/{(await create('clusters'))['id']}"
    response = await client.patch(path, headers=admin, json={field: value})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, f"body.{field}")
    assert len(await _told(session)) == 1


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"region": "00"}, 422, "unknown_region"),
        ({"industry": "alchemy"}, 422, "unknown_industry"),
        ({"core_college_id": "0190c5a0-0000-7000-8000-000000000012"}, 422, "unknown_college"),
        ({}, 409, "cluster_code_taken"),
        ({"cohort": 1}, 422, "invalid_request"),
        ({"name": "Кла\x00стер"}, 422, "invalid_request"),
        ({"name": "   "}, 422, "invalid_request"),
        ({"score": 100}, 422, "invalid_request"),
    ],
)
async def test_a_bad_cluster_is_refused_and_nothing_changes(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    create: Create,
    wrong: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await create("clusters")
    body = {**CLUSTER, **({"code": "another"} if wrong else {}), **wrong}

    response = await client.post("/v1/clusters", headers=admin, json=body)

    assert (response.status_code, response.json()["code"]) == (status, code)
    listed = (await client.get("/v1/clusters", headers=admin)).json()["items"]
    assert [item["code"] for item in listed] == [CLUSTER["code"]]
    assert len(await _told(session)) == 1


async def test_the_same_key_creates_once_and_another_body_is_refused(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, loaded: dict[str, Any]
) -> None:
    headers = {**admin, "Idempotency-Key": "key-1"}

    first = await client.post("/v1/clusters", headers=headers, json=CLUSTER)
    second = await client.post("/v1/clusters", headers=headers, json=CLUSTER)
    other = await client.post("/v1/clusters", headers=headers, json={**CLUSTER, "code": "other"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(await _told(session)) == 1


async def test_a_refused_request_leaves_its_key_free(
    client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]
) -> None:
    headers = {**admin, "Idempotency-Key": "key-2"}
    refused = await client.post("/v1/clusters", headers=headers, json={**CLUSTER, "region": "00"})
    made = await client.post("/v1/clusters", headers=headers, json=CLUSTER)
    assert (refused.status_code, made.status_code) == (422, 201)


async def test_personal_data_is_for_those_who_need_it(
    client: httpx.AsyncClient, admin: Headers, token: Tokens, create: Create
) -> None:
    person = await create("people")
    path = f"/v1/people/{person['id']}"
    office = {"region": "16", "office": "coordinator", "person_id": person["id"]}
    await client.post(
        "/v1/appointments", headers=admin, json={**office, "valid_from": "2023-09-15"}
    )

    seen = (await client.get(path, headers=token("auditor"))).json()
    hidden = (await client.get(path, headers=token("coordinator", regions=["16"]))).json()
    elsewhere = await client.get(path, headers=token("coordinator", regions=["77"]))
    listed = await client.get("/v1/people", headers=token("coordinator", regions=["16"]))

    assert (seen["email"], seen["phone"]) == ("a@example.org", "+7 843 000")
    assert (hidden["full_name"], hidden["email"], hidden["phone"]) == ("Анна Иванова", None, None)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "person_not_found")
    assert listed.status_code == 403


async def test_without_a_token_nothing_is_read(client: httpx.AsyncClient) -> None:
    for path in ("/v1/clusters", "/v1/regions", "/v1/people", "/v1/events/directory.regions/0"):
        response = await client.get(path)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("query", "field"),
    [("regoin=16", "query.regoin"), ("cohort=99", "query.cohort"), ("cursor=%00", "query.cursor")],
)
async def test_a_bad_filter_names_the_parameter(
    client: httpx.AsyncClient, admin: Headers, query: str, field: str
) -> None:
    response = await client.get(f"/v1/clusters?{query}", headers=admin)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
