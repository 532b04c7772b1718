"""A directory that has its reference data."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.conftest import Headers, Tokens
from tests.directory.associations import World

Create = Callable[..., Awaitable[dict[str, Any]]]
Ask = Callable[..., Awaitable[httpx.Response]]
CLUSTER = {
    "code": "16-2022-01",
    "name": "Кластер «Машиностроение» № 1",
    "region": "16",
    "industry": "mechanical-engineering",
    "cohort": 2022,
}


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin")


@pytest.fixture
async def loaded(client: httpx.AsyncClient, admin: Headers) -> dict[str, Any]:
    response = await client.post("/v1/reference-data/load", headers=admin)
    assert response.status_code == 200, response.text
    counts: dict[str, Any] = response.json()
    return counts


@pytest.fixture
def create(client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]) -> Create:
    """`create("clusters", code="x")`: a valid one with this difference."""
    valid: dict[str, dict[str, Any]] = {
        "clusters": CLUSTER,
        "people": {
            "full_name": "Анна Иванова",
            "email": "a@example.org",
            "phone": "+7 843 000",
        },
        "organisations": {
            "code": "kzn-1",
            "name": "Казанский колледж",
            "kind": "college",
            "level": "operational",
            "region": "16",
        },
    }

    async def make(noun: str, /, **overrides: Any) -> dict[str, Any]:
        body = {**valid[noun], **overrides}
        response = await client.post(f"/v1/{noun}", headers=admin, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
def ask(client: httpx.AsyncClient, admin: Headers) -> Ask:
    """`ask("POST", "/v1/…", {…}, at="2023-11-01")`: the administrator on that noon in Moscow."""

    async def request(
        method: str, path: str, body: Any = None, *, at: str | None = None, **headers: str
    ) -> httpx.Response:
        sent = {**admin, **headers}
        if at is not None:
            sent["X-Simulated-Now"] = f"{at}T09:00:00Z"
        return await client.request(method, path, json=body, headers=sent)

    return request


@pytest.fixture
def world(client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]) -> World:
    """The directory with its reference data, and what associations need of it."""
    return World(client, admin)


@pytest.fixture
def metallurgy(token: Tokens) -> Headers:
    return token("association", industries=["metallurgy"])
