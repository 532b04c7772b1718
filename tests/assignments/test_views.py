"""Filters and orders of the register saved under a name."""

from typing import Any

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Status
from tests.assignments.register import PATH, day, place
from tests.conftest import Headers, Tokens

pytestmark = pytest.mark.usefixtures("furnished")


async def _save(
    client: httpx.AsyncClient, headers: Headers, filter: dict[str, Any], **more: Any
) -> httpx.Response:
    body = {"name": "Моё", "filter": filter, **more}
    return await client.post("/v1/views", json=body, headers=headers)


async def test_a_saved_order_is_used_and_what_is_said_wins(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    late = await place(session, region="77", status=Status.RETURNED, due=day(25))
    early = await place(session, region="77", status=Status.RETURNED, due=day(24))
    other = await place(session, status=Status.RETURNED)
    headers = token("auditor")
    filter = {"region": "77", "status": ["returned", "routed"]}
    saved = await _save(client, headers, filter, sort="-due")
    assert saved.status_code == 201, saved.text
    assert (saved.json()["filter"], saved.json()["sort"]) == (filter, "-due")
    view = saved.json()["id"]

    def listed(**params: Any) -> Any:
        return client.get(PATH, params={"view": view, **params}, headers=headers)

    rows = [row["id"] for row in (await listed()).json()["items"]]
    assert rows == [str(late.id), str(early.id)]
    rows = [row["id"] for row in (await listed(region="16")).json()["items"]]
    assert rows == [str(other.id)]
    rows = [row["id"] for row in (await listed(sort="due")).json()["items"]]
    assert rows == [str(early.id), str(late.id)]
    first = await listed(limit=1)
    following = await client.get(first.links["next"]["url"], headers=headers)
    assert [row["id"] for row in following.json()["items"]] == [str(early.id)]
    counters = await client.get(f"{PATH}/counters", params={"view": view}, headers=headers)
    assert counters.json()["total"] == 2


async def test_a_saved_order_is_its_owners_alone(client: httpx.AsyncClient, token: Tokens) -> None:
    mine, other = token("auditor", sub="a"), token("auditor", sub="b")
    view = (await _save(client, mine, {"overdue": True})).json()["id"]

    used = await client.get(PATH, params={"view": view}, headers=other)
    deleted = await client.delete(f"/v1/views/{view}", headers=other)
    listed = await client.get("/v1/views", headers=other)
    same_name = await _save(client, other, {})

    assert (used.status_code, used.json()["code"]) == (404, "view_not_found")
    assert (deleted.status_code, deleted.json()["code"]) == (404, "view_not_found")
    assert listed.json() == {"items": []}
    assert same_name.status_code == 201
    assert [one["id"] for one in (await client.get("/v1/views", headers=mine)).json()["items"]] == [
        view
    ]
    assert (await client.delete(f"/v1/views/{view}", headers=mine)).status_code == 204
    assert (await client.get("/v1/views", headers=mine)).json() == {"items": []}


async def test_a_saved_name_is_unique_and_a_repetition_is_answered_alike(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    headers = token("auditor")
    once = {**headers, "Idempotency-Key": "k1"}
    first = await _save(client, once, {})
    again = await _save(client, once, {})
    taken = await _save(client, headers, {"overdue": True})

    assert first.json() == again.json()
    assert (taken.status_code, taken.json()["code"]) == (409, "view_name_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "filter": {}}, "body.name"),
        ({"name": "я" * 101, "filter": {}}, "body.name"),
        ({"name": "x", "filter": {"colour": "red"}}, "body.filter.colour"),
        ({"name": "x", "filter": {"region": "1"}}, "body.filter.region"),
        ({"name": "x", "filter": {"q": "\x00"}}, "body.filter.q"),
        ({"name": "x", "filter": {}, "sort": "name"}, "body.sort"),
        ({"name": "x"}, "body.filter"),
    ],
)
async def test_a_saved_filter_is_checked_like_any(
    client: httpx.AsyncClient, token: Tokens, body: dict[str, Any], field: str
) -> None:
    response = await client.post("/v1/views", json=body, headers=token("auditor"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
