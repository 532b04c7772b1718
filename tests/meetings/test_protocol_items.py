"""A protocol's items: whom they reach, how they are controlled, and what is refused."""

from typing import Any

import httpx
import pytest
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import ProtocolItem
from tests.conftest import Headers
from tests.meetings.factories import (
    NOBODYS,
    cluster_id,
    item_body,
    put_item,
    read_protocol,
    schedule,
)


async def test_a_preview_says_how_many_each_item_reaches(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    selectors: list[dict[str, Any]] = [
        {},
        {"regions": ["16"]},
        {"cohorts": [2023], "industries": ["himiya"]},
        {"clusters": [str(cluster_id(3))]},
        {"clusters": [str(cluster_id(4))]},
        {"kind": "authority"},
        {"kind": "authority", "regions": ["77"]},
    ]
    for addressees in selectors:
        await put_item(client, admin, protocol_id, addressees=addressees)

    answer = await client.get(f"/v1/protocols/{protocol_id}/preview", headers=admin)

    assert answer.status_code == 200
    reached = [
        (item["position"], item["kind"], item["executions"], item["regions"])
        for item in answer.json()["items"]
    ]
    assert reached == [
        (1, "cluster", 3, 2),
        (2, "cluster", 2, 1),
        (3, "cluster", 1, 1),
        (4, "cluster", 1, 1),
        (5, "cluster", 0, 0),  # closed
        (6, "authority", 3, 3),
        (7, "authority", 1, 1),
    ]


async def test_the_same_idempotency_key_adds_one_item(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}/items"
    headers = admin | {"Idempotency-Key": "item-1", "If-Match": '"v1"'}

    first = await client.post(path, headers=headers, json=item_body())
    again = await client.post(path, headers=headers, json=item_body())

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len((await read_protocol(client, admin, protocol_id))["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"addressees": {"regions": ["16", "99"]}}, "unknown_region", "body.addressees.regions"),
        (
            {"addressees": {"kind": "authority", "regions": ["99"]}},
            "unknown_region",
            "body.addressees.regions",
        ),
        (
            {"addressees": {"clusters": [str(cluster_id(1)), NOBODYS]}},
            "unknown_cluster",
            "body.addressees.clusters",
        ),
        (
            {"addressees": {"kind": "authority", "clusters": [str(cluster_id(1))]}},
            "selector_not_for_authorities",
            "body.addressees.clusters",
        ),
        (
            {"addressees": {"kind": "authority", "cohorts": [2022]}},
            "selector_not_for_authorities",
            "body.addressees.cohorts",
        ),
        (
            {"closes_on": "coordinator_appointed"},
            "closes_on_not_for_clusters",
            "body.closes_on",
        ),
        ({"agenda_item_id": NOBODYS}, "unknown_agenda_item", "body.agenda_item_id"),
        (
            {"addressees": {"industries": ["himiya", "alchemy"]}},
            "unknown_industry",
            "body.addressees.industries",
        ),
        ({"due_on": "2035-12-31"}, "out_of_calendar", "body.due_on"),
        ({"due_on": "2019-12-31"}, "out_of_calendar", "body.due_on"),
        ({"addressees": {"regions": ["Татарстан"]}}, "invalid_request", None),
        ({"addressees": {"industries": ["Химия"]}}, "invalid_request", None),
        ({"addressees": {"cohorts": [2021]}}, "invalid_request", None),
        ({"addressees": {"cohorts": ["2022"]}}, "invalid_request", None),
        ({"addressees": {"kind": "everyone"}}, "invalid_request", None),
        ({"addressees": {"all": True}}, "invalid_request", None),
        ({"closes_on": "never"}, "invalid_request", None),
        ({"priority": "normal"}, "invalid_request", None),
        ({"due_on": "20.10.2023"}, "invalid_request", None),
        ({"due_on": "9999-12-31"}, "invalid_request", None),
        ({"text": "\u202eнаоборот"}, "invalid_request", None),
        ({"position": 1}, "invalid_request", None),
    ],
    ids=str,
)
async def test_an_item_that_cannot_be_meant_is_refused_and_changes_nothing(
    client: httpx.AsyncClient,
    admin: Headers,
    protocol_id: str,
    changes: dict[str, Any],
    code: str,
    field: str | None,
) -> None:
    item_id = await put_item(client, admin, protocol_id)
    before = await read_protocol(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}/items"

    added = await client.post(path, headers=admin, json=item_body(**changes))
    replaced = await client.put(f"{path}/{item_id}", headers=admin, json=item_body(**changes))

    for answer in (added, replaced):
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        if field:
            assert answer.json()["errors"][0]["field"] == field
    assert await read_protocol(client, admin, protocol_id) == before


@pytest.mark.parametrize("kind", ["regions", "clusters", "industries"])
async def test_a_refusal_of_the_unknown_says_that_it_may_be_too_new(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str, kind: str
) -> None:
    unknown = {
        "regions": ["97", "98", "99"],
        "clusters": [NOBODYS],
        "industries": ["alchemy"],
    }[kind]

    answer = await client.post(
        f"/v1/protocols/{protocol_id}/items",
        headers=admin,
        json=item_body(addressees={kind: unknown}),
    )

    assert ", ".join(unknown) in answer.json()["detail"]
    assert "только что, повторите запрос" in answer.json()["detail"]


async def test_a_question_of_another_meetings_agenda_is_unknown(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    other = await schedule(client, admin)
    question = await client.post(
        f"/v1/meetings/{other}/agenda-items",
        headers=admin,
        json={"kind": "operational", "text": "О другом"},
    )

    answer = await client.post(
        f"/v1/protocols/{protocol_id}/items",
        headers=admin,
        json=item_body(agenda_item_id=question.json()["id"]),
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_agenda_item")


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"control": {"term": "monthly"}}, "body.control", "unfit"),
        ({"due_on": None, "control": {"rule": "FREQ=HOURLY"}}, "body.control.rule", "unfit"),
        ({"control": {"term": "urgent"}}, "body", "unfit"),
        (
            {"control": {"co_executors": [str(cluster_id(1))]}},
            "body.control.co_executors",
            "lead_ambiguous",
        ),
        (
            {
                "addressees": {"clusters": [str(cluster_id(1))]},
                "control": {"co_executors": [str(cluster_id(900))]},
            },
            "body.control.co_executors",
            "unknown_cluster",
        ),
        (
            {"control": {"form": [{"code": "a", "title": "А", "kind": "text"}] * 2}},
            "body.control",
            "unfit",
        ),
    ],
    ids=["no day", "no such rule", "date and term", "no lead", "unknown co-executor", "one code"],
)
async def test_a_control_that_makes_no_sense_is_refused_by_field(
    client: httpx.AsyncClient,
    admin: Headers,
    protocol_id: str,
    changes: dict[str, Any],
    field: str,
    code: str,
) -> None:
    response = await client.post(
        f"/v1/protocols/{protocol_id}/items", headers=admin, json=item_body(**changes)
    )
    assert response.status_code == 422, response.text
    error = response.json()["errors"][0]
    assert (error["field"], error["code"]) == (field, code)


async def test_a_protocol_too_large_for_one_message_is_refused_while_it_is_written(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}/items"
    body = item_body(text="ы" * 10_000)
    answer = await client.post(path, headers=admin, json=body)
    added = 0

    while answer.status_code == 201:
        added += 1
        answer = await client.post(path, headers=admin, json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, "protocol_too_large")
    # 20 kB each: the whole stays under 900 kB.
    assert added == 44
    assert (await session.exec(select(func.count()).select_from(ProtocolItem))).one() == added
