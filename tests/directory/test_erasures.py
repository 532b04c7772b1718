"""Erasure of a person: who may, when not, and that nothing names them any more."""

from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Headers, Tokens
from tests.directory.associations import HERE, World
from tests.directory.conftest import Ask, Create
from tests.directory.lists import csv_of, upload
from tests.directory.test_coordinator_lists import HEADINGS

NAME: Final = "Анна Иванова"
EMAIL: Final = "anna@example.org"
PHONE: Final = "+7 843 000-00-00"
SUBJECT: Final = "7d0f3c52-7f6c-4d8e-9b6d-2f6f0a4f7c11"
LATER: Final = "2023-12-05"
REASON: Final = {"reason": f"Заявление: {NAME}, вх. № 118", "subjects": [SUBJECT]}


@pytest.fixture
async def anna(create: Create) -> dict[str, Any]:
    return await create("people", full_name=NAME, email=EMAIL, phone=PHONE)


@pytest.fixture
async def former(ask: Ask, anna: dict[str, Any]) -> dict[str, Any]:
    """She coordinated Tatarstan for a month."""
    body = {
        "region": "16",
        "office": "coordinator",
        "person_id": anna["id"],
        "valid_from": "2023-09-01",
        "valid_to": "2023-10-31",
    }
    answer = await ask("POST", "/v1/appointments", body)
    assert answer.status_code == 201, answer.text
    return anna


async def erased(ask: Ask, person: dict[str, Any], **headers: str) -> dict[str, Any]:
    path = f"/v1/people/{person['id']}/erasure"
    answer = await ask("POST", path, REASON, at=LATER, **headers)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def grouped(
    world: World, person: dict[str, Any], other: dict[str, Any], *, member: bool
) -> str:
    """The path of a group until 30 November of which the person is a member, or else the lead."""
    direction = await world.post(
        f"{HERE}/directions", {"name": "Кадры", "valid_from": "2023-10-02"}
    )
    lead, members = (other, [person["id"]]) if member else (person, [other["id"]])
    body = {
        "direction_id": direction["id"],
        "name": "Кадры",
        "lead_id": lead["id"],
        "members": members,
        "valid_from": "2023-10-02",
        "valid_to": "2023-11-30",
    }
    return f"{HERE}/groups/{(await world.post(f'{HERE}/groups', body))['id']}"


async def everything(session: AsyncSession) -> str:
    """The whole database as text, lower case."""
    connection = await session.connection()
    names = await connection.execute(
        text("select tablename from pg_tables where schemaname = 'public'")
    )
    rows = [
        (await connection.execute(text(f"select cast(t as text) from {name} t"))).scalars().all()
        for name in names.scalars().all()
    ]
    return "\n".join(row for found in rows for row in found).lower()


def named_in(said: str) -> list[str]:
    return [one for one in (NAME, EMAIL, PHONE) if one.lower() in said]


async def test_nothing_in_the_database_names_an_erased_person(
    ask: Ask, session: AsyncSession, client: httpx.AsyncClient, admin: Headers, create: Create
) -> None:
    """By lists, by answers kept for repetition, by events: none names her, and history stays."""
    body = {"full_name": NAME, "email": EMAIL, "phone": PHONE}
    once = {"Idempotency-Key": "one"}
    anna = (await ask("POST", "/v1/people", body, **once)).json()
    row = ("Татарстан", "", NAME.upper(), PHONE, EMAIL, "01.09.2023", "31.10.2023")
    content = csv_of([row], HEADINGS).encode()
    applied = (await upload(client, admin, content, kind="coordinators")).json()
    assert (await ask("POST", f"/v1/imports/{applied['id']}/commit")).status_code == 200
    waiting = (await upload(client, admin, content, kind="coordinators")).json()
    assert named_in(await everything(session)) == [NAME, EMAIL, PHONE]

    done = await erased(ask, anna)

    session.expunge_all()
    assert named_in(await everything(session)) == []
    assert done["rewritten"] == {"people": 1, "import_rows": 2, "idempotency_keys": 1}
    assert done["mentioned"] == {}
    assert done["reason"] == f"Заявление: {done['called']}, вх. № 118"
    again = (await ask("POST", "/v1/people", body, **once)).json()
    assert (again["id"], again["full_name"]) == (anna["id"], done["called"])
    stale = (await ask("GET", f"/v1/imports/{waiting['id']}")).json()
    assert stale["state"] == "stale"
    held = (await ask("GET", "/v1/appointments?region=16&office=coordinator")).json()["items"]
    assert [(one["person_id"], one["valid_to"]) for one in held] == [(anna["id"], "2023-10-31")]
    read = (await ask("GET", f"/v1/people/{anna['id']}")).json()
    assert (read["full_name"], read["email"], read["phone"]) == (done["called"], None, None)
    assert read["erased_at"] == "2023-12-05T09:00:00Z"


async def test_a_stale_list_checked_again_brings_nobody_back(
    ask: Ask, client: httpx.AsyncClient, admin: Headers, former: dict[str, Any]
) -> None:
    row = ("Москва", "", NAME, PHONE, EMAIL, "01.12.2023", "")
    made = (
        await upload(client, admin, csv_of([row], HEADINGS).encode(), kind="coordinators")
    ).json()
    await erased(ask, former)

    checked = await ask("POST", f"/v1/imports/{made['id']}/check")
    refused = await ask("POST", f"/v1/imports/{made['id']}/commit")

    assert (checked.json()["state"], refused.status_code) == ("faulty", 409), checked.text
    people = (await ask("GET", "/v1/people")).json()["items"]
    assert [one["id"] for one in people] == [former["id"]]


async def test_whoever_is_needed_is_not_erased(ask: Ask, world: World, create: Create) -> None:
    anna = await create("people", full_name=NAME)
    office = {
        "region": "16",
        "office": "coordinator",
        "person_id": anna["id"],
        "valid_from": "2023-09-01",
    }
    made = (await ask("POST", "/v1/appointments", office)).json()
    path = f"/v1/people/{anna['id']}/erasure"

    refused = await ask("POST", path, {"reason": "Заявление"})
    assert (refused.status_code, refused.json()["code"]) == (409, "person_needed")
    assert "координатор региона 16" in refused.json()["detail"]

    end = f"/v1/appointments/{made['id']}/end"
    assert (await ask("POST", end, {"valid_to": LATER})).status_code == 200
    assert (await ask("POST", path, {"reason": "Заявление"}, at=LATER)).status_code == 409
    assert (await ask("POST", path, {"reason": "Заявление"}, at="2023-12-06")).status_code == 201


@pytest.mark.parametrize("member", [True, False])
async def test_nor_is_one_of_a_working_group(
    ask: Ask, world: World, create: Create, member: bool
) -> None:
    anna, other = await create("people", full_name=NAME), await create("people")
    await grouped(world, anna, other, member=member)

    path = f"/v1/people/{anna['id']}/erasure"
    refused = await ask("POST", path, {"reason": "Заявление"}, at="2023-11-30")
    assert (refused.status_code, "«Кадры»" in refused.json()["detail"]) == (409, True)
    assert (await ask("POST", path, {"reason": "Заявление"}, at="2023-12-01")).status_code == 201


@pytest.mark.parametrize("member", [True, False])
async def test_nor_does_a_group_that_lasts_longer_bring_an_erased_person_back(
    ask: Ask, world: World, create: Create, member: bool
) -> None:
    anna, other = await create("people", full_name=NAME), await create("people")
    path = await grouped(world, anna, other, member=member)
    await erased(ask, anna)
    longer = {"valid_to": "2024-06-30"}
    instead = {"members": [other["id"]]} if member else {"lead_id": other["id"]}

    refused = await ask("PATCH", path, longer, at=LATER)
    renamed = await ask("PATCH", path, {"name": "Кадры и программы"}, at=LATER)
    shorter = await ask("PATCH", path, {"valid_to": "2023-11-29"}, at=LATER)
    replaced = await ask("PATCH", path, longer | instead, at=LATER)

    assert (refused.status_code, refused.json()["code"]) == (422, "person_erased"), refused.text
    assert refused.json()["errors"][0]["field"] == f"body.{next(iter(instead))}"
    # What has ended may still be put right.
    assert [one.status_code for one in (renamed, shorter, replaced)] == [200, 200, 200]
    assert (replaced.json()["valid_to"], replaced.json()["version"]) == ("2024-06-30", 4)


async def test_it_is_done_once_and_nobody_erased_is_appointed(
    ask: Ask, former: dict[str, Any]
) -> None:
    first = await erased(ask, former, **{"Idempotency-Key": "one"})
    repeated = await erased(ask, former, **{"Idempotency-Key": "one"})
    path = f"/v1/people/{former['id']}/erasure"
    second = await ask("POST", path, REASON, at=LATER)
    office = {
        "region": "77",
        "office": "deputy",
        "person_id": former["id"],
        "valid_from": "2023-12-06",
    }
    appointed = await ask("POST", "/v1/appointments", office, at=LATER)

    assert repeated == first
    assert (second.status_code, second.json()["code"]) == (409, "person_already_erased")
    assert (appointed.status_code, appointed.json()["code"]) == (422, "person_erased")
    assert (await ask("GET", path)).json() == first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body.reason"),
        ({"reason": " "}, "body.reason"),
        ({"reason": "Заявление", "subjects": ["anna@example.org"]}, "body.subjects.0"),
        ({"reason": "Заявление", "subjects": ["x"] * 21}, "body.subjects"),
        ({"reason": "Заявление", "name": "?"}, "body.name"),
    ],
)
async def test_what_is_asked_wrongly_is_refused(
    ask: Ask, anna: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    answer = await ask("POST", f"/v1/people/{anna['id']}/erasure", body)

    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_only_the_administrator_erases_and_only_who_watches_reads(
    client: httpx.AsyncClient, token: Tokens, anna: dict[str, Any]
) -> None:
    base = f"/v1/people/{anna['id']}"
    for role in ("auditor", "cur_controller", "secretary", "coordinator", "service", "platform"):
        answer = await client.post(
            f"{base}/erasure", headers=token(role), json={"reason": "Заявление"}
        )
        assert answer.status_code == 403, role
        read = await client.get(f"{base}/dossier", headers=token(role))
        assert read.status_code == (200 if role == "auditor" else 403), role
    missing = await client.get(f"/v1/people/{uuid4()}/dossier", headers=token("auditor"))
    assert missing.status_code == 404


async def test_a_dossier_shows_every_table_that_holds_something(
    ask: Ask, client: httpx.AsyncClient, admin: Headers, former: dict[str, Any]
) -> None:
    row = ("Москва", "", NAME, PHONE, EMAIL, "01.12.2023", "")
    await upload(client, admin, csv_of([row], HEADINGS).encode(), kind="coordinators")
    path = f"/v1/people/{former['id']}/dossier"

    found = {one["table"]: one for one in (await ask("GET", path)).json()["tables"]}

    assert found.keys() == {"appointments", "import_rows", "people"}
    (person,) = found["people"]["rows"]
    assert person["values"] == {
        "id": former["id"],
        "full_name": NAME,
        "email": EMAIL,
        "phone": PHONE,
    }
    assert set(person["found_in"]) == {"id", "full_name", "email", "phone"}
    (listed,) = found["import_rows"]["rows"]
    assert "cells" in listed["found_in"]
    assert NAME in listed["values"]["cells"]
    mine = (await ask("GET", f"{path}?subject=cur_admin")).json()["tables"]
    assert {"audit_log", "imports"} <= {one["table"] for one in mine}
    only = (await ask("GET", f"{path}?subject=cur_admin&table=audit_log&limit=1&offset=1")).json()
    (audit,) = only["tables"]
    assert (audit["table"], len(audit["rows"])) == ("audit_log", 1)
    assert audit["total"] > 1
    wrong = await ask("GET", f"{path}?table=pg_shadow")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_table")
    short = await ask("GET", f"{path}?called=А")
    assert short.status_code == 422


async def test_words_that_name_the_person_are_told_and_left(
    ask: Ask, former: dict[str, Any]
) -> None:
    body = {
        "kind": "unified",
        "name": "Чат координаторов",
        "valid_from": "2023-09-18",
    }
    channel = (await ask("POST", "/v1/channels", body)).json()
    post = {"title": "Благодарность", "text": f"{NAME} сдала всё в срок."}
    said = await ask("POST", f"/v1/channels/{channel['id']}/posts", post)
    assert said.status_code == 201, said.text

    done = await erased(ask, former)

    assert done["mentioned"] == {"channel_posts": 1}
