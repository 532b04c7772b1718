"""Lists of coordinators: people and tenures, previewed and entered like clusters."""

import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.imports import STROKE
from services.directory.models import Person
from services.directory.service import imports
from shared.events.directory import AppointmentEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers
from tests.directory.conftest import Create
from tests.directory.lists import csv_of, rows_of, upload

HEADINGS = ("Регион", "Роль", "ФИО", "Телефон", "Почта", "С какой даты", "По какую дату")


async def _previewed(
    client: httpx.AsyncClient, who: Headers, *rows: tuple[Any, ...]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    content = csv_of(rows, HEADINGS).encode()
    answer = await upload(client, who, content, kind="coordinators")
    assert answer.status_code == 201, answer.text
    made = answer.json()
    return made, await rows_of(client, who, made)


async def _commit(client: httpx.AsyncClient, who: Headers, made: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/v1/imports/{made['id']}/commit", headers=who)


@pytest.fixture
async def held(client: httpx.AsyncClient, admin: Headers, create: Create) -> dict[str, Any]:
    """Анна Иванова coordinates Tatarstan since September."""
    person = await create("people")
    body = {
        "region": "16",
        "office": "coordinator",
        "person_id": person["id"],
        "valid_from": "2023-09-01",
    }
    answer = await client.post("/v1/appointments", headers=admin, json=body)
    assert answer.status_code == 201
    return person


async def test_a_list_appoints_replaces_and_mends(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, held: dict[str, Any]
) -> None:
    made, rows = await _previewed(
        client,
        admin,
        ("Татарстан", "", "Пётр Семёнов", "'+7 843 111-22-33", "p@example.org", "01.10.2023", ""),
        ("77", "координатор", "ИВАНОВА", "", "", "", ""),
        ("Москва", "", "Анна Иванова", "", "", "15.09.2023", "31.12.2023"),
        ("Москва", "заместитель", "Ольга Ли", "", "ol@example.org", "2023-09-15", ""),
        ("Карелия", "зам.", "Ольга Ли", "", "ol@example.org", "15.09.2023", ""),
    )
    assert [row["action"] for row in rows] == ["change", "refused", "create", "create", "create"]
    codes = [one["code"] for one in made["problems"]]
    assert codes == ["name_incomplete", "empty"]
    assert (await _commit(client, admin, made)).status_code == 409

    made, rows = await _previewed(
        client,
        admin,
        ("Татарстан", "", "Пётр Семёнов", "'+7 843 111-22-33", "p@example.org", "01.10.2023", ""),
        ("Москва", "", "Анна Иванова", "", "", "15.09.2023", "31.12.2023"),
        ("Москва", "заместитель", "Ольга Ли", "", "ol@example.org", "2023-09-15", ""),
        ("Карелия", "зам.", "Ольга Ли", "", "ol@example.org", "15.09.2023", ""),
    )
    assert (rows[0]["before"]["full_name"], rows[0]["after"]["predecessor_until"]) == (
        "Анна Иванова",
        "2023-09-30",
    )
    assert rows[1]["after"]["person_id"] == held["id"]
    done = await _commit(client, admin, made)
    assert done.json()["state"] == "applied", done.text

    statement = select(OutboxRecord).where(OutboxRecord.topic == AppointmentEvent.topic)
    told = [
        (one.type.split(".")[2], json.loads(one.data)["region"], json.loads(one.data)["valid_to"])
        for one in await session.exec(statement.order_by(col(OutboxRecord.position)))
    ]
    assert told[1:] == [
        ("ended", "16", "2023-09-30"),
        ("made", "16", None),
        ("made", "77", "2023-12-31"),
        ("made", "77", None),
        ("made", "10", None),
    ]
    assert "Семёнов" not in "".join(one.data for one in await session.exec(statement))
    people = (await session.exec(select(Person).order_by(col(Person.id)))).all()
    assert [(one.full_name, one.phone) for one in people] == [
        ("Анна Иванова", "+7 843 000"),
        ("Пётр Семёнов", "+7 843 111-22-33"),
        ("Ольга Ли", None),
    ]

    again, rows = await _previewed(
        client,
        admin,
        ("16", "", "петр семенов", "", "", "01.10.2023", ""),
        ("77", "", "Анна Иванова", "8 800 5", "a2@example.org", "15.09.2023", "30.11.2023"),
    )
    assert [row["action"] for row in rows] == ["unchanged", "change"]
    await _commit(client, admin, again)
    read = (await client.get(f"/v1/people/{held['id']}", headers=admin)).json()
    assert (read["email"], read["phone"]) == ("a2@example.org", "8 800 5")
    listed = await client.get("/v1/appointments?region=77&office=coordinator", headers=admin)
    assert [one["valid_to"] for one in listed.json()["items"]] == ["2023-11-30"]


@pytest.mark.parametrize(
    ("row", "letter", "code"),
    [
        (("99", "", "Пётр Семёнов", "", "", "01.10.2023", ""), "A", "unknown_region"),
        (("16", "министр", "Пётр Семёнов", "", "", "01.10.2023", ""), "B", "unknown_office"),
        (("16", "", "Пётр Семёнов", "звоните", "", "01.10.2023", ""), "D", "phone_malformed"),
        (("16", "", "Пётр Семёнов", "", "p@", "01.10.2023", ""), "E", "email_malformed"),
        (("16", "", "Пётр Семёнов", "", "", "31.02.2023", ""), "F", "not_a_date"),
        (("16", "", "Пётр Семёнов", "", "", "01.10.1823", ""), "F", "date_out_of_range"),
        (("16", "", "Пётр Семёнов", "", "", "01.10.2023", "01.09.2023"), "G", "dates_reversed"),
        (("16", "", "Пётр Семёнов", "", "", "01.09.2023", ""), "F", "appointment_overlaps"),
        (("16", "", "Анна Иванова", "", "", "01.10.2023", ""), "F", "appointment_overlaps"),
        (("77", "", "Олег Двойнов", "", "", "01.10.2023", ""), "C", "person_ambiguous"),
    ],
)
async def test_a_bad_row_is_refused_by_its_column(
    client: httpx.AsyncClient,
    admin: Headers,
    create: Create,
    held: dict[str, Any],
    row: tuple[Any, ...],
    letter: str,
    code: str,
) -> None:
    for email in ("1@example.org", "2@example.org"):
        await create("people", full_name="Олег Двойнов", email=email)
    made, _ = await _previewed(client, admin, row)
    assert [(one["letter"], one["code"]) for one in made["problems"]] == [(letter, code)]


async def test_two_rows_for_one_office_and_day_are_refused(
    client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]
) -> None:
    first = ("16", "", "Пётр Семёнов", "", "", "01.10.2023", "31.10.2023")
    made, _ = await _previewed(
        client,
        admin,
        first,
        ("Татарстан", "", "Иван Семёнов", "", "", "31.10.2023", ""),
        ("Татарстан", "", "Иван Семёнов", "", "", "01.11.2023", ""),
    )
    assert [(one["row"], one["code"]) for one in made["problems"]] == [(3, "row_repeated")]


LEAVER = ("16", "", "Анна Иванова", "", "", "01.09.2023", "30.09.2023")
FIRST = ("16", "", "Пётр Семёнов", "", "", "01.10.2023", "31.10.2023")
SECOND = ("16", "", "Иван Белов", "", "", "01.11.2023", "")


@pytest.mark.parametrize(
    ("listed", "actions"),
    [
        ((LEAVER, FIRST, SECOND), ["change", "create", "create"]),
        ((FIRST, LEAVER, SECOND), ["change", "unchanged", "create"]),
        # Each successor brings the leaver's last day nearer.
        ((SECOND, FIRST, LEAVER), ["change", "change", "unchanged"]),
        ((SECOND, LEAVER, FIRST), ["change", "change", "create"]),
    ],
)
async def test_a_list_names_the_leaver_and_who_follows_in_any_order(
    client: httpx.AsyncClient,
    admin: Headers,
    held: dict[str, Any],
    listed: tuple[tuple[Any, ...], ...],
    actions: list[str],
) -> None:
    made, rows = await _previewed(client, admin, *listed)
    assert [row["action"] for row in rows] == actions
    done = await _commit(client, admin, made)
    assert done.json().get("state") == "applied", done.text
    found = await client.get("/v1/appointments?region=16&office=coordinator", headers=admin)
    assert sorted((one["valid_from"], one["valid_to"]) for one in found.json()["items"]) == [
        ("2023-09-01", "2023-09-30"),
        ("2023-10-01", "2023-10-31"),
        ("2023-11-01", None),
    ]


HELD = ("16", "", "Анна Иванова")
DEPUTY = ("10", "зам.", "Анна Иванова")


@pytest.mark.parametrize(
    ("earlier", "later", "email"),
    [
        # By the tenure that she holds, the address too; then another office of hers.
        (
            (*HELD, "8 800 5", "a2@example.org", "01.09.2023", ""),
            (*DEPUTY, "", "", "15.09.2023", ""),
            "a2@example.org",
        ),
        (
            (*HELD, "8 800 5", "a2@example.org", "01.09.2023", ""),
            (*DEPUTY, "", "a2@example.org", "15.09.2023", ""),
            "a2@example.org",
        ),
        # By another office; then the tenure that she holds, which ends or stays as it is.
        (
            (*DEPUTY, "8 800 5", "", "15.09.2023", ""),
            (*HELD, "", "", "01.09.2023", "31.12.2023"),
            "a@example.org",
        ),
        (
            (*DEPUTY, "8 800 5", "", "15.09.2023", ""),
            (*HELD, "", "", "01.09.2023", ""),
            "a@example.org",
        ),
    ],
)
async def test_a_blank_cell_leaves_the_contacts_that_an_earlier_row_gave(
    client: httpx.AsyncClient,
    admin: Headers,
    held: dict[str, Any],
    earlier: tuple[Any, ...],
    later: tuple[Any, ...],
    email: str,
) -> None:
    made, rows = await _previewed(client, admin, earlier, later)
    assert [(row["after"]["person_id"], row["after"]["phone"]) for row in rows] == [
        (held["id"], "8 800 5")
    ] * 2
    done = await _commit(client, admin, made)
    assert done.json().get("state") == "applied", done.text
    read = (await client.get(f"/v1/people/{held['id']}", headers=admin)).json()
    assert (read["email"], read["phone"]) == (email, "8 800 5")


OLGA, OLGA_BY_MAIL = ("16", "", "Ольга Ли"), ("10", "зам.", "ольга ли")
DAY = "15.10.2023"


@pytest.mark.parametrize("stroke", [1, STROKE])
@pytest.mark.parametrize(
    ("earlier", "later", "email", "phone"),
    [
        (("", ""), ("", ""), None, None),
        (("8 800 5", ""), ("", "ol@example.org"), "ol@example.org", "8 800 5"),
        (("", "ol@example.org"), ("8 800 5", ""), "ol@example.org", "8 800 5"),
        (("", "OL@example.org"), ("", "ol@Example.org"), "ol@Example.org", None),
    ],
    ids=["by name", "an address after none", "none after an address", "another letter case"],
)
async def test_somebody_new_in_two_rows_is_entered_once(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    earlier: tuple[str, str],
    later: tuple[str, str],
    email: str | None,
    phone: str | None,
    stroke: int,
) -> None:
    monkeypatch.setattr(imports, "STROKE", stroke)
    listed = [(*OLGA, *earlier, DAY, ""), (*OLGA_BY_MAIL, *later, DAY, "")]

    made, rows = await _previewed(client, admin, *listed)
    done = await _commit(client, admin, made)

    shown = [{name: row["after"][name] for name in ("person_id", "person_row")} for row in rows]
    assert shown == [{"person_id": None, "person_row": 2}] * 2
    assert rows[1]["after"]["full_name"] == "Ольга Ли"
    assert done.json().get("state") == "applied", done.text
    people = (await session.exec(select(Person))).all()
    assert [(one.full_name, one.email, one.phone) for one in people] == [("Ольга Ли", email, phone)]
    held = (await client.get("/v1/appointments", headers=admin)).json()["items"]
    assert [one["person_id"] for one in held] == [str(people[0].id)] * 2
    _, again = await _previewed(client, admin, *listed)
    assert {row["after"]["person_id"] for row in again} == {str(people[0].id)}


async def test_new_namesakes_are_told_apart_by_their_addresses(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, loaded: dict[str, Any]
) -> None:
    two = [(*OLGA, "", "1@example.org", DAY, ""), (*OLGA_BY_MAIL, "", "2@example.org", DAY, "")]
    which = ("77", "", "Ольга Ли", "", "", DAY, "")
    ambiguous, _ = await _previewed(client, admin, *two, which)
    made, _ = await _previewed(client, admin, *two)
    await _commit(client, admin, made)

    assert [(one["row"], one["code"]) for one in ambiguous["problems"]] == [(4, "person_ambiguous")]
    people = (await session.exec(select(Person.email).order_by(col(Person.email)))).all()
    assert list(people) == ["1@example.org", "2@example.org"]


async def test_whom_a_refused_row_names_is_nobody_yet(
    client: httpx.AsyncClient, admin: Headers, held: dict[str, Any]
) -> None:
    taken = ("16", "", "Ольга Ли", "", "", "01.09.2023", "30.09.2023")
    _, rows = await _previewed(client, admin, taken, (*OLGA_BY_MAIL, "", "", DAY, ""))
    assert [row["action"] for row in rows] == ["refused", "create"]
    assert rows[1]["after"]["person_row"] == 3


async def test_an_appointment_made_meanwhile_refuses_the_commit(
    client: httpx.AsyncClient, admin: Headers, held: dict[str, Any]
) -> None:
    row = ("77", "", "Пётр Семёнов", "", "", "01.10.2023", "")
    made, _ = await _previewed(client, admin, row)
    body = {"region": "77", "office": "coordinator", "person_id": held["id"]}
    await client.post("/v1/appointments", headers=admin, json={**body, "valid_from": "2023-10-05"})
    refused = await _commit(client, admin, made)
    assert (refused.status_code, refused.json()["code"]) == (409, "import_stale")
    assert "строка 2 (Пётр Семёнов)" in refused.json()["detail"]
