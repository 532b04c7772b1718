"""Channels: opened, merged into one, with members by appointments."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.mandates import MandateKind
from services.directory.models import Mandate
from shared.ids import new_id
from tests.conftest import Headers, Tokens
from tests.directory.channels.conftest import Open
from tests.directory.conftest import Create

POST = {"title": "Совещание", "text": "В среду в 10:00."}


async def _names(
    client: httpx.AsyncClient, who: Headers, channel: dict[str, Any], at: str
) -> list[str]:
    found = await client.get(f"/v1/channels/{channel['id']}/members?at={at}", headers=who)
    assert found.status_code == 200, found.text
    return [one["full_name"].split()[1] for one in found.json()["items"]]


async def test_members_follow_appointments(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    create: Create,
    opened: Open,
    appointed: None,
) -> None:
    who = token("secretary")
    unified = await opened("unified", valid_from="2023-09-18")
    cohort = await opened("cohort", cohort=2022)
    industry = await opened("industry", industry="metallurgy")

    assert await _names(client, who, unified, "2023-09-17") == []
    assert await _names(client, who, unified, "2023-09-30") == ["Белов", "Иванова", "Ли"]
    assert await _names(client, who, unified, "2023-10-01") == ["Белов", "Семёнов", "Ли"]
    assert await _names(client, who, cohort, "2023-09-30") == ["Иванова"]
    assert await _names(client, who, cohort, "2022-10-01") == []
    person = await create("people", full_name="Кира Куратор")
    [cluster] = (await client.get("/v1/clusters?region=16", headers=who)).json()["items"]
    session.add(
        Mandate(
            id=new_id(),
            association="metallurgy",
            kind=MandateKind.CURATOR,
            person_id=person["id"],
            cluster_id=cluster["id"],
            valid_from=date(2023, 10, 1),
        )
    )
    await session.flush()
    assert await _names(client, who, industry, "2023-09-30") == ["Белов", "Иванова"]
    assert await _names(client, who, industry, "2023-10-01") == ["Белов", "Семёнов", "Куратор"]


async def test_members_know_one_another_and_strangers_do_not_know_them(
    client: httpx.AsyncClient, token: Tokens, opened: Open, appointed: None
) -> None:
    cohort = await opened("cohort", cohort=2022, valid_to="2023-09-17")
    path = f"/v1/channels/{cohort['id']}/members"
    member, stranger = (token("coordinator", regions=[region]) for region in ("16", "77"))

    assert await _names(client, member, cohort, "2023-09-17") == ["Иванова"]
    refused = await client.get(f"{path}?at=2023-09-17", headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (404, "channel_not_found")
    # Nobody is in it any more, whoever asks.
    for who in (member, stranger):
        assert await _names(client, who, cohort, "2023-09-18") == []


async def test_the_cohorts_channels_become_part_of_the_unified_one_by_one_command(
    client: httpx.AsyncClient, admin: Headers, token: Tokens, opened: Open, appointed: None
) -> None:
    cohorts = [await opened("cohort", cohort=year, name=f"Чат {year}") for year in (2022, 2023)]
    unified = await opened("unified", valid_from="2023-09-18", name="Единый")
    path = f"/v1/channels/{unified['id']}/merge"

    first = await client.post(path, headers=admin, json={"on": "2023-09-18"})
    second = await client.post(path, headers=admin, json={"on": "2023-09-18"})

    assert first.status_code == 200, first.text
    assert second.json() == first.json()
    assert [
        (one["id"], one["valid_to"], one["merged_into"], one["version"])
        for one in first.json()["channels"]
    ] == [(one["id"], "2023-09-17", unified["id"], 2) for one in cohorts]
    open_now = (await client.get("/v1/channels?at=2023-09-18", headers=admin)).json()["items"]
    assert [one["id"] for one in open_now] == [unified["id"]]
    assert await _names(client, admin, cohorts[0], "2023-09-17") == ["Иванова"]
    assert await _names(client, admin, cohorts[0], "2023-09-18") == []

    refused = await client.post(
        f"/v1/channels/{cohorts[0]['id']}/posts", headers=token("secretary"), json=POST
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_merged")
    assert "с 18.09.2023 объединён с каналом «Единый»" in refused.json()["detail"]
    assert refused.json()["current"]["merged_into"] == unified["id"]
    reopened = await client.patch(
        f"/v1/channels/{cohorts[0]['id']}", headers=admin, json={"valid_to": None}
    )
    assert (reopened.status_code, reopened.json()["code"]) == (409, "channel_merged")


async def test_a_merge_that_cannot_be_is_refused_whole(
    client: httpx.AsyncClient, admin: Headers, opened: Open
) -> None:
    unified = await opened("unified", valid_from="2023-09-18")
    early = await opened("cohort", cohort=2022)
    late = await opened("cohort", cohort=2023, valid_from="2023-09-20")
    industry = await opened("industry", industry="metallurgy")
    path = f"/v1/channels/{unified['id']}/merge"
    cases = [
        (path, {"on": "2023-09-17"}, 409, "channel_merge_refused"),
        (path, {"on": "2023-09-18", "channels": [early["id"], late["id"]]}, 409, None),
        (path, {"on": "2023-09-18", "channels": [early["id"], industry["id"]]}, 409, None),
        (path, {"on": "2023-09-18", "channels": [str(UUID(int=1))]}, 404, "channel_not_found"),
        (f"/v1/channels/{early['id']}/merge", {"on": "2023-09-18"}, 409, None),
    ]
    for where, body, status, code in cases:
        refused = await client.post(where, headers=admin, json=body)
        assert (refused.status_code, refused.json()["code"]) == (
            status,
            code or "channel_merge_refused",
        )
    listed = (await client.get("/v1/channels", headers=admin)).json()["items"]
    assert {one["merged_into"] for one in listed} == {None}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "cohort"}, 422, "channel_scope_mismatch"),
        ({"kind": "unified", "cohort": 2022}, 422, "channel_scope_mismatch"),
        ({"kind": "industry", "industry": "alchemy"}, 422, "unknown_industry"),
        ({"kind": "unified", "valid_to": "2020-01-01"}, 422, "channel_dates_reversed"),
        ({"kind": "cohort", "cohort": 2022, "valid_from": "2023-01-01"}, 409, "channel_overlaps"),
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    client: httpx.AsyncClient,
    admin: Headers,
    opened: Open,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await opened("cohort", cohort=2022)
    wanted = {"name": "Чат", "valid_from": "2022-09-01", **body}
    refused = await client.post("/v1/channels", headers=admin, json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert len((await client.get("/v1/channels", headers=admin)).json()["items"]) == 1
