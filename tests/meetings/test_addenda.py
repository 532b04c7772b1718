"""An approved protocol is corrected by an addendum: a sealed document of its own."""

from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.base import partition_of
from shared.events.meetings import ProtocolApproved
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.meetings.factories import (
    approve,
    approved,
    as_read,
    draft,
    hear_directory,
    item_body,
    put_item,
    schedule,
)


@pytest.fixture
async def admin(session: AsyncSession, token: Tokens) -> Headers:
    await hear_directory(session)
    return token("cur_admin")


async def _addendum(client: httpx.AsyncClient, actor: Headers, protocol_id: str) -> str:
    answer = await client.post(f"/v1/protocols/{protocol_id}/addenda", headers=actor)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def _item(client: httpx.AsyncClient, actor: Headers, protocol_id: str) -> str:
    answer = await client.get(f"/v1/protocols/{protocol_id}", headers=actor)
    return str(answer.json()["items"][0]["id"])


async def test_an_addendum_bears_its_protocols_number_and_says_what_it_replaces(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    protocol_id = await approved(client, admin)
    item_id = await _item(client, admin, protocol_id)
    first = await _addendum(client, admin, protocol_id)
    replacing = await put_item(client, admin, first, text="Иначе", supersedes=item_id)
    second = await _addendum(client, admin, protocol_id)
    await put_item(client, admin, second, text="Ещё")

    numbers = [(await approve(client, admin, one))["full_number"] for one in (second, first)]
    next_protocol = await approved(client, admin)

    # In the order of approval, not of opening; and the year's own numbers go on without a gap.
    assert numbers == ["1/2023-Д1", "1/2023-Д2"]
    third = (await client.get(f"/v1/protocols/{next_protocol}", headers=admin)).json()
    assert third["full_number"] == "2/2023"
    listed = (await client.get(f"/v1/protocols/{protocol_id}/addenda", headers=admin)).json()
    assert [one["id"] for one in listed["items"]] == [first, second]
    verdict = await client.get(f"/v1/protocols/{first}/verify", headers=admin)
    assert verdict.json()["matches"] is True
    records = (await session.exec(select(OutboxRecord).order_by(col(OutboxRecord.position)))).all()
    event = ProtocolApproved.model_validate_json(records[2].data)
    assert (event.number, event.year, event.addendum) == (1, 2023, 2)
    assert (str(event.corrects), str(event.protocol_id)) == (protocol_id, first)
    assert [(str(one.item_id), str(one.supersedes)) for one in event.items] == [
        (replacing, item_id)
    ]
    # It travels behind what it corrects.
    assert {record.partition for record in records[:3]} == {partition_of(protocol_id)}


async def test_what_an_addendum_said_can_be_replaced_by_the_next(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    protocol_id = await approved(client, admin)
    first = await _addendum(client, admin, protocol_id)
    added = await put_item(client, admin, first)
    second = await _addendum(client, admin, protocol_id)
    body = item_body(supersedes=added)

    too_early = await client.post(f"/v1/protocols/{second}/items", headers=admin, json=body)
    await approve(client, admin, first)
    in_time = await client.post(f"/v1/protocols/{second}/items", headers=admin, json=body)
    itself = await client.put(
        f"/v1/protocols/{second}/items/{in_time.json()['id']}", headers=admin, json=body
    )

    assert (too_early.status_code, too_early.json()["code"]) == (422, "supersedes_nothing")
    assert (in_time.status_code, itself.status_code) == (201, 200)
    third = await _addendum(client, admin, protocol_id)
    taken = await client.post(f"/v1/protocols/{third}/items", headers=admin, json=body)
    assert (taken.status_code, taken.json()["code"]) == (409, "item_superseded")


async def test_only_an_approved_protocol_is_corrected_and_only_by_its_own_addendum(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    protocol_id = await approved(client, admin)
    item_id = await _item(client, admin, protocol_id)
    addendum = await _addendum(client, admin, protocol_id)
    own = await draft(client, admin, await schedule(client, admin))
    foreign = await _item(client, admin, await approved(client, admin))

    async def refused(path: str, body: Any = None) -> tuple[int, str]:
        read = await as_read(client, admin, f"/v1/protocols/{path.split('/')[0]}")
        answer = await client.post(f"/v1/protocols/{path}", headers=admin | read, json=body)
        return answer.status_code, answer.json()["code"]

    assert await refused(f"{own}/addenda") == (409, "corrects_a_draft")
    assert await refused(f"{addendum}/addenda") == (409, "corrects_an_addendum")
    nothing = (422, "supersedes_nothing")
    assert await refused(f"{own}/items", item_body(supersedes=item_id)) == nothing
    assert await refused(f"{addendum}/items", item_body(supersedes=foreign)) == nothing
    assert await refused(f"{addendum}/approve") == (409, "protocol_empty")


async def test_the_heading_is_part_of_what_is_sealed(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    protocol_id = await approved(client, admin)
    addendum = await _addendum(client, admin, protocol_id)
    await put_item(client, admin, addendum)
    header = {"chair": "Смирнова А. В.", "secretary": None, "present": ["Иванов И. И."]}

    written = await client.put(
        f"/v1/protocols/{addendum}/header", headers=admin | {"If-Match": '"v2"'}, json=header
    )
    await approve(client, admin, addendum)
    late = await client.put(f"/v1/protocols/{addendum}/header", headers=admin, json=header)

    assert (written.status_code, written.headers["ETag"]) == (200, '"v3"')
    assert (late.status_code, late.json()["code"]) == (409, "protocol_immutable")
    read = (await client.get(f"/v1/protocols/{addendum}", headers=admin)).json()
    assert read["header"] == header
    verdict = await client.get(f"/v1/protocols/{addendum}/verify", headers=admin)
    assert verdict.json()["matches"] is True
