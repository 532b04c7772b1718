"""Valid things to start from; a test names only what it is about."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import httpx
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.control import HeardExecution
from services.meetings.repository import directory as repository
from shared.events.directory import (
    AppointmentEvent,
    AppointmentMade,
    ClusterEvent,
    ClusterRegistered,
    RegionRegistered,
)
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers

MEETING_AT: Final = "2023-10-04T10:00:00+03:00"
# The Wednesday's meeting is over, in Moscow it is still the same day.
AFTER: Final = {"X-Simulated-Now": "2023-10-04T12:00:00Z"}
NOBODYS: Final = "0190c5a0-0000-7000-8000-00000000ffff"
REGIONS: Final = ("16", "63", "77")


def cluster_id(number: int) -> UUID:
    return UUID(int=0x0190C5A000007000800000000000_0000 + number)


def region(code: str = "16", *, version: int = 1, **facts: Any) -> RegionRegistered:
    given = {
        "name": f"Регион {code}",
        "short_name": code,
        "federal_district": "Приволжский",
        "timezone": "Europe/Moscow",
        **facts,
    }
    return RegionRegistered(code=code, version=version, occurred_at=NOW, **given)


def cluster(
    number: int, *, kind: type[ClusterEvent] = ClusterRegistered, version: int = 1, **facts: Any
) -> ClusterEvent:
    given = {
        "code": f"cluster-{number}",
        "name": f"Кластер {number}",
        "region": "16",
        "industry": "mechanical-engineering",
        "cohort": 2022,
        "status": "active",
        "occurred_at": NOW,
        **facts,
    }
    return kind(cluster_id=cluster_id(number), version=version, **given)


def appointment(
    number: int,
    region: str,
    *,
    since: str = "2023-09-15",
    until: str | None = None,
    office: str = "coordinator",
    kind: type[AppointmentEvent] = AppointmentMade,
    version: int = 1,
) -> AppointmentEvent:
    return kind(
        appointment_id=UUID(int=number),
        region=region,
        office=office,
        person_id=person_id(number),
        valid_from=date.fromisoformat(since),
        valid_to=date.fromisoformat(until) if until else None,
        version=version,
        occurred_at=NOW,
    )


def person_id(number: int) -> UUID:
    return UUID(int=0x0190C5A000007000900000000000_0000 + number)


def execution(number: int, due: str, **facts: Any) -> HeardExecution:
    """One that is at work unless said otherwise."""
    given = {
        "version": 1,
        "region": "16",
        "cluster_id": cluster_id(1),
        "cohort": 2022,
        "role": "lead",
        "returned_on": None,
        "done": None,
        "status": "in_progress",
        "occurred_at": NOW,
        **facts,
    }
    return HeardExecution(execution_id=UUID(int=number), due=date.fromisoformat(due), **given)


async def hear_directory(session: AsyncSession) -> None:
    """Three regions; 16 has two clusters and one closed, 63 has one, 77 has none."""
    await repository.keep_regions(session, [region(code) for code in REGIONS])
    clusters = [
        cluster(1),
        cluster(2, cohort=2023, industry="himiya"),
        cluster(3, region="63"),
        cluster(4, status="closed"),
    ]
    await repository.keep_clusters(session, clusters)


def meeting_body(**changes: Any) -> dict[str, Any]:
    return {
        "title": "Еженедельное совещание",
        "series": "unified",
        "starts_at": MEETING_AT,
        "duration_minutes": 60,
        **changes,
    }


def series_body(**changes: Any) -> dict[str, Any]:
    return {
        "code": "unified",
        "audience": "unified",
        "title": "Еженедельное совещание с регионами",
        "rule": "FREQ=WEEKLY;BYDAY=WE",
        "starts_on": "2023-10-04",
        **changes,
    }


async def add_question(
    client: httpx.AsyncClient, actor: Headers, meeting_id: str, **changes: Any
) -> str:
    body = {"kind": "operational", "text": "О загрузке мастерских", **changes}
    answer = await client.post(f"/v1/meetings/{meeting_id}/agenda-items", headers=actor, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def agenda_of(
    client: httpx.AsyncClient, actor: Headers, meeting_id: str
) -> list[dict[str, Any]]:
    """Its questions in the order in which they are heard."""
    answer = await client.get(f"/v1/meetings/{meeting_id}/agenda", headers=actor)
    assert answer.status_code == 200, answer.text
    return [item for section in answer.json()["sections"] for item in section["items"]]


def item_body(**changes: Any) -> dict[str, Any]:
    """`addressees` may be given in part: the kind is a cluster's unless said otherwise."""
    addressees = {"kind": "cluster", **changes.pop("addressees", {})}
    return {
        "text": "Представить план загрузки мастерских.",
        "priority": "important",
        "due_on": "2023-10-20",
        "addressees": addressees,
        **changes,
    }


async def schedule(client: httpx.AsyncClient, actor: Headers, **changes: Any) -> str:
    answer = await client.post("/v1/meetings", headers=actor, json=meeting_body(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def hold(client: httpx.AsyncClient, actor: Headers, meeting_id: str) -> None:
    answer = await client.post(f"/v1/meetings/{meeting_id}/hold", headers=actor | AFTER)
    assert answer.status_code == 200, answer.text


async def draft(client: httpx.AsyncClient, actor: Headers, meeting_id: str) -> str:
    answer = await client.post("/v1/protocols", headers=actor, json={"meeting_id": meeting_id})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def put_item(
    client: httpx.AsyncClient, actor: Headers, protocol_id: str, **changes: Any
) -> str:
    answer = await client.post(
        f"/v1/protocols/{protocol_id}/items", headers=actor, json=item_body(**changes)
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def approved(client: httpx.AsyncClient, actor: Headers, **changes: Any) -> str:
    """A protocol with one item, already approved."""
    meeting_id = await schedule(client, actor)
    await hold(client, actor, meeting_id)
    protocol_id = await draft(client, actor, meeting_id)
    await put_item(client, actor, protocol_id, **changes)
    await approve(client, actor, protocol_id)
    return protocol_id


async def as_read(client: httpx.AsyncClient, actor: Headers, path: str) -> Headers:
    """`If-Match` of what stands at the path."""
    return {"If-Match": (await client.get(path, headers=actor)).headers["ETag"]}


async def approve(
    client: httpx.AsyncClient, actor: Headers, protocol_id: str, at: datetime | None = None
) -> dict[str, Any]:
    now = {"X-Simulated-Now": at.isoformat()} if at else AFTER
    path = f"/v1/protocols/{protocol_id}"
    read = await as_read(client, actor, path)
    answer = await client.post(f"{path}/approve", headers=actor | now | read)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def read_protocol(
    client: httpx.AsyncClient, actor: Headers, protocol_id: str
) -> dict[str, Any]:
    """The protocol as it is read."""
    found: dict[str, Any] = (await client.get(f"/v1/protocols/{protocol_id}", headers=actor)).json()
    return found


async def outbox(session: AsyncSession) -> list[OutboxRecord]:
    """Everything told so far, in order."""
    return list(await session.exec(select(OutboxRecord).order_by(col(OutboxRecord.position))))
