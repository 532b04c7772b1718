"""Lists of clusters: previewed row by row, entered whole or not at all, exported and read back."""

import asyncio
from datetime import date
from typing import Any

import asyncpg
import httpx
import pytest
from sqlmodel import func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.imports import ImportKind
from services.directory.domain.names import RegionNames
from services.directory.models import Cluster, Region
from services.directory.repository import imports as repository
from services.directory.service import imports as service
from services.directory.service.reference import load_reference_data
from shared.db import open_sessions, transaction
from tests.conftest import NOW, Headers, Tokens, sessions_of
from tests.directory.conftest import Create
from tests.directory.lists import ROW, commit, csv_of, packed, told_of, upload, workbook


async def _clusters(session: AsyncSession) -> int:
    return (await session.exec(select(func.count()).select_from(Cluster))).one()


# What is wrong, the row, and the letter of the column and the code it is reported under.
MISTAKES: tuple[tuple[str, tuple[Any, ...], str | None, str], ...] = (
    ("no region", ("", "А1", "", "Металлургия", 2023, "", ""), "C", "empty"),
    (
        "unknown region",
        ("", "А2", "Татарстнан", "Металлургия", 2023, "", ""),
        "C",
        "unknown_region",
    ),
    ("no industry", ("", "А3", "16", "", 2023, "", ""), "D", "empty"),
    ("unknown industry", ("", "А4", "16", "Алхимия", 2023, "", ""), "D", "unknown_industry"),
    ("no year", ("", "А5", "16", "Металлургия", None, "", ""), "E", "empty"),
    ("no number", ("", "А6", "16", "Металлургия", "первый", "", ""), "E", "not_a_year"),
    ("half a year", ("", "А7", "16", "Металлургия", 2022.5, "", ""), "E", "not_a_year"),
    ("another age", ("", "А8", "16", "Металлургия", 1922, "", ""), "E", "year_out_of_range"),
    ("no name", ("16-a9", "", "16", "Металлургия", 2023, "", ""), "B", "empty"),
    ("long name", ("", "ы" * 301, "16", "Металлургия", 2023, "", ""), "B", "too_long"),
    ("hidden", ("", "А\u202e11", "16", "Металлургия", 2023, "", ""), "B", "hidden_characters"),
    ("Cyrillic code", ("16-О1", "А12", "16", "Металлургия", 2023, "", ""), "A", "code_malformed"),
    (
        "another region's code",
        ("16-2022-01", "А13", "Москва", "Металлургия", 2023, "", ""),
        "A",
        "code_of_another_region",
    ),
    ("unknown status", ("", "А14", "16", "Металлургия", 2023, "спит", ""), "F", "unknown_status"),
    ("born closed", ("", "А15", "16", "Металлургия", 2023, "закрыт", ""), "F", "status_of_new"),
    (
        "no such college",
        ("", "А16", "16", "Металлургия", 2023, "", "Нет такого"),
        "G",
        "unknown_college",
    ),
    (
        "a neighbour's college",
        ("", "А17", "Москва", "Металлургия", 2023, "", "Казанский колледж"),
        "G",
        "college_of_another_region",
    ),
    ("first", ("16-x", "А18", "16", "Металлургия", 2023, "", ""), None, ""),
    ("code twice", ("16-x", "А19", "16", "Металлургия", 2023, "", ""), "A", "row_repeated"),
    ("first", ("", "А20", "16", "Металлургия", 2023, "", ""), None, ""),
    ("name twice", ("", "«а20»", "16", "Металлургия", 2023, "", ""), "B", "row_repeated"),
    ("two of a name", ("", "Близнецы", "16", "Металлургия", 2023, "", ""), "B", "name_ambiguous"),
    ("formula", ("", '=CONCATENATE("А","23")', "16", "Металлургия", 2023, "", ""), "B", "formula"),
    ("error", ("", "А24", "16", "#N/A", 2023, "", ""), "D", "cell_error"),
    ("a date", (date(2022, 1, 16), "А25", "16", "Металлургия", 2023, "", ""), "A", "date_here"),
    ("yes", ("", "А26", "16", "Металлургия", 2023, True, ""), "F", "boolean"),
    ("stray", ("", "А27", "16", "Металлургия", 2023, "", "", "", "?"), None, "stray_cell"),
    ("merged", ("", "А28", "16", "Металлургия", 2023, "", ""), "D", "merged"),
)


async def test_every_kind_of_mistake_is_said_by_row_and_column_and_nothing_is_entered(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    await create("organisations")
    await create("clusters")
    for code in ("16-t1", "16-t2"):
        await create("clusters", code=code, name="Близнецы")
    before, told = await _clusters(session), await told_of(session)
    book = workbook([row for _, row, _, _ in MISTAKES])
    sheet = book.active
    assert sheet is not None
    last = len(MISTAKES) + 1
    # Read-only again after that: the second cell of the pair is left blank, as Excel has it.
    sheet.merge_cells(f"D{last}:D{last + 1}")

    made = (await upload(client, admin, packed(book), "Кластеры.xlsx")).json()

    assert made["state"] == "faulty", made
    found = {(one["row"], one["letter"], one["code"]) for one in made["problems"]}
    wanted = {
        (number, letter, code)
        for number, (_, _, letter, code) in enumerate(MISTAKES, start=2)
        if code
    }
    assert wanted <= found
    # The merged pair makes a row of its own of what lies below; nothing else is reported.
    assert {one for one in found - wanted if one[0] <= last} == set()
    assert len({code for _, _, _, code in MISTAKES if code}) >= 20
    headings = {one["letter"]: one["heading"] for one in made["problems"] if one["letter"]}
    assert headings["C"] == "Субъект РФ"
    reasons = {one["code"]: one["reason"] for one in made["problems"]}
    assert reasons["unknown_region"] == "Нет региона «Татарстнан». Похоже на «Татарстан»."
    assert all(one["reason"] for one in made["problems"])

    refused = await commit(client, admin, made)
    assert (refused.status_code, refused.json()["code"]) == (409, "import_has_problems")
    assert "строка 2: Не заполнено" in refused.json()["detail"]
    assert (await _clusters(session), await told_of(session)) == (before, told)


@pytest.mark.parametrize("between", ["changed", "entered", "renamed"])
async def test_a_directory_that_has_changed_since_refuses_the_commit_and_names_the_row(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    create: Create,
    between: str,
) -> None:
    cluster = await create("clusters", code="16-2022-01", name="Станки")
    rows = [
        ("16-2022-01", "Станки и роботы", "16", "mechanical-engineering", 2022, "", ""),
        ("16-2022-09", "Новый", "16", "mechanical-engineering", 2022, "", ""),
    ]
    made = (await upload(client, admin, csv_of(rows).encode())).json()
    match between:
        case "changed":
            college = (await create("organisations"))["id"]
            await client.patch(
                f"/v1/clusters/{cluster['id']}", headers=admin, json={"core_college_id": college}
            )
        case "renamed":
            await client.patch(
                f"/v1/clusters/{cluster['id']}", headers=admin, json={"name": "Станки и роботы"}
            )
        case "entered":
            await create("clusters", code="16-2022-09", name="Новый")
    known, told = await _clusters(session), await told_of(session)

    refused = await commit(client, admin, made)

    row = "строка 3 (16-2022-09)" if between == "entered" else "строка 2 (16-2022-01)"
    assert (refused.status_code, refused.json()["code"]) == (409, "import_stale")
    assert row in refused.json()["detail"]
    assert (await _clusters(session), await told_of(session)) == (known, told)
    checked = await client.post(f"/v1/imports/{made['id']}/check", headers=admin)
    assert checked.json()["state"] == "ready"
    assert (await commit(client, admin, checked.json())).json()["state"] == "applied"


async def test_a_change_elsewhere_does_not_stand_in_the_way(
    client: httpx.AsyncClient, admin: Headers, create: Create
) -> None:
    await create("clusters")
    made = (await upload(client, admin, csv_of([("", "Ы", *ROW[2:])]).encode())).json()
    await create("clusters", code="77-1", region="77")
    assert (await commit(client, admin, made)).json()["state"] == "applied"


async def test_a_long_list_is_checked_and_entered_by_the_worker_which_may_die(
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    loaded: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sessions = sessions_of(session)
    rows = [("", f"Кластер № {n}", "Москва", "Металлургия", 2023, "", "") for n in range(1700)]
    made = (await upload(client, admin, csv_of(rows).encode())).json()
    path = f"/v1/imports/{made['id']}"
    assert (made["state"], made["rows"]["read"], made["rows"]["checked"]) == ("checking", 1700, 0)
    early = await client.post(f"{path}/commit", headers=admin)
    assert (early.status_code, early.json()["code"]) == (409, "import_not_ready")

    check_stroke, seen = service._check_stroke, []

    async def dying(*given: Any) -> Any:
        seen.append((await client.get(path, headers=admin)).json()["rows"]["checked"])
        if len(seen) == 3:
            raise ConnectionError
        return await check_stroke(*given)

    monkeypatch.setattr(service, "_check_stroke", dying)
    with pytest.raises(ConnectionError):
        await service.carry_on(sessions, made["id"], now=NOW)
    await service.carry_on(sessions, made["id"], now=NOW)
    assert seen[:6] == [0, 500, 1000, 1000, 500, 1000]
    ready = (await client.get(path, headers=admin)).json()
    assert (ready["state"], ready["rows"]["created"]) == ("ready", 1700)

    applying = (await commit(client, admin, made)).json()
    assert (applying["state"], await _clusters(session)) == ("applying", 0)
    note, noted = repository.note_applied, []

    async def dying_again(aside: AsyncSession, import_id: Any, applied: int) -> None:
        noted.append(applied)
        if len(noted) == 3:
            raise ConnectionError
        await note(aside, import_id, applied)

    monkeypatch.setattr(repository, "note_applied", dying_again)
    with pytest.raises(ConnectionError):
        await service.carry_on(sessions, made["id"], now=NOW)
    session.expunge_all()
    assert (await _clusters(session), await told_of(session)) == (0, [])
    assert await service.carry_on(sessions, made["id"], now=NOW)
    assert await service.carry_on(sessions, made["id"], now=NOW) is False
    session.expunge_all()

    done = (await client.get(path, headers=admin)).json()
    assert (done["state"], done["rows"]["applied"]) == ("applied", 1700)
    assert noted[3:] == [500, 1000, 1500, 1700]
    assert (await _clusters(session), len(await told_of(session))) == (1700, 1700)


async def test_two_workers_with_one_job_enter_the_list_once(databases: dict[str, str]) -> None:
    """Real connections, real locks: progress is told while the tables are locked."""
    rows = [(f"77-r{n}", f"№ {n}", "Москва", "Металлургия", 2023, "", "") for n in range(600)]
    file = service.look_at(ImportKind.CLUSTERS, "список.csv", csv_of(rows).encode())
    async with open_sessions(databases["directory"]) as sessions:
        async with transaction(sessions) as session:
            await load_reference_data(session, now=NOW)
            made = await service.create(session, file, by="admin", now=NOW)
        await service.carry_on(sessions, made.id, now=NOW)
        async with transaction(sessions) as session:
            await service.commit(session, made.id, by="admin", now=NOW, expected_version=None)
        told = await asyncio.gather(
            *(service.carry_on(sessions, made.id, now=NOW) for _ in range(2))
        )
        async with transaction(sessions) as session:
            done = await repository.get_import(session, made.id)
    connection = await asyncpg.connect(databases["directory"])
    counts = [
        await connection.fetchval(f"select count(*) from {table}")
        for table in ("clusters", "outbox where topic = 'directory.clusters'")
    ]
    await connection.execute(
        "truncate regions, industries, organisations, imports, outbox, pgqueuer cascade"
    )
    await connection.close()
    assert (sorted(told), done.state, done.rows_applied) == ([False, True], "applied", 600)
    assert counts == [600, 600]


async def test_a_long_list_the_directory_overtakes_becomes_stale_by_itself(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, create: Create
) -> None:
    sessions = sessions_of(session)
    rows = [(f"77-n{n}", f"№ {n}", "Москва", "Металлургия", 2023, "", "") for n in range(201)]
    made = (await upload(client, admin, csv_of(rows).encode())).json()
    await service.carry_on(sessions, made["id"], now=NOW)
    session.expunge_all()
    assert (await commit(client, admin, made)).json()["state"] == "applying"
    await create("clusters", code="77-n7", region="77")

    assert await service.carry_on(sessions, made["id"], now=NOW) is False

    session.expunge_all()
    stale = (await client.get(f"/v1/imports/{made['id']}", headers=admin)).json()
    assert (stale["state"], stale["rows"]["applied"]) == ("stale", 0)
    assert "строка 9 (77-n7)" in stale["conflict"]
    assert await _clusters(session) == 1
    refused = await commit(client, admin, made)
    assert (refused.status_code, refused.json()["code"]) == (409, "import_stale")


async def test_a_file_sent_again_with_its_key_is_the_same_import(
    client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]
) -> None:
    who = {**admin, "Idempotency-Key": "list-1"}
    first, second = [await upload(client, who, csv_of([ROW]).encode()) for _ in range(2)]
    other = await upload(client, who, csv_of([("x", *ROW[1:])]).encode())
    assert (first.status_code, first.json()) == (201, second.json())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    stale = await client.post(
        f"/v1/imports/{first.json()['id']}/commit", headers={**admin, "If-Match": '"v9"'}
    )
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    listed = (await client.get("/v1/imports", headers=admin)).json()["items"]
    assert [one["id"] for one in listed] == [first.json()["id"]]


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("список.xlsx", b"PK\x03\x04", 422, "list_unreadable"),
        ("список.docx", b"PK\x03\x04", 422, "list_type_unknown"),
        ("список.csv", "Код;Название\n1;2".encode(), 422, "list_headings_unclear"),
        ("список.csv", b"x" * 6 * 1024 * 1024, 422, "list_too_large"),
    ],
)
async def test_a_file_that_is_no_list_is_refused_and_nothing_is_kept(
    client: httpx.AsyncClient,
    admin: Headers,
    loaded: dict[str, Any],
    name: str,
    content: bytes,
    status: int,
    code: str,
) -> None:
    refused = await upload(client, admin, content, name)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await client.get("/v1/imports", headers=admin)).json()["items"] == []


async def test_every_region_is_known_by_its_names(
    session: AsyncSession, loaded: dict[str, Any]
) -> None:
    regions = (await session.exec(select(Region))).all()
    names = RegionNames((one.code, one.name, one.short_name) for one in regions)
    for one in regions:
        said = [one.code, one.code.lstrip("0"), one.name, one.name.upper(), one.short_name]
        assert {names.code_of(name) for name in said} == {one.code}
    usual = {
        "респ. Саха": "14", "Якутия": "14", "Орловская обл": "57", "ХМАО": "86", "Югра": "86",
        "Кузбасс": "42", "г. Санкт-Петербург": "78", "Республика Северная Осетия-Алания": "15",
        "Алтай": "04", "алтайский край": "22", "Ненецкий автономный округ": "83",
        "Чувашская республика": "21", "Адыгея": "01", "Марсианская обл": None, "республика": None,
    }  # fmt: skip
    assert {said: names.code_of(said) for said in usual} == usual


async def test_imports_are_for_the_administrator_and_seen_by_the_auditor(
    client: httpx.AsyncClient, token: Tokens, admin: Headers, loaded: dict[str, Any]
) -> None:
    made = (await upload(client, admin, csv_of([ROW]).encode())).json()
    auditor, stranger = token("auditor"), token("coordinator", regions=["16"])
    assert (await upload(client, auditor, csv_of([ROW]).encode())).status_code == 403
    assert (await commit(client, auditor, made)).status_code == 403
    for path in ("", f"/{made['id']}", f"/{made['id']}/rows"):
        assert (await client.get(f"/v1/imports{path}", headers=auditor)).status_code == 200
        assert (await client.get(f"/v1/imports{path}", headers=stranger)).status_code == 403
    missing = await client.get(f"/v1/imports/{'0' * 8}-0000-7000-8000-000000000001", headers=admin)
    assert (missing.status_code, missing.json()["code"]) == (404, "import_not_found")
