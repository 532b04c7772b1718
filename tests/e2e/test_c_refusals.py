"""The README's table of mistakes, each made on the running stack, and that nothing changed."""

from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.stack import Stack
from deploy.season.api import Api
from tests.e2e import journey

pytestmark = pytest.mark.e2e

PERSON = "0190c5a0-0000-7000-8000-000000000001"


async def _counts(stack: Stack) -> dict[str, tuple[int, int]]:
    """Rows of every table that a command may change, in all databases."""
    found = {}
    for service, tables in {
        "directory": ("clusters", "appointments", "outbox"),
        "meetings": ("protocols", "protocol_items", "outbox"),
        "assignments": ("executions", "execution_steps", "outbox"),
    }.items():
        connection = await asyncpg.connect(stack.env(service)["DATABASE_URL"])
        for table in tables:
            query = f"select count(*), coalesce(sum(hashtext(t::text)::bigint), 0) from {table} t"
            if table == "outbox":
                query = "select count(*), 0 from outbox"
            row = await connection.fetchrow(query)
            assert row is not None
            found[f"{service}.{table}"] = (row[0], row[1])
        await connection.close()
    return found


@pytest.fixture(scope="module")
async def standing(stack: Stack) -> dict[str, Any]:
    """A cluster, an approved protocol, a routed execution: things to make mistakes with."""
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        api = Api(http, stack.urls)
        if not await _has_regions(api):
            await journey.reference(api)
        await journey.coordinator_of(api)
        cluster = await journey.cluster_of(api, "refusals", journey.noon(27))
        protocol = await journey.protocol_with(
            api, [("planned", "2023-10-20")], [cluster], journey.noon(27)
        )
        (execution,) = await journey.executions_of(api, protocol["id"], 1)
        return {"cluster": cluster, "protocol": protocol["id"], "execution": execution["id"]}


async def _has_regions(api: Api) -> bool:
    return bool((await api.get("cur_admin", "directory", "/v1/regions", limit=1))["items"])


CLUSTER = {
    "code": "x",
    "name": "Кластер",
    "region": "16",
    "industry": "fuel-and-energy",
    "cohort": 2023,
}
APPOINTMENT = {"region": "16", "office": "coordinator", "valid_from": "2023-09-10"}
ITEM = {"text": "Ещё пункт", "priority": "planned", "addressees": {"kind": "cluster"}}

# what, who, method, service, path, body, status, code
MISTAKES: list[tuple[str, str, str, str, str, Any, int, str]] = [
    ("unknown region", "cur_admin", "POST", "directory", "/v1/clusters",
     {**CLUSTER, "region": "00"}, 422, "unknown_region"),
    ("overlapping appointment", "cur_admin", "POST", "directory", "/v1/appointments",
     {**APPOINTMENT, "person_id": "{person}"}, 409, "appointment_overlaps"),
    ("approving twice", "cur_admin", "POST", "meetings", "/v1/protocols/{protocol}/approve",
     None, 409, "protocol_already_approved"),
    ("approving what was not read", "cur_admin", "POST", "meetings",
     "/v1/protocols/{protocol}/approve", None, 428, "version_required"),
    ("editing an approved protocol", "secretary", "POST", "meetings",
     "/v1/protocols/{protocol}/items", ITEM, 409, "protocol_immutable"),
    ("illegal transition", "cur_controller", "POST", "assignments",
     "/v1/executions/{execution}/accept", None, 409, "action_not_allowed"),
    ("malformed JSON", "cur_admin", "POST", "directory", "/v1/clusters",
     b'{"code": ', 400, "malformed"),
    ("NaN", "cur_admin", "POST", "directory", "/v1/clusters",
     b'{"cohort": NaN}', 422, "invalid_request"),
    ("a lone surrogate", "cur_admin", "POST", "directory", "/v1/people",
     b'{"full_name": "\\ud800"}', 422, "invalid_request"),
    ("10 MB body", "cur_admin", "POST", "directory", "/v1/clusters",
     b'"' + b"x" * 10_000_000 + b'"', 413, "body_too_large"),
    ("NUL byte", "cur_admin", "POST", "directory", "/v1/clusters",
     {**CLUSTER, "name": "Кла\x00стер"}, 422, "invalid_request"),
    ("wrong token", "", "POST", "directory", "/v1/clusters", CLUSTER, 401, "unauthenticated"),
    ("wrong role", "coordinator-16", "POST", "directory", "/v1/clusters", CLUSTER, 403,
     "permission_denied"),
    ("someone else's execution", "coordinator-77", "POST", "assignments",
     "/v1/executions/{execution}/acknowledge", None, 404, "execution_not_found"),
    ("mistyped parameter", "auditor", "GET", "assignments", "/v1/executions?regoin=16", None, 422,
     "invalid_request"),
    ("a date that is none", "auditor", "GET", "rating",
     "/v1/ratings/regions?period=2023-13", None, 422, "period_invalid"),
]  # fmt: skip
MORE_HEADERS = {"approving twice": {"If-Match": '"v3"'}}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[0])
async def test_a_mistake_gets_a_clear_answer_and_changes_nothing(
    mistake: tuple[str, str, str, str, str, Any, int, str],
    api: Api,
    stack: Stack,
    standing: dict[str, Any],
) -> None:
    what, who, method, service, path, body, status, code = mistake
    person = await _person(api) if isinstance(body, dict) and "person_id" in body else PERSON
    headers = {"Authorization": f"Bearer {await api._token(who) if who else 'no.such.token'}"}
    content: dict[str, Any] = {}
    if isinstance(body, bytes):
        content = {"content": body}
        headers["Content-Type"] = "application/json"
    elif body is not None:
        content = {"json": {k: person if v == "{person}" else v for k, v in body.items()}}
    headers |= MORE_HEADERS.get(what, {})
    before = await _counts(stack)

    url = api.urls[service] + path.format(**standing)
    response = await api.http.request(method, url, headers=headers, **content)

    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["request_id"] == response.headers["x-request-id"]
    assert await _counts(stack) == before


async def _person(api: Api) -> str:
    body = {"full_name": "Пётр Сидоров"}
    return str((await api.post("cur_admin", "directory", "/v1/people", body))["id"])


def test_the_readme_shows_the_same_codes() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = {mistake[7] for mistake in MISTAKES} - {"period_invalid"}
    assert not {code for code in shown if f"`{code}`" not in readme}
