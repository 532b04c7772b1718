"""Letters to authorities to appoint: who was asked, who answered, who is reminded."""

from typing import Any

import httpx
import pytest

from shared.auth import Role
from tests.conftest import Tokens
from tests.directory.conftest import Ask, Create

PATH = "/v1/appointment-requests"
DUE = {"due_on": "2023-10-10"}


@pytest.fixture
async def coordinator(create: Create) -> dict[str, Any]:
    person = await create("people")
    return {
        "region": "16",
        "office": "coordinator",
        "person_id": person["id"],
        "valid_from": "2023-10-05",
    }


async def _regions(ask: Ask, query: str, at: str | None = None) -> list[str]:
    answer = await ask("GET", f"{PATH}?{query}&limit=200", at=at)
    return [one["region"] for one in answer.json()["items"]]


async def test_every_vacant_region_is_asked_once_and_answers_by_appointing(
    ask: Ask, coordinator: dict[str, Any]
) -> None:
    await ask("POST", "/v1/appointments", {**coordinator, "region": "77"})

    asked = await ask("POST", PATH, {**DUE, "letter": "Письмо № 1"})
    again = await ask("POST", PATH, DUE)

    # 77 has one to come.
    assert (asked.status_code, asked.json()["requested"]) == (201, 88)
    assert (again.status_code, again.json()["code"]) == (409, "nothing_to_request")
    made = await ask("POST", "/v1/appointments", coordinator, at="2023-10-04")
    assert await _regions(ask, "answered=true") == ["16"]
    assert len(await _regions(ask, "answered=false")) == 87
    [answered] = (await ask("GET", f"{PATH}?region=16")).json()["items"]
    assert answered["answered"] is True
    assert answered["appointment_id"] == made.json()["id"]
    assert (answered["answered_at"], answered["appointed_from"]) == (
        "2023-10-04T09:00:00Z",
        "2023-10-05",
    )
    assert await _regions(ask, "overdue=true", at="2023-10-10") == []
    assert len(await _regions(ask, "overdue=true", at="2023-10-11")) == 87


async def test_a_tenure_that_was_over_is_no_answer_and_a_vacancy_is_asked_about_anew(
    ask: Ask, coordinator: dict[str, Any]
) -> None:
    past = {**coordinator, "valid_from": "2023-09-01", "valid_to": "2023-10-01"}
    asked = {**DUE, "regions": ["16"]}

    first = await ask("POST", PATH, asked)
    await ask("POST", "/v1/appointments", past)
    unanswered = await _regions(ask, "answered=false")
    brief = {**coordinator, "valid_from": "2023-10-02", "valid_to": "2023-10-06"}
    await ask("POST", "/v1/appointments", brief)
    second = await ask("POST", PATH, asked, at="2023-10-07")

    assert (first.status_code, unanswered) == (201, ["16"])
    assert second.status_code == 201
    assert await _regions(ask, "answered=true") == await _regions(ask, "answered=false") == ["16"]


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"due_on": "2023-10-01"}, 422, "due_in_past", "body.due_on"),
        ({**DUE, "regions": ["00"]}, 422, "unknown_region", "body.regions"),
        ({**DUE, "regions": ["01", "16"]}, 409, "office_not_vacant", "body.regions"),
        ({**DUE, "regions": ["77"]}, 409, "appointment_request_open", "body.regions"),
        ({**DUE, "office": "authority_head"}, 422, "invalid_request", "body.office"),
        ({**DUE, "regions": ["1"]}, 422, "invalid_request", "body.regions.0"),
    ],
)
async def test_a_refused_request_asks_nobody(
    ask: Ask,
    coordinator: dict[str, Any],
    body: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    await ask("POST", "/v1/appointments", coordinator)
    await ask("POST", PATH, {**DUE, "regions": ["77"]})

    refused = await ask("POST", PATH, body)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert refused.json()["errors"][0]["field"] == field
    assert await _regions(ask, "") == ["77"]


async def test_who_has_not_answered_is_reminded_and_counted(
    ask: Ask, coordinator: dict[str, Any]
) -> None:
    made = (await ask("POST", PATH, {**DUE, "regions": ["16", "77"]})).json()["items"]
    path = f"{PATH}/{made[0]['id']}"

    once = await ask("POST", f"{path}/remind", at="2023-10-09", **{"If-Match": '"v1"'})
    stale = await ask("POST", f"{path}/remind", **{"If-Match": '"v1"'})
    await ask("POST", "/v1/appointments", coordinator)
    answered = await ask("POST", f"{path}/remind")
    early = await ask("POST", f"{PATH}/remind", {"overdue": True}, at="2023-10-10")
    late = await ask("POST", f"{PATH}/remind", {"overdue": True}, at="2023-10-11")
    anyhow = await ask("POST", f"{PATH}/remind", {}, at="2023-10-12")

    assert (once.json()["reminders"], once.json()["reminded_at"]) == (1, "2023-10-09T09:00:00Z")
    assert (stale.status_code, answered.status_code) == (412, 409)
    assert answered.json()["code"] == "appointment_request_answered"
    assert [one.json()["reminded"] for one in (early, late, anyhow)] == [0, 1, 1]
    counted = {one["region"]: one["reminders"] for one in (await ask("GET", PATH)).json()["items"]}
    assert counted == {"16": 1, "77": 2}


@pytest.mark.parametrize("besides", [None, Role.COORDINATOR, Role.DEPUTY, Role.PLATFORM])
async def test_an_authority_sees_the_requests_of_its_own_region(
    client: httpx.AsyncClient, token: Tokens, ask: Ask, create: Create, besides: Role | None
) -> None:
    await create("people")
    made = (await ask("POST", PATH, {**DUE, "regions": ["16", "77"]})).json()["items"]
    roles = ["authority_head", *([besides] if besides else [])]
    head = token("authority_head", regions=["16"], roles=roles)

    listed = (await client.get(PATH, headers=head)).json()["items"]
    own = await client.get(f"{PATH}/{made[0]['id']}", headers=head)
    foreign = await client.get(f"{PATH}/{made[1]['id']}", headers=head)

    assert [one["region"] for one in listed] == ["16"]
    assert own.status_code == 200
    assert (foreign.status_code, foreign.json()["code"]) == (404, "appointment_request_not_found")


async def test_an_auditor_sees_all_of_them_whatever_else_they_are(
    client: httpx.AsyncClient, token: Tokens, ask: Ask, create: Create
) -> None:
    await create("people")
    await ask("POST", PATH, {**DUE, "regions": ["16", "77"]})
    both = token("auditor", regions=["16"], roles=["auditor", "authority_head"])
    listed = (await client.get(PATH, headers=both)).json()["items"]
    assert [one["region"] for one in listed] == ["16", "77"]


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.CLUSTER, Role.PLATFORM])
async def test_correspondence_is_not_for_everyone(
    client: httpx.AsyncClient, token: Tokens, role: Role
) -> None:
    answer = await client.get(PATH, headers=token(role))
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
