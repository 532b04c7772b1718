"""What a command changed is in its row of the audit trail: before and after, masked, bounded."""

import json
from typing import Any, Final

import pytest
from sqlalchemy import update
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.personal import REGISTER
from services.directory.models import Person
from shared.audit import FIELDS, Linker, link
from shared.changes import CHANGES, Changes, Masks
from shared.db import copy_rows
from shared.ids import new_id
from shared.masking import MASK
from tests.conftest import NOW
from tests.shared.test_audit import PERSON, Trail
from tests.shared.test_audit import superuser as superuser
from tests.shared.test_audit import trail as trail

OFFICE: Final = {"region": "16", "office": "coordinator", "valid_from": "2023-09-01"}


async def entries(trail: Trail) -> list[dict[str, Any]]:
    found = await trail.http.get("/v1/audit", headers=trail.admin)
    assert found.status_code == 200, found.text
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def post(trail: Trail, path: str, body: Any, status: int = 201) -> dict[str, Any]:
    answer = await trail.http.post(path, json=body, headers=trail.admin)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_new_row_is_told_without_names_and_contacts(trail: Trail) -> None:
    person = await post(trail, "/v1/people", PERSON)

    (entry,) = await entries(trail)

    assert entry["changes"] == [
        {
            "table": "people",
            "done": "insert",
            "key": [person["id"]],
            "before": None,
            "after": {
                "id": person["id"],
                "full_name": MASK,
                "email": MASK,
                "phone": MASK,
                "version": 1,
            },
            "rows": None,
        }
    ]


async def test_a_change_is_told_before_and_after_in_the_row_of_its_command(trail: Trail) -> None:
    await post(trail, "/v1/reference-data/load", None, 200)
    person = await post(trail, "/v1/people", PERSON)
    made = await post(trail, "/v1/appointments", {**OFFICE, "person_id": person["id"]})
    end = f"/v1/appointments/{made['id']}/end"
    await post(trail, end, {"valid_to": "2023-10-31"}, 200)

    ended, appointed, *_ = await entries(trail)

    assert (ended["operation"], appointed["operation"]) == ("end_appointment", "create_appointment")
    (change,) = ended["changes"]
    assert change == {
        "table": "appointments",
        "done": "update",
        "key": [made["id"]],
        "before": {"valid_to": None, "version": 1},
        "after": {"valid_to": "2023-10-31", "version": 2},
        "rows": None,
    }
    assert [one["table"] for one in appointed["changes"]] == ["appointments"]
    assert len(await entries(trail)) == 4
    # With its event, in one statement.
    assert (
        await trail.sql(
            "select count(*) from audit_log l join outbox o on o.xmin = l.xmin"
            " where l.operation = 'end_appointment'"
        )
    ) == [(1,)]


async def test_an_erasure_leaves_no_name_in_the_trail(trail: Trail) -> None:
    person = await post(trail, "/v1/people", PERSON)
    path = f"/v1/people/{person['id']}/erasure"
    await post(trail, path, {"reason": f"Заявление: {PERSON['full_name']}"})

    rows = await trail.sql("select cast(l as text) from audit_log l")

    said = "".join(row[0] for row in rows)
    assert "erase_person" in said
    assert not any(value in said for value in PERSON.values())


async def test_whoever_bends_what_was_changed_is_found(trail: Trail) -> None:
    await post(trail, "/v1/people", PERSON)
    assert await trail.link(Linker()) == 1
    assert await trail.fault() is None

    await trail.tamper("""update audit_log set changes = replace(changes, 'insert', 'update')""")

    assert await trail.fault() == "запись 1 изменена"


def test_links_of_before_there_were_changes_still_hold() -> None:
    fields = (*FIELDS, "changes")
    row = dict.fromkeys(fields) | {"position": 1, "at": NOW, "recorded_at": NOW, "actor": "a"}

    digest = link(bytes(32), row).hex()

    assert digest == "f2dcebb949f122ee60be48a25a64df7b7d6eac26b473aeb1a2410b55bbac0e93"
    assert link(bytes(32), row | {"changes": "[]"}).hex() != digest


# What is gathered, without the trail around it.


@pytest.fixture
def service() -> str:
    return "directory"


@pytest.fixture
def changes(session: AsyncSession) -> Changes:
    found = session.info[CHANGES] = Changes(Masks(REGISTER))
    return found


def told(changes: Changes) -> list[dict[str, Any]]:
    text = changes.told()
    assert text is not None
    found: list[dict[str, Any]] = json.loads(text)
    return found


def person(name: str = "Анна Иванова") -> Person:
    return Person(id=new_id(), full_name=name)


async def test_a_savepoint_rolled_back_leaves_nothing(
    session: AsyncSession, changes: Changes
) -> None:
    before, after = person(), person()
    session.add(before)
    await session.flush()
    savepoint = await session.begin_nested()
    session.add(person())
    await session.flush()
    await savepoint.rollback()
    session.add(after)
    await session.flush()

    assert [one["key"] for one in told(changes)] == [[str(before.id)], [str(after.id)]]


async def test_statements_and_copies_are_counted(session: AsyncSession, changes: Changes) -> None:
    session.add_all([person() for _ in range(3)])
    await session.flush()
    await session.exec(update(Person).values(phone="8 800"))
    await copy_rows(
        session, "people", ("id", "full_name"), [(new_id(), "Ольга Ли") for _ in range(7)]
    )
    await session.exec(select(Person))

    assert told(changes)[3:] == [
        {"table": "people", "done": "update", "rows": 3},
        {"table": "people", "done": "copy", "rows": 7},
    ]


async def test_what_is_told_of_a_huge_command_is_bounded(
    session: AsyncSession, changes: Changes
) -> None:
    session.add_all([person() for _ in range(2000)])
    await session.flush()

    found = told(changes)

    assert len(changes.told() or "") <= 16_000
    detailed = [one for one in found if "key" in one]
    (rest,) = [one for one in found if "rows" in one]
    assert 0 < len(detailed) <= 50
    assert len(detailed) + rest["rows"] == 2000


async def test_what_stays_the_same_is_not_told(session: AsyncSession, changes: Changes) -> None:
    one = person()
    session.add(one)
    await session.flush()
    assert len(told(changes)) == 1
    one.full_name = "Анна " + "Иванова"
    session.add(one)
    await session.flush()

    assert len(told(changes)) == 1


@pytest.mark.parametrize(
    ("column", "is_hidden"),
    [
        ("people.full_name", True),
        ("people.email", True),
        ("channel_targets.url", True),
        ("channel_posts.text", True),
        ("appointments.person_id", False),
        ("appointments.valid_to", False),
        ("channels.created_by", False),
    ],
)
def test_names_contacts_words_and_secrets_are_hidden(column: str, is_hidden: bool) -> None:
    table, name = column.split(".")

    assert Masks(REGISTER).hides(table, name) is is_hidden


def test_without_a_register_whatever_looks_personal_is_hidden() -> None:
    assert Masks(None).hides("visits", "contact_phone")
    assert not Masks(None).hides("visits", "weight")
