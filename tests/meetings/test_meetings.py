"""Meetings and their agenda, over HTTP."""

from typing import Any

import httpx
import pytest
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import AgendaItem, Meeting
from shared.auth import Role
from tests.conftest import Headers, Tokens
from tests.meetings.factories import AFTER, hold, meeting_body, schedule

WRITERS = {Role.SECRETARY, Role.CUR_ADMIN}
NOBODYS = "0190c5a0-0000-7000-8000-00000000ffff"
AGENDA_ITEM = {"kind": "operational", "text": "О загрузке мастерских"}


async def test_a_meeting_lives_from_schedule_through_agenda_to_held(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    created = await client.post("/v1/meetings", headers=secretary, json=meeting_body())
    path = f"/v1/meetings/{created.json()['id']}"
    for kind in ("operational", "cross_cutting"):
        added = await client.post(
            f"{path}/agenda-items", headers=secretary, json={"kind": kind, "text": "Вопрос"}
        )
        assert added.status_code == 201

    held = await client.post(f"{path}/hold", headers=secretary | AFTER)
    read = await client.get(path, headers=secretary)

    assert created.status_code == 201
    assert created.json()["starts_at"] == "2023-10-04T07:00:00Z"
    assert created.json()["status"] == "scheduled"
    assert held.status_code == 200
    assert held.headers["ETag"] == read.headers["ETag"] == '"v4"'
    assert {name: read.json()[name] for name in held.json()} == held.json()
    assert read.json()["status"] == "held"
    assert read.json()["held_at"] == "2023-10-04T12:00:00Z"
    agenda = [(item["position"], item["kind"]) for item in read.json()["agenda"]]
    assert agenda == [(1, "operational"), (2, "cross_cutting")]


async def test_a_cancelled_meeting_keeps_the_reason(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)

    answer = await client.post(
        f"/v1/meetings/{meeting_id}/cancel", headers=secretary, json={"reason": "Праздник"}
    )

    assert answer.status_code == 200
    assert answer.json()["status"] == "cancelled"
    assert answer.json()["cancel_reason"] == "Праздник"
    assert answer.json()["cancelled_at"] == "2023-10-02T09:00:00Z"


async def test_meetings_are_listed_by_start_within_days_of_moscow(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    starts = {
        "late": "2023-10-05T00:00:00+03:00",
        "first": "2023-10-03T23:59:59+03:00",
        "in": "2023-10-04T00:00:00+03:00",
        "last": "2023-10-04T23:59:59+03:00",
    }
    ids = {
        name: await schedule(client, secretary, starts_at=at, series="other")
        for name, at in starts.items()
    }
    await schedule(client, secretary, starts_at=starts["in"], series="cohort-2022")

    answer = await client.get(
        "/v1/meetings",
        headers=secretary,
        params={"from": "2023-10-04", "to": "2023-10-04", "series": "other"},
    )
    everything = await client.get("/v1/meetings", headers=secretary, params={"series": "other"})

    assert [item["id"] for item in answer.json()["items"]] == [ids["in"], ids["last"]]
    in_order = [ids[name] for name in ("first", "in", "last", "late")]
    assert [item["id"] for item in everything.json()["items"]] == in_order


async def test_pages_of_meetings_miss_nothing_and_repeat_nothing(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    # Five at the same instant: the id must break the tie.
    ids = {await schedule(client, secretary, series="cohort-2024") for _ in range(5)}
    url = "/v1/meetings?series=cohort-2024&limit=2"
    seen: list[str] = []
    pages = 0

    while url:
        answer = await client.get(url, headers=secretary)
        seen += [item["id"] for item in answer.json()["items"]]
        pages += 1
        url = answer.links.get("next", {}).get("url", "")

    assert pages == 3
    assert len(seen) == 5
    assert set(seen) == ids


async def test_the_same_idempotency_key_schedules_one_meeting(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    headers = secretary | {"Idempotency-Key": "week-40"}

    first = await client.post("/v1/meetings", headers=headers, json=meeting_body())
    again = await client.post("/v1/meetings", headers=headers, json=meeting_body())

    assert again.status_code == 201
    assert again.json() == first.json()
    assert (await session.exec(select(func.count()).select_from(Meeting))).one() == 1


async def test_a_meeting_is_not_held_before_it_starts(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)

    answer = await client.post(f"/v1/meetings/{meeting_id}/hold", headers=secretary)

    assert (answer.status_code, answer.json()["code"]) == (409, "meeting_not_started")
    read = await client.get(f"/v1/meetings/{meeting_id}", headers=secretary)
    assert (read.json()["status"], read.json()["version"]) == ("scheduled", 1)


@pytest.mark.parametrize("end", ["hold", "cancel"])
@pytest.mark.parametrize(
    ("command", "body", "code"),
    [
        ("hold", None, "meeting_action_not_allowed"),
        ("cancel", {"reason": "Передумали"}, "meeting_action_not_allowed"),
        ("agenda-items", AGENDA_ITEM, "agenda_closed"),
    ],
)
async def test_nothing_changes_a_meeting_that_is_over(
    client: httpx.AsyncClient,
    secretary: Headers,
    end: str,
    command: str,
    body: dict[str, Any] | None,
    code: str,
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}"
    ending = {"reason": "Праздник"} if end == "cancel" else None
    over = await client.post(f"{path}/{end}", headers=secretary | AFTER, json=ending)
    assert over.status_code == 200

    answer = await client.post(f"{path}/{command}", headers=secretary | AFTER, json=body)

    assert (answer.status_code, answer.json()["code"]) == (409, code)
    read = await client.get(path, headers=secretary)
    assert {name: read.json()[name] for name in over.json()} == over.json()
    assert read.json()["agenda"] == []


async def test_a_command_made_for_an_older_version_is_refused(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}"
    await client.post(f"{path}/agenda-items", headers=secretary, json=AGENDA_ITEM)

    stale = await client.post(f"{path}/hold", headers=secretary | AFTER | {"If-Match": '"v1"'})
    fresh = await client.post(f"{path}/hold", headers=secretary | AFTER | {"If-Match": '"v2"'})

    assert stale.json()["code"] == "version_mismatch"
    assert fresh.status_code == 200


async def test_an_agenda_has_an_end(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}/agenda-items"
    for _ in range(100):
        added = await client.post(path, headers=secretary, json=AGENDA_ITEM)
        assert added.status_code == 201

    answer = await client.post(path, headers=secretary, json=AGENDA_ITEM)

    assert (answer.status_code, answer.json()["code"]) == (409, "agenda_full")
    assert (await session.exec(select(func.count()).select_from(AgendaItem))).one() == 100


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"/v1/meetings/{NOBODYS}"),
        ("POST", f"/v1/meetings/{NOBODYS}/hold"),
        ("POST", f"/v1/meetings/{NOBODYS}/cancel"),
        ("POST", f"/v1/meetings/{NOBODYS}/agenda-items"),
    ],
)
async def test_a_meeting_nobody_scheduled_is_not_found(
    client: httpx.AsyncClient, secretary: Headers, method: str, path: str
) -> None:
    bodies = {"cancel": {"reason": "Праздник"}, "agenda-items": AGENDA_ITEM}
    body = bodies.get(path.rsplit("/", 1)[1])

    answer = await client.request(method, path, headers=secretary, json=body)

    assert (answer.status_code, answer.json()["code"]) == (404, "meeting_not_found")


@pytest.mark.parametrize(
    "changes",
    [
        {"title": ""},
        {"title": "Совещание\x00"},
        {"title": "ы" * 301},
        {"series": "cohort-2021"},
        {"starts_at": "2023-10-04T10:00:00"},
        {"starts_at": "0001-01-01T00:00:00+14:00"},
        {"starts_at": "9999-12-31T23:59:59-14:00"},
        {"duration_minutes": 0},
        {"duration_minutes": 10**30},
        {"duration_minutes": True},
        {"status": "held"},
    ],
    ids=str,
)
async def test_a_meeting_nobody_could_mean_is_refused(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession, changes: dict[str, Any]
) -> None:
    body = meeting_body(**changes)

    answer = await client.post("/v1/meetings", headers=secretary, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert (await session.exec(select(func.count()).select_from(Meeting))).one() == 0


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("from=вчера", "invalid_request"),
        ("to=9999-12-31", "invalid_request"),
        ("from=0001-01-01", "invalid_request"),
        ("series=all", "invalid_request"),
        ("form=2023-10-04", "invalid_request"),
        ("limit=201", "invalid_request"),
        ("cursor=abc", "bad_cursor"),
        # ["2023-10-04T07:00:00", "0190c5a0-0000-7000-8000-00000000ffff"]: no time zone.
        (
            "cursor=WyIyMDIzLTEwLTA0VDA3OjAwOjAwIiwgIjAxOTBjNWEwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwZmZmZiJd",
            "bad_cursor",
        ),
    ],
)
async def test_a_list_refuses_what_it_does_not_understand(
    client: httpx.AsyncClient, secretary: Headers, query: str, code: str
) -> None:
    answer = await client.get(f"/v1/meetings?{query}", headers=secretary)

    assert (answer.status_code, answer.json()["code"]) == (422, code)


@pytest.mark.parametrize("role", Role)
async def test_everyone_reads_meetings_and_only_the_secretary_and_the_admin_organise_them(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, role: Role
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}"
    actor = token(role) | AFTER

    reads = [(await client.get(url, headers=actor)).status_code for url in (path, "/v1/meetings")]
    writes = [
        await client.post("/v1/meetings", headers=actor, json=meeting_body()),
        await client.post(f"{path}/agenda-items", headers=actor, json=AGENDA_ITEM),
        await client.post(f"{path}/hold", headers=actor),
        await client.post(f"{path}/cancel", headers=actor, json={"reason": "Праздник"}),
    ]

    assert reads == [200, 200]
    expected = [201, 201, 200, 409] if role in WRITERS else [403, 403, 403, 403]
    assert [answer.status_code for answer in writes] == expected


async def test_without_a_token_nothing_is_shown(client: httpx.AsyncClient) -> None:
    for path in ("/v1/meetings", f"/v1/meetings/{NOBODYS}", "/v1/protocols"):
        assert (await client.get(path)).status_code == 401


async def test_holding_is_seen_by_everyone_after_it(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    await hold(client, secretary, meeting_id)

    read = await client.get(f"/v1/meetings/{meeting_id}", headers=token("cluster"))

    assert read.json()["status"] == "held"
