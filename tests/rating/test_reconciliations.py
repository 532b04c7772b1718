"""Reconciliations over HTTP: asked for by ЦУР, one at a time, read by auditors."""

from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Reconciliation
from services.rating.repository import reconciliations as repository
from tests.conftest import NOW, Headers, Tokens

PATH = "/v1/reconciliations"


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin")


async def finish(session: AsyncSession) -> None:
    one = await repository.unfinished(session)
    assert one is not None
    one.finished_at = NOW
    session.add(one)
    await session.flush()


async def test_one_asked_for_waits_for_the_worker(
    client: httpx.AsyncClient, admin: Headers, token: Tokens
) -> None:
    asked = await client.post(PATH, json={}, headers=admin)

    assert asked.status_code == 201, asked.text
    found = asked.json()
    assert (found["trigger"], found["outcome"], found["requested_by"]) == (
        "request",
        "waiting",
        "cur_admin",
    )
    assert (found["finished_at"], found["as_of"], found["regions"]) == (None, None, [])
    again = await client.get(f"{PATH}/{found['id']}", headers=token("auditor"))
    assert again.json() == found


async def test_a_repetition_with_the_same_key_asks_for_nothing(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    headers = {**admin, "Idempotency-Key": "sverka-1"}
    first = await client.post(PATH, json={"rebuild": True}, headers=headers)
    second = await client.post(PATH, json={"rebuild": True}, headers=headers)
    other = await client.post(PATH, json={"rebuild": False}, headers=headers)

    assert (first.status_code, first.json()["trigger"]) == (201, "rebuild")
    assert (second.status_code, second.json()) == (201, first.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await session.exec(select(Reconciliation))).all()) == 1


async def test_there_is_one_at_a_time(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    await client.post(PATH, json={}, headers=admin)
    refused = await client.post(PATH, json={"rebuild": True}, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "reconciliation_unfinished")
    await finish(session)
    assert (await client.post(PATH, json={}, headers=admin)).status_code == 201


async def test_the_list_is_newest_first_and_paged(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    made = []
    for _ in range(3):
        made.append((await client.post(PATH, json={}, headers=admin)).json()["id"])
        await finish(session)
    first = await client.get(PATH, params={"limit": 2}, headers=admin)
    page = first.json()
    rest = await client.get(PATH, params={"cursor": page["next_cursor"]}, headers=admin)
    assert [one["id"] for one in page["items"] + rest.json()["items"]] == made[::-1]
    assert 'rel="next"' in first.headers["Link"]
    assert rest.json()["next_cursor"] is None


@pytest.mark.parametrize(
    ("body", "field"),
    [({"rebuild": "perhaps"}, "body.rebuild"), ({"rebiuld": True}, "body.rebiuld")],
)
async def test_what_is_not_understood_is_refused_by_name(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, body: Any, field: str
) -> None:
    refused = await client.post(PATH, json=body, headers=admin)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [field]
    assert await repository.unfinished(session) is None


@pytest.mark.parametrize("role", ["auditor", "cur_controller", "coordinator", "platform"])
async def test_only_the_administrator_asks(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, role: str
) -> None:
    refused = await client.post(PATH, json={}, headers=token(role))
    assert refused.status_code == 403
    assert await repository.unfinished(session) is None


@pytest.mark.parametrize("path", [PATH, f"{PATH}/{UUID(int=1)}"])
async def test_regions_and_strangers_read_nothing(
    client: httpx.AsyncClient, token: Tokens, path: str
) -> None:
    assert (await client.get(path)).status_code == 401
    for role in ("coordinator", "cluster", "platform"):
        assert (await client.get(path, headers=token(role))).status_code == 403


async def test_one_that_is_not_there_is_not_found(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    refused = await client.get(f"{PATH}/{uuid4()}", headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (404, "reconciliation_not_found")
