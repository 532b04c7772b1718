"""The running stack itself: a second `up`, a process that dies, a broker that comes back empty."""

import asyncio
from functools import partial

import pytest

from deploy.local.processes import SERVICES
from deploy.local.stack import Stack
from deploy.season.api import Api
from tests.e2e.conftest import eventually
from tests.e2e.journey import reference

pytestmark = pytest.mark.e2e

PROCESSES = [f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker")]


def _pids(stack: Stack) -> dict[str, int | None]:
    return {row.name: row.pid for row in stack.status()}


async def _healthy(stack: Stack) -> set[str]:
    rows = await asyncio.to_thread(stack.status)
    return {row.name for row in rows if row.healthy}


async def test_a_second_up_starts_nothing_anew(stack: Stack) -> None:
    before = _pids(stack)
    await asyncio.to_thread(stack.up)
    assert _pids(stack) == before
    assert None not in before.values()


@pytest.mark.parametrize("name", PROCESSES)
async def test_a_process_that_was_killed_comes_back(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    stack.kill(name)
    await eventually(lambda: _healthy(stack), lambda healthy: name in healthy)
    assert stack.pid(name) not in (None, before)


async def test_workers_outlive_a_broker_and_a_database_that_die(stack: Stack, api: Api) -> None:
    # This module may be the first, or the only one, that has this stack.
    await reference(api)
    for part in ("broker", "postgres"):
        stack.kill(part)
        await eventually(partial(_healthy, stack), {part, *PROCESSES}.issubset)
    await eventually(
        lambda: api.get("cur_admin", "rating", "/v1/ratings/regions"),
        lambda rating: len(rating["items"]) == 89,
    )


async def test_every_service_serves_its_documents_without_the_internet(api: Api) -> None:
    for service in SERVICES:
        url = api.urls[service]
        page = (await api.http.get(f"{url}/docs")).text
        document = (await api.http.get(f"{url}/openapi.json")).json()
        flow = document["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
        assert "https://" not in page
        assert "/static-offline-docs/swagger-ui-bundle.js" in page
        assert flow["tokenUrl"] == f"{api.urls['issuer']}/token"
        assert "asyncapi" in (await api.http.get(f"{url}/asyncapi.json")).json()
