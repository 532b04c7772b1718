import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import AppointmentOverlaps, Office
from services.directory.models import Person, Region
from services.directory.schemas.appointments import AppointmentCreate
from services.directory.service import appointments as service
from shared.auth import Actor, Role, Rows
from shared.db import open_sessions, transaction
from shared.events.directory import AppointmentEvent
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.directory.conftest import Create


@pytest.fixture
async def body(create: Create) -> dict[str, Any]:
    person = await create("people")
    return {
        "region": "16",
        "office": "coordinator",
        "person_id": person["id"],
        "valid_from": "2023-09-15",
        "valid_to": "2023-10-15",
    }


@pytest.mark.parametrize(
    ("valid_from", "valid_to"),
    [
        ("2023-09-15", "2023-10-15"),
        ("2023-10-15", None),
        ("2023-09-01", "2023-09-15"),
        ("2023-01-01", None),
        ("2023-09-20", "2023-09-20"),
    ],
)
async def test_an_overlap_is_refused_and_says_whom_it_overlaps(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    body: dict[str, Any],
    valid_from: str,
    valid_to: str | None,
) -> None:
    await client.post("/v1/appointments", headers=admin, json=body)
    overlapping = {**body, "valid_from": valid_from, "valid_to": valid_to}

    response = await client.post("/v1/appointments", headers=admin, json=overlapping)

    assert (response.status_code, response.json()["code"]) == (409, "appointment_overlaps")
    assert "с 15.09.2023 по 15.10.2023" in response.json()["detail"]
    told = select(OutboxRecord).where(OutboxRecord.topic == AppointmentEvent.topic)
    assert len((await session.exec(told)).all()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"valid_from": "2023-10-16", "valid_to": None},
        {"valid_from": "2023-09-01", "valid_to": "2023-09-14"},
        {"region": "77"},
        {"office": "deputy"},
    ],
    ids=["the day after", "until the day before", "another region", "another office"],
)
async def test_what_does_not_overlap_is_appointed(
    client: httpx.AsyncClient, admin: Headers, body: dict[str, Any], other: dict[str, Any]
) -> None:
    await client.post("/v1/appointments", headers=admin, json=body)
    response = await client.post("/v1/appointments", headers=admin, json={**body, **other})
    assert response.status_code == 201


async def test_a_tenure_is_ended_once_and_told_of(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, body: dict[str, Any]
) -> None:
    made = await client.post("/v1/appointments", headers=admin, json={**body, "valid_to": None})
    path = f"/v1/appointments/{made.json()['id']}/end"

    reversed_ = await client.post(path, headers=admin, json={"valid_to": "2023-09-14"})
    ended = await client.post(path, headers=admin, json={"valid_to": "2023-12-31"})
    again = await client.post(path, headers=admin, json={"valid_to": "2024-01-31"})

    assert (reversed_.status_code, reversed_.json()["code"]) == (422, "dates_reversed")
    assert (ended.json()["valid_to"], ended.json()["version"]) == ("2023-12-31", 2)
    assert (again.status_code, again.json()["code"]) == (409, "appointment_already_ended")
    told = select(OutboxRecord.type).where(OutboxRecord.topic == AppointmentEvent.topic)
    assert sorted((await session.exec(told)).all()) == [
        "directory.appointment.ended.v1",
        "directory.appointment.made.v1",
    ]


async def test_a_fixed_term_may_end_sooner(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, body: dict[str, Any]
) -> None:
    made = await client.post("/v1/appointments", headers=admin, json=body)
    path = f"/v1/appointments/{made.json()['id']}/end"

    later = await client.post(path, headers=admin, json={"valid_to": "2023-10-16"})
    sooner = await client.post(path, headers=admin, json={"valid_to": "2023-10-01"})
    following = {**body, "valid_from": "2023-10-02", "valid_to": None}
    successor = await client.post("/v1/appointments", headers=admin, json=following)

    assert (later.status_code, later.json()["code"]) == (409, "appointment_already_ended")
    assert (sooner.json()["valid_to"], sooner.json()["version"]) == ("2023-10-01", 2)
    assert successor.status_code == 201


async def test_a_tenure_is_ended_by_who_has_read_it_last(
    client: httpx.AsyncClient, admin: Headers, body: dict[str, Any]
) -> None:
    made = await client.post("/v1/appointments", headers=admin, json=body)
    path = f"/v1/appointments/{made.json()['id']}/end"

    async def end(day: str, version: int) -> httpx.Response:
        headers = {**admin, "If-Match": f'"v{version}"'}
        return await client.post(path, headers=headers, json={"valid_to": day})

    ended = await end("2023-10-10", 1)
    stale = await end("2023-10-01", 1)

    assert (ended.status_code, ended.headers["ETag"]) == (200, '"v2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    held = await client.get("/v1/appointments?region=16", headers=admin)
    assert [one["valid_to"] for one in held.json()["items"]] == ["2023-10-10"]


@pytest.mark.parametrize(
    ("changes", "status", "code", "field"),
    [
        ({}, 201, None, None),
        ({"office": "deputy", "valid_from": "2023-10-16", "valid_to": None}, 201, None, None),
        ({"region": "77"}, 422, "unknown_region", "body.region"),
        ({"office": "authority_head"}, 403, "office_reserved", "body.office"),
        ({"valid_from": "2023-10-01"}, 422, "appointment_backdated", "body.valid_from"),
    ],
    ids=["from today", "from a day to come", "another region", "their own office", "yesterday"],
)
async def test_a_head_of_an_authority_appoints_whom_it_is_asked_for_and_not_back_in_time(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    body: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str | None,
    field: str | None,
) -> None:
    head = token("authority_head", regions=["16"])
    wanted = {**body, "valid_from": "2023-10-02", **changes}

    answer = await client.post("/v1/appointments", headers=head, json=wanted)

    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    assert [one["field"] for one in answer.json().get("errors", [])] == ([field] if field else [])
    told = select(OutboxRecord).where(OutboxRecord.topic == AppointmentEvent.topic)
    assert len((await session.exec(told)).all()) == (1 if status == 201 else 0)


async def test_the_day_a_head_appoints_from_is_that_of_the_centre(
    client: httpx.AsyncClient, token: Tokens, body: dict[str, Any]
) -> None:
    """At 21:30 by Greenwich the next day has begun in Moscow."""
    head = token("authority_head", regions=["16"]) | {"X-Simulated-Now": "2023-10-09T21:30:00Z"}
    statuses = [
        (
            await client.post("/v1/appointments", headers=head, json={**body, "valid_from": day})
        ).status_code
        for day in ("2023-10-09", "2023-10-10")
    ]
    assert statuses == [422, 201]


async def test_the_centre_appoints_to_any_office_and_from_any_day(
    client: httpx.AsyncClient, token: Tokens, body: dict[str, Any]
) -> None:
    both = token("both", roles=["cur_admin", "authority_head"], regions=["16"])
    wanted = {**body, "office": "authority_head", "valid_from": "2023-01-01"}
    answer = await client.post("/v1/appointments", headers=both, json=wanted)
    assert answer.status_code == 201


async def test_of_twenty_who_race_for_an_office_one_is_appointed(databases: dict[str, str]) -> None:
    """Real connections, real commits: the database itself refuses the overlap."""
    region, person = "ZZ", uuid4()
    admin = Actor("admin", frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))
    wanted = AppointmentCreate.model_construct(
        region=region,
        office=Office.COORDINATOR,
        person_id=person,
        valid_from=date(2023, 9, 15),
        valid_to=None,
    )
    async with open_sessions(databases["directory"], pool_size=20) as sessions:
        async with transaction(sessions) as session:
            names = dict.fromkeys(("name", "short_name", "sort_key", "federal_district"), "x")
            session.add(
                Region(code=region, timezone="Europe/Moscow", **names)  # type: ignore[arg-type]
            )
            session.add(Person(id=person, full_name="x"))

        async def appoint() -> bool:
            try:
                async with transaction(sessions) as session:
                    await service.appoint(session, wanted, admin, now=NOW)
            except AppointmentOverlaps:
                return False
            return True

        won = await asyncio.gather(*(appoint() for _ in range(20)))

    connection = await asyncpg.connect(databases["directory"])
    held = await connection.fetchval("select count(*) from appointments where region = 'ZZ'")
    told = await connection.fetchval("select count(*) from outbox")
    await connection.execute("truncate appointments, people, regions, outbox cascade")
    await connection.close()
    assert (sum(won), held, told) == (1, 1, 1)
