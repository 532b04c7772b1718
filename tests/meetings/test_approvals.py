"""A protocol's approval: what it needs, what it tells, and what it seals."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import ProtocolNumber
from shared.events.meetings import ProtocolApproved
from tests.conftest import Headers
from tests.meetings.factories import (
    AFTER,
    approve,
    as_read,
    cluster_id,
    draft,
    hear_directory,
    hold,
    item_body,
    outbox,
    put_item,
    read_protocol,
    schedule,
)


async def test_approval_emits_one_event_that_carries_the_whole_protocol(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
) -> None:
    await put_item(
        client,
        admin,
        protocol_id,
        addressees={"clusters": [str(cluster_id(3)), str(cluster_id(1))], "cohorts": [2022]},
    )
    await put_item(
        client,
        admin,
        protocol_id,
        due_on=None,
        priority="urgent",
        closes_on="coordinator_appointed",
        addressees={"kind": "authority"},
    )
    await hold(client, admin, meeting_id)
    assert await outbox(session) == []

    approved = await approve(client, admin, protocol_id)

    (record,) = await outbox(session)
    event = ProtocolApproved.model_validate_json(record.data)
    read = await read_protocol(client, admin, protocol_id)
    assert (record.type, record.topic) == ("meetings.protocol.approved.v1", "meetings.protocols")
    assert (record.key, record.partition) == (protocol_id, event.partition)
    assert record.occurred_at == datetime(2023, 10, 4, 12, tzinfo=UTC)
    assert json.loads(record.data) == {
        "version": read["version"],
        "occurred_at": "2023-10-04T12:00:00Z",
        "protocol_id": protocol_id,
        **{
            name: approved[name]
            for name in (
                "meeting_id",
                "number",
                "year",
                "signed_on",
                "approved_at",
                "content_hash",
                "corrects",
                "addendum",
            )
        },
        "items": [
            {
                "item_id": item["id"],
                **{
                    name: item[name]
                    for name in (
                        "position",
                        "text",
                        "priority",
                        "due_on",
                        "addressees",
                        "closes_on",
                        "control",
                        "supersedes",
                    )
                },
            }
            for item in read["items"]
        ],
    }


async def test_a_protocol_is_signed_in_moscows_year_and_each_year_counts_from_one(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers
) -> None:
    await hear_directory(session)
    # 23:59 and 00:00 in Moscow: the same hour of UTC, two years.
    instants = [
        datetime(2023, 12, 31, 20, 58, tzinfo=UTC),
        datetime(2023, 12, 31, 20, 59, tzinfo=UTC),
        datetime(2023, 12, 31, 21, 0, tzinfo=UTC),
    ]
    numbers = []

    for instant in instants:
        meeting_id = await schedule(client, admin)
        await hold(client, admin, meeting_id)
        protocol_id = await draft(client, admin, meeting_id)
        await put_item(client, admin, protocol_id, due_on="2024-02-01")
        approved = await approve(client, admin, protocol_id, at=instant)
        numbers.append((approved["year"], approved["number"], approved["signed_on"]))

    assert numbers == [
        (2023, 1, "2023-12-31"),
        (2023, 2, "2023-12-31"),
        (2024, 1, "2024-01-01"),
    ]


async def test_an_item_due_on_the_day_of_signing_is_in_time(
    client: httpx.AsyncClient, admin: Headers, meeting_id: str, protocol_id: str
) -> None:
    await put_item(client, admin, protocol_id, due_on="2023-10-04")
    await hold(client, admin, meeting_id)

    approved = await approve(client, admin, protocol_id)

    assert approved["status"] == "approved"


@pytest.mark.parametrize(
    ("items", "held", "now", "code"),
    [
        ([{}], False, AFTER, "meeting_not_held"),
        ([], True, AFTER, "protocol_empty"),
        ([{}, {"due_on": "2023-10-03"}], True, AFTER, "due_before_signing"),
        # Half past midnight of the 5th in Moscow, still the 4th in UTC.
        (
            [{"due_on": "2023-10-04"}],
            True,
            {"X-Simulated-Now": "2023-10-04T21:30:00Z"},
            "due_before_signing",
        ),
        (
            [{"due_on": None, "control": {"rule": "FREQ=WEEKLY;BYDAY=WE;UNTIL=20231004"}}],
            True,
            AFTER,
            "series_over",
        ),
        # The fourth cluster is closed.
        (
            [
                {
                    "addressees": {"clusters": [str(cluster_id(4))]},
                    "control": {"co_executors": [str(cluster_id(1))]},
                }
            ],
            True,
            AFTER,
            "lead_not_at_work",
        ),
    ],
)
async def test_what_is_not_ready_is_not_approved_and_takes_no_number(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
    items: list[dict[str, Any]],
    held: bool,
    now: Headers,
    code: str,
) -> None:
    for changes in items:
        await put_item(client, admin, protocol_id, **changes)
    if held:
        await hold(client, admin, meeting_id)
    before = await read_protocol(client, admin, protocol_id)

    path = f"/v1/protocols/{protocol_id}"
    read = await as_read(client, admin, path)
    answer = await client.post(f"{path}/approve", headers=admin | now | read)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert await read_protocol(client, admin, protocol_id) == before
    assert await outbox(session) == []
    assert (await session.exec(select(func.count()).select_from(ProtocolNumber))).one() == 0


async def test_nothing_changes_an_approved_protocol(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
) -> None:
    item_id = await put_item(client, admin, protocol_id)
    await hold(client, admin, meeting_id)
    await approve(client, admin, protocol_id)
    before = await read_protocol(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}"

    answers = [
        await client.post(
            f"{path}/approve", headers=admin | AFTER | await as_read(client, admin, path)
        ),
        await client.post(f"{path}/items", headers=admin, json=item_body()),
        await client.put(f"{path}/items/{item_id}", headers=admin, json=item_body(text="Иное")),
        await client.delete(f"{path}/items/{item_id}", headers=admin),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (409, "protocol_already_approved"),
        (409, "protocol_immutable"),
        (409, "protocol_immutable"),
        (409, "protocol_immutable"),
    ]
    assert await read_protocol(client, admin, protocol_id) == before
    assert len(await outbox(session)) == 1


async def test_verification_matches_until_someone_goes_behind_the_databases_back(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
) -> None:
    await put_item(client, admin, protocol_id)
    await hold(client, admin, meeting_id)
    approved = await approve(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}/verify"

    honest = await client.get(path, headers=admin)
    connection = await session.connection()
    await connection.execute(text("set local session_replication_role = replica"))
    await connection.execute(text("update protocol_items set text = 'Ничего не делать.'"))
    tampered = await client.get(path, headers=admin)

    assert honest.json() == {
        "protocol_id": protocol_id,
        "content_hash": approved["content_hash"],
        "computed_hash": approved["content_hash"],
        "matches": True,
    }
    assert tampered.status_code == 200
    assert tampered.json()["matches"] is False
    assert tampered.json()["content_hash"] == approved["content_hash"]
    assert tampered.json()["computed_hash"] != approved["content_hash"]


async def test_a_draft_has_nothing_to_verify(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    answer = await client.get(f"/v1/protocols/{protocol_id}/verify", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "protocol_not_approved")


async def test_how_an_item_is_controlled_travels_with_it_and_is_sealed(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    meeting_id: str,
    protocol_id: str,
) -> None:
    control = {"term": "monthly", "monthly_day": 31, "points": ["План"], "evidence": "file"}
    await put_item(client, admin, protocol_id, due_on=None, control=control)
    await hold(client, admin, meeting_id)
    await approve(client, admin, protocol_id)

    (record,) = await outbox(session)
    (item,) = ProtocolApproved.model_validate_json(record.data).items
    assert (item.control.term, item.control.monthly_day) == ("monthly", 31)
    assert (item.control.points, item.control.evidence) == (("План",), "file")
    verdict = await client.get(f"/v1/protocols/{protocol_id}/verify", headers=admin)
    assert verdict.json()["matches"] is True
