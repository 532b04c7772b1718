"""A small world for the tests of the register: regions, clusters, and executions to choose from."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import Execution, KnownCluster, KnownRegion
from tests.conftest import Headers
from tests.factories import CLUSTER, make_assignment, make_execution

Placed = Callable[..., Awaitable[Execution]]
PATH: Final = "/v1/executions"
OTHER: Final = UUID("0190c5a0-0000-7000-8000-0000000000bb")


def make_region(code: str, name: str, **overrides: Any) -> KnownRegion:
    defaults: dict[str, Any] = {
        "code": code,
        "name": name,
        "short_name": name,
        "federal_district": "ПФО",
        "timezone": "Europe/Moscow",
        "version": 1,
    }
    return KnownRegion(**(defaults | overrides))


def make_cluster(**overrides: Any) -> KnownCluster:
    defaults: dict[str, Any] = {
        "cluster_id": CLUSTER,
        "code": "16-2022-01",
        "name": "Кластер «Машиностроение» № 1",
        "region": "16",
        "industry": "mechanical-engineering",
        "cohort": 2022,
        "status": "active",
        "version": 1,
    }
    return KnownCluster(**(defaults | overrides))


async def furnish(session: AsyncSession) -> None:
    """Two regions and two clusters the directory has told of."""
    session.add_all(
        [
            make_region("16", "Татарстан"),
            make_region("77", "Москва", federal_district="ЦФО"),
            make_cluster(),
            make_cluster(
                cluster_id=OTHER,
                code="77-2023-01",
                name="Кластер «Лёгкая промышленность»",
                region="77",
            ),
        ]
    )
    await session.flush()


async def place(
    session: AsyncSession, *, assignment: dict[str, Any] | None = None, **overrides: Any
) -> Execution:
    """One execution of an assignment of its own."""
    given = make_assignment(**(assignment or {}))
    session.add(given)
    await session.flush()
    execution = make_execution(given, **overrides)
    session.add(execution)
    await session.flush()
    session.expunge_all()
    return execution


async def found(client: httpx.AsyncClient, headers: Headers, params: Mapping[str, Any]) -> set[str]:
    """The ids on the first page a query gives."""
    response = await client.get(PATH, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return {item["id"] for item in response.json()["items"]}


def day(number: int) -> date:
    return date(2023, 10, number)


def hour(number: int) -> datetime:
    return datetime(2023, 10, 1, number, tzinfo=UTC)
