"""Channels, the people in them, and messengers on this machine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from ipaddress import ip_address
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.routers.channels import find_resolver
from services.directory.service.messengers import Resolve
from shared import trail
from shared.clock import Clock
from shared.db import conclude, get_session
from shared.settings import ServiceSettings
from tests.conftest import Headers, serve, sessions_of, settings_for
from tests.directory.conftest import Create

Open = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture
def settings(databases: dict[str, str]) -> ServiceSettings:
    return settings_for(databases["directory"], webhook_private_networks=["127.0.0.1/32"])


async def _resolve(host: str) -> list[str]:
    """Without a name server: an address is itself, and no name is known."""
    try:
        return [str(ip_address(host))]
    except ValueError as error:
        raise OSError from error


@pytest.fixture
async def client(
    app: FastAPI, session: AsyncSession, settings: ServiceSettings, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            trail.begin(session, request)
            yield session
            await conclude(session)
        session.expunge_all()

    async def resolver() -> Resolve:
        return _resolve

    app.dependency_overrides[get_session] = request_session
    app.dependency_overrides[find_resolver] = resolver
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def opened(client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]) -> Open:
    async def make(kind: str, **values: Any) -> dict[str, Any]:
        body = {"kind": kind, "name": f"Канал {kind}", "valid_from": "2022-09-01", **values}
        response = await client.post("/v1/channels", headers=admin, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
async def appointed(client: httpx.AsyncClient, admin: Headers, create: Create) -> None:
    """Coordinators of Tatarstan (until 30 September, then another) and Moscow, and a deputy."""
    tenures = (
        ("16", "coordinator", "Анна Иванова", "2023-01-01", "2023-09-30"),
        ("16", "coordinator", "Пётр Семёнов", "2023-10-01", None),
        ("16", "deputy", "Ольга Ли", "2023-01-01", None),
        ("77", "coordinator", "Иван Белов", "2023-01-01", None),
        ("77", "authority_head", "Илья Чернов", "2023-01-01", None),
    )
    for region, office, name, since, until in tenures:
        person = await create("people", full_name=name)
        body = {
            "region": region,
            "office": office,
            "person_id": person["id"],
            "valid_from": since,
            "valid_to": until,
        }
        made = await client.post("/v1/appointments", headers=admin, json=body)
        assert made.status_code == 201, made.text
    await create("clusters", code="16-1", since="2022-09-01", cohort=2022, industry="metallurgy")
    await create(
        "clusters", code="77-1", since="2022-09-01", cohort=2023, region="77", industry="metallurgy"
    )
    await create(
        "clusters", code="77-2", since="2022-09-01", cohort=2022, region="77", status="planned"
    )
