"""Who may do what, and text no database should see."""

import json
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.auth import Role
from tests.conftest import Headers, Tokens

STAFF = {Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY}
CHANNEL = f"/v1/channels/{UUID(int=4)}"
POST = f"{CHANNEL}/posts/{UUID(int=5)}"
WRITES = {
    "POST /v1/reference-data/load": {Role.CUR_ADMIN},
    "POST /v1/organisations": {Role.CUR_ADMIN},
    "POST /v1/clusters": {Role.CUR_ADMIN},
    f"PATCH /v1/clusters/{UUID(int=1)}": {Role.CUR_ADMIN},
    "POST /v1/people": {Role.CUR_ADMIN},
    "GET /v1/people": {Role.CUR_ADMIN, Role.AUDITOR},
    "POST /v1/appointments": {Role.CUR_ADMIN, Role.AUTHORITY_HEAD},
    f"POST /v1/appointments/{UUID(int=2)}/end": {Role.CUR_ADMIN},
    "GET /v1/imports": {Role.CUR_ADMIN, Role.AUDITOR},
    "POST /v1/imports": {Role.CUR_ADMIN},
    f"POST /v1/imports/{UUID(int=3)}/check": {Role.CUR_ADMIN},
    f"POST /v1/imports/{UUID(int=3)}/commit": {Role.CUR_ADMIN},
    "POST /v1/channels": {Role.CUR_ADMIN},
    f"PATCH {CHANNEL}": {Role.CUR_ADMIN},
    f"POST {CHANNEL}/merge": {Role.CUR_ADMIN},
    f"GET {CHANNEL}/targets": {Role.CUR_ADMIN, Role.AUDITOR},
    f"GET {CHANNEL}/members": STAFF
    | {Role.AUDITOR, Role.COORDINATOR, Role.DEPUTY, Role.ASSOCIATION},
    f"GET /v1/people/{UUID(int=7)}": set(Role) - {Role.OPERATOR, Role.PLATFORM},
    f"POST {CHANNEL}/targets": {Role.CUR_ADMIN},
    f"DELETE {CHANNEL}/targets/{UUID(int=6)}": {Role.CUR_ADMIN},
    f"POST {CHANNEL}/posts": STAFF | {Role.ASSOCIATION},
    f"POST {POST}/resend": STAFF | {Role.ASSOCIATION},
    f"GET {POST}": STAFF | {Role.AUDITOR, Role.COORDINATOR, Role.DEPUTY, Role.ASSOCIATION},
    f"GET {POST}/acknowledgements": STAFF | {Role.AUDITOR},
    f"GET {POST}/deliveries": STAFF | {Role.AUDITOR},
    f"POST {POST}/acknowledge": {Role.COORDINATOR, Role.DEPUTY},
    "POST /v1/addressees/resolve": {
        Role.SERVICE,
        Role.SECRETARY,
        Role.CUR_ADMIN,
        Role.CUR_CONTROLLER,
    },
    f"PATCH /v1/organisations/{UUID(int=3)}": {Role.CUR_ADMIN},
    "POST /v1/relations": {Role.CUR_ADMIN},
    f"POST /v1/relations/{UUID(int=4)}/end": {Role.CUR_ADMIN},
    **{
        f"POST /v1/clusters/{UUID(int=1)}/{step}": {Role.CUR_ADMIN}
        for step in ("activate", "reorganise", "close", "merge", "move")
    },
    "POST /v1/appointment-requests": {Role.CUR_ADMIN},
    "POST /v1/appointment-requests/remind": {Role.CUR_ADMIN},
    f"POST /v1/appointment-requests/{UUID(int=5)}/remind": {Role.CUR_ADMIN},
    "GET /v1/appointment-requests": set(Role)
    - {Role.COORDINATOR, Role.DEPUTY, Role.CLUSTER, Role.ASSOCIATION, Role.PLATFORM},
}
READS = (
    "regions",
    "regions/coverage",
    "industries",
    "organisations",
    "clusters",
    "clusters/export.csv",
    "appointments",
    "channels",
    "relations",
    "model",
    "search?q=Казань",
)
FORBIDDEN_TEXT = {"nul": "a\x00b", "bidirectional override": "a\u202eb", "surrogate": "a\ud800b"}


@pytest.mark.parametrize("route", WRITES)
async def test_what_is_not_for_everyone_is_refused_to_the_others(
    client: httpx.AsyncClient, token: Tokens, route: str
) -> None:
    method, path = route.split()
    body: dict[str, str] | None = None if method == "GET" else {}

    let_in = {
        role
        for role in Role
        if (await client.request(method, path, headers=token(role), json=body)).status_code != 403
    }

    assert let_in == WRITES[route]


@pytest.mark.parametrize("noun", READS)
async def test_the_directory_is_read_by_every_role(
    client: httpx.AsyncClient, token: Tokens, noun: str
) -> None:
    for role in Role:
        response = await client.get(f"/v1/{noun}", headers=token(role))
        assert response.status_code == 200, role


@pytest.mark.parametrize("text", FORBIDDEN_TEXT.values(), ids=FORBIDDEN_TEXT)
@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("people", {"full_name": "{}"}, "full_name"),
        ("people", {"full_name": "Анна Иванова", "email": "{}@example.org"}, "email"),
        ("people", {"full_name": "Анна Иванова", "phone": "+7 843 {}"}, "phone"),
        (
            "organisations",
            {"code": "x", "name": "{}", "kind": "college", "level": "operational"},
            "name",
        ),
    ],
)
async def test_text_nobody_types_is_refused_by_field_and_nothing_is_entered(
    client: httpx.AsyncClient,
    admin: Headers,
    path: str,
    body: dict[str, Any],
    field: str,
    text: str,
) -> None:
    # Escaped by hand: the client would refuse to encode a lone surrogate.
    content = json.dumps({**body, field: body[field].format(text)})
    headers = {**admin, "Content-Type": "application/json"}

    response = await client.post(f"/v1/{path}", headers=headers, content=content)

    assert response.status_code == 422, response.text
    assert (await client.get(f"/v1/{path}", headers=admin)).json()["items"] == []


@pytest.mark.parametrize("path", ["regions?federal_district=%00", "clusters?industry=%00"])
async def test_a_filter_with_a_nul_byte_is_refused(
    client: httpx.AsyncClient, admin: Headers, path: str
) -> None:
    response = await client.get(f"/v1/{path}", headers=admin)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
