"""Protocols from draft to approval, over HTTP."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import Protocol, ProtocolItem, ProtocolNumber
from shared.auth import Role
from shared.events.meetings import ProtocolApproved
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    approve,
    cluster_id,
    draft,
    hear_directory,
    hold,
    item_body,
    put_item,
    schedule,
)

NOBODYS = "0190c5a0-0000-7000-8000-00000000ffff"


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin")


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, session: AsyncSession, admin: Headers) -> str:
    """A scheduled meeting, in a programme whose directory has been heard."""
    await hear_directory(session)
    return await schedule(client, admin)


@pytest.fixture
async def protocol_id(client: httpx.AsyncClient, admin: Headers, meeting_id: str) -> str:
    """A draft without items, of a meeting that is still to be held."""
    return await draft(client, admin, meeting_id)


async def _events(session: AsyncSession) -> list[OutboxRecord]:
    return list(await session.exec(select(OutboxRecord).order_by(col(OutboxRecord.position))))


async def _read(client: httpx.AsyncClient, admin: Headers, protocol_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await client.get(f"/v1/protocols/{protocol_id}", headers=admin)).json()
    return found


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
    assert await _events(session) == []

    approved = await approve(client, admin, protocol_id)

    (record,) = await _events(session)
    event = ProtocolApproved.model_validate_json(record.data)
    read = await _read(client, admin, protocol_id)
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


async def test_the_same_idempotency_key_adds_one_item(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    path = f"/v1/protocols/{protocol_id}/items"
    headers = admin | {"Idempotency-Key": "item-1", "If-Match": '"v1"'}

    first = await client.post(path, headers=headers, json=item_body())
    again = await client.post(path, headers=headers, json=item_body())

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len((await _read(client, admin, protocol_id))["items"]) == 1


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
    before = await _read(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}/items"

    added = await client.post(path, headers=admin, json=item_body(**changes))
    replaced = await client.put(f"{path}/{item_id}", headers=admin, json=item_body(**changes))

    for answer in (added, replaced):
        assert (answer.status_code, answer.json()["code"]) == (422, code)
        if field:
            assert answer.json()["errors"][0]["field"] == field
    assert await _read(client, admin, protocol_id) == before


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
    before = await _read(client, admin, protocol_id)

    answer = await client.post(f"/v1/protocols/{protocol_id}/approve", headers=admin | now)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert await _read(client, admin, protocol_id) == before
    assert await _events(session) == []
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
    before = await _read(client, admin, protocol_id)
    path = f"/v1/protocols/{protocol_id}"

    answers = [
        await client.post(f"{path}/approve", headers=admin | AFTER),
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
    assert await _read(client, admin, protocol_id) == before
    assert len(await _events(session)) == 1


async def test_a_draft_has_nothing_to_verify(
    client: httpx.AsyncClient, admin: Headers, protocol_id: str
) -> None:
    answer = await client.get(f"/v1/protocols/{protocol_id}/verify", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "protocol_not_approved")


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
    read = await _read(client, admin, protocol_id)
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
        answer = await client.request(method, path, headers=admin)
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
    approval = await client.post(f"{path}/approve", headers=actor)

    assert reads == [200, 200, 200, 409]
    may_write = role in {Role.SECRETARY, Role.CUR_ADMIN}
    expected = [201, 201, 200, 204] if may_write else [403] * 4
    assert [answer.status_code for answer in writes] == expected
    assert approval.status_code == (200 if role is Role.CUR_ADMIN else 403)
    assert len(await _events(session)) == (1 if role is Role.CUR_ADMIN else 0)


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

    (record,) = await _events(session)
    (item,) = ProtocolApproved.model_validate_json(record.data).items
    assert (item.control.term, item.control.monthly_day) == ("monthly", 31)
    assert (item.control.points, item.control.evidence) == (("План",), "file")
    verdict = await client.get(f"/v1/protocols/{protocol_id}/verify", headers=admin)
    assert verdict.json()["matches"] is True
