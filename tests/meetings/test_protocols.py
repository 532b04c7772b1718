"""Protocols from draft to approval, over HTTP."""

from uuid import UUID

import httpx
import pytest
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import Protocol
from shared.auth import Role
from tests.conftest import Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    NOBODYS,
    approve,
    as_read,
    draft,
    hear_directory,
    hold,
    item_body,
    outbox,
    put_item,
    read_protocol,
    schedule,
)


async def test_a_protocol_lives_from_draft_through_editing_to_approved(
    client: httpx.AsyncClient, admin: Headers, meeting_id: str
) -> None:
    question = await client.post(
        f"/v1/meetings/{meeting_id}/agenda-items",
        headers=admin,
        json={"kind": "operational", "text": "О мастерских"},
    )
    await hold(client, admin, meeting_id)
    protocol_id = await draft(client, admin, meeting_id)
    path = f"/v1/protocols/{protocol_id}"
    first, second, third = [
        await put_item(client, admin, protocol_id, text=f"Пункт {number}") for number in (1, 2, 3)
    ]

    replaced = await client.put(
        f"{path}/items/{third}",
        headers=admin | {"If-Match": '"v4"'},
        json=item_body(
            text="Назначить координатора",
            due_on=None,
            agenda_item_id=question.json()["id"],
            closes_on="coordinator_appointed",
            addressees={"kind": "authority", "regions": ["63", "16", "63"]},
        ),
    )
    removed = await client.delete(f"{path}/items/{first}", headers=admin)
    approved = await approve(client, admin, protocol_id)
    read = await client.get(path, headers=admin)

    assert replaced.status_code == 200
    assert replaced.headers["ETag"] == '"v5"'
    assert removed.status_code == 204
    assert {name: read.json()[name] for name in approved} == approved
    assert read.headers["ETag"] == '"v7"'
    assert approved["status"] == "approved"
    assert (approved["number"], approved["year"]) == (1, 2023)
    assert approved["signed_on"] == "2023-10-04"
    assert approved["approved_at"] == "2023-10-04T12:00:00Z"
    items = read.json()["items"]
    assert [(item["id"], item["position"]) for item in items] == [(second, 1), (third, 2)]
    assert items[1]["text"] == "Назначить координатора"
    # Sorted and without repetitions, so equal selectors are equal content.
    assert items[1]["addressees"]["regions"] == ["16", "63"]


async def test_protocols_are_listed_newest_first_by_year_and_status(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    await hear_directory(session)
    ids = []
    for number in range(5):
        meeting_id = await schedule(client, admin)
        ids.append(await draft(client, admin, meeting_id))
        if number < 3:
            await put_item(client, admin, ids[-1])
            await hold(client, admin, meeting_id)
            await approve(client, admin, ids[-1])

    async def listed(query: str) -> list[str]:
        answer = await client.get(f"/v1/protocols?{query}", headers=admin)
        return [item["id"] for item in answer.json()["items"]]

    first = await client.get("/v1/protocols?limit=3", headers=admin)
    cursor = first.json()["next_cursor"]
    assert [item["id"] for item in first.json()["items"]] == ids[:1:-1]
    assert await listed(f"limit=3&cursor={cursor}") == ids[1::-1]
    assert await listed("year=2023") == ids[2::-1]
    assert await listed("year=2024") == []
    assert await listed("status=draft") == ids[:2:-1]
    assert await listed("status=approved&year=2023&limit=1") == [ids[2]]


async def test_a_meeting_has_one_protocol(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
) -> None:
    answer = await client.post("/v1/protocols", headers=admin, json={"meeting_id": meeting_id})

    assert (answer.status_code, answer.json()["code"]) == (409, "protocol_exists")
    assert (await session.exec(select(col(Protocol.id)))).all() == [UUID(protocol_id)]


async def test_a_protocol_needs_a_meeting_that_was_not_cancelled(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, meeting_id: str
) -> None:
    await client.post(
        f"/v1/meetings/{meeting_id}/cancel", headers=admin, json={"reason": "Праздник"}
    )

    cancelled = await client.post("/v1/protocols", headers=admin, json={"meeting_id": meeting_id})
    unknown = await client.post("/v1/protocols", headers=admin, json={"meeting_id": NOBODYS})

    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "meeting_cancelled")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_meeting")
    assert unknown.json()["errors"][0]["field"] == "body.meeting_id"
    assert (await session.exec(select(func.count()).select_from(Protocol))).one() == 0


async def test_what_was_made_for_an_older_version_is_refused(
    client: httpx.AsyncClient, admin: Headers, meeting_id: str, protocol_id: str
) -> None:
    item_id = await put_item(client, admin, protocol_id)
    await hold(client, admin, meeting_id)
    path = f"/v1/protocols/{protocol_id}"
    stale = admin | AFTER | {"If-Match": '"v1"'}

    answers = [
        await client.post(f"{path}/items", headers=stale, json=item_body()),
        await client.put(f"{path}/items/{item_id}", headers=stale, json=item_body()),
        await client.delete(f"{path}/items/{item_id}", headers=stale),
        await client.post(f"{path}/approve", headers=stale),
    ]

    assert {answer.json()["code"] for answer in answers} == {"version_mismatch"}
    read = await read_protocol(client, admin, protocol_id)
    assert (read["status"], read["version"], len(read["items"])) == ("draft", 2, 1)


async def test_what_is_not_there_is_not_found(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    base = f"/v1/protocols/{NOBODYS}"
    for method, path in (
        ("GET", base),
        ("GET", f"{base}/preview"),
        ("GET", f"{base}/verify"),
        ("POST", f"{base}/approve"),
        ("DELETE", f"{base}/items/{NOBODYS}"),
    ):
        answer = await client.request(method, path, headers=admin | {"If-Match": '"v1"'})
        assert (answer.status_code, answer.json()["code"]) == (404, "protocol_not_found")
    item = f"/v1/protocols/{protocol_id}/items/{NOBODYS}"
    for answer in (
        await client.put(item, headers=admin, json=item_body()),
        await client.delete(item, headers=admin),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "protocol_item_not_found")


@pytest.mark.parametrize("role", Role)
async def test_everyone_reads_the_secretary_writes_and_only_the_admin_approves(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
    role: Role,
) -> None:
    item_id = await put_item(client, admin, protocol_id)
    await put_item(client, admin, protocol_id)
    await hold(client, admin, meeting_id)
    other = await schedule(client, admin)
    path = f"/v1/protocols/{protocol_id}"
    actor = token(role) | AFTER

    reads = [
        (await client.get(url, headers=actor)).status_code
        for url in ("/v1/protocols", path, f"{path}/preview", f"{path}/verify")
    ]
    writes = [
        await client.post("/v1/protocols", headers=actor, json={"meeting_id": other}),
        await client.post(f"{path}/items", headers=actor, json=item_body()),
        await client.put(f"{path}/items/{item_id}", headers=actor, json=item_body()),
        await client.delete(f"{path}/items/{item_id}", headers=actor),
    ]
    read = await as_read(client, admin, path)
    approval = await client.post(f"{path}/approve", headers=actor | read)

    assert reads == [200, 200, 200, 409]
    may_write = role in {Role.SECRETARY, Role.CUR_ADMIN}
    expected = [201, 201, 200, 204] if may_write else [403] * 4
    assert [answer.status_code for answer in writes] == expected
    assert approval.status_code == (200 if role is Role.CUR_ADMIN else 403)
    assert len(await outbox(session)) == (1 if role is Role.CUR_ADMIN else 0)
