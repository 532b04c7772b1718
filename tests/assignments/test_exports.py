import asyncio
import csv
import io
import os
import shutil
import subprocess
import tempfile
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx
import openpyxl
import pytest
from sqlalchemy import insert
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, ExecutorRole, Status
from services.assignments.domain.register import Sort, Wanted
from services.assignments.models import Execution
from services.assignments.service import exports, register
from shared import spreadsheets
from shared.auth import Actor, Role, Rows
from tests.assignments.register import OTHER, day, furnish, place
from tests.conftest import NOW, Headers, Tokens
from tests.factories import CLUSTER, make_assignment, make_execution

CSV = "/v1/executions/export.csv"
XLSX = "/v1/executions/export.xlsx"
SOFFICE = shutil.which("soffice")
HEADINGS = [column.heading for column in exports.COLUMNS]
Row = dict[str, Any]
# LibreOffice's filter: «;», quotes, UTF-8, from line 1, Russian, dates and numbers recognised.
_CSV_IN = "CSV:59,34,76,1,,1049,false,true"


@pytest.fixture(autouse=True)
async def world(session: AsyncSession) -> None:
    await furnish(session)


async def _csv(client: httpx.AsyncClient, headers: Headers, **params: Any) -> list[Row]:
    response = await client.get(CSV, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


def _rows(content: bytes) -> list[Row]:
    [sheet] = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    headings, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows]


async def _xlsx(client: httpx.AsyncClient, headers: Headers, **params: Any) -> list[Row]:
    response = await client.get(XLSX, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return _rows(response.content)


async def test_a_csv_is_what_russian_excel_opens(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await place(session, assignment={"number": "5/2023 п. 2", "text": "План; «срочно»\nи акт"})

    response = await client.get(CSV, headers=token("auditor"))

    assert response.content.startswith(b"\xef\xbb\xbf")
    assert response.headers["content-type"].startswith("text/csv")
    disposition = response.headers["content-disposition"]
    assert unquote(disposition).endswith("filename*=UTF-8''Реестр исполнений 02.10.2023.csv")
    assert int(response.headers["content-length"]) == len(response.content)
    [row] = await _csv(client, token("auditor"))
    assert list(row) == HEADINGS
    assert (row["Номер поручения"], row["Поручение"]) == ("5/2023 п. 2", "План; «срочно»\nи акт")
    assert (row["Срок"], row["Вес"], row["Сдано"]) == ("20.10.2023", "2", "")
    assert (row["Регион"], row["Состояние"]) == ("Татарстан", "у координатора")
    assert (row["Просрочено"], row["Изменено (МСК)"]) == ("нет", "20.09.2023 13:00")


async def test_a_workbook_has_types_a_frozen_heading_and_a_filter(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await place(session, done=day(1), status=Status.FORWARDED)

    response = await client.get(XLSX, headers=token("auditor"))

    [sheet] = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets
    assert (sheet.title, sheet.freeze_panes, sheet.auto_filter.ref) == (
        "Исполнения",
        "A2",
        "A1:W2",
    )
    [row] = _rows(response.content)
    assert list(row) == HEADINGS
    assert row["Срок"] == datetime(2023, 10, 20)  # noqa: DTZ001
    assert row["Сдано"] == datetime(2023, 10, 1)  # noqa: DTZ001
    assert row["Изменено (МСК)"] == datetime(2023, 9, 20, 13)  # noqa: DTZ001
    assert (row["Вес"], row["Год отбора"], row["Возвратов"]) == (2, 2022, 0)
    assert (row["Код региона"], row["Ждёт решения ЦУР"]) == ("16", "да")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+7",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1+1",
        "\n=1",
        " =1+1",
        "＝1+1",
        '=HYPERLINK("http://x","y")',
        "=cmd|' /C calc'!A0",
    ],
)
async def test_no_cell_is_a_formula(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, text: str
) -> None:
    await place(session, assignment={"text": text, "number": text})
    headers = token("auditor")

    [row] = await _csv(client, headers)
    [sheet] = openpyxl.load_workbook(
        io.BytesIO((await client.get(XLSX, headers=headers)).content)
    ).worksheets

    for heading in ("Поручение", "Номер поручения"):
        assert row[heading].startswith("'")
        cell = sheet.cell(2, HEADINGS.index(heading) + 1)
        assert cell.data_type == "s"
        assert cell.hyperlink is None


async def test_control_characters_do_not_spoil_the_file(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    text = "а\x01б\x0bв\x1f\ufffeг\U0001f600<&>_x0041_ http://x.ru"
    await place(session, assignment={"text": text})
    headers = token("auditor")

    [of_csv] = await _csv(client, headers)
    [of_xlsx] = await _xlsx(client, headers)

    clean = "абвг\U0001f600<&>_x0041_ http://x.ru"
    assert of_csv["Поручение"] == clean
    assert of_xlsx["Поручение"].replace("_x005F_", "_") == clean


@pytest.mark.parametrize(
    ("claims", "sees"),
    [
        ({"role": "coordinator", "regions": ["16"]}, {"lead"}),
        ({"role": "deputy", "regions": ["77"]}, {"foreign", "co"}),
        ({"role": "cluster", "clusters": [str(CLUSTER)]}, {"lead", "co"}),
        ({"role": "authority_head", "regions": ["16"]}, {"lead"}),
        ({"role": "association", "industries": ["agriculture"]}, {"foreign"}),
        ({"role": "auditor"}, {"lead", "foreign", "co"}),
    ],
)
async def test_a_file_holds_no_foreign_row(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    claims: dict[str, Any],
    sees: set[str],
) -> None:
    lead = await place(session, assignment={"number": "lead"})
    foreign: Any = {"region": "77", "cluster_id": OTHER}
    await place(session, assignment={"number": "foreign"}, industry="agriculture", **foreign)
    helper: Any = {"role": ExecutorRole.CO, "lead_id": lead.id, "lead_cluster_id": CLUSTER}
    await place(session, assignment={"number": "co"}, **foreign, **helper)
    headers = token(**claims)

    assert {row["Номер поручения"] for row in await _csv(client, headers)} == sees
    assert {row["Номер поручения"] for row in await _xlsx(client, headers)} == sees


async def test_a_file_obeys_the_filter_the_order_and_the_saved_view(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await place(session, assignment={"number": "1"}, due=day(10))
    await place(session, assignment={"number": "2"}, due=day(11))
    await place(session, assignment={"number": "3"}, region="77")
    headers = token("auditor")
    body = {"name": "Татарстан", "filter": {"region": "16"}, "sort": "-due"}
    view = (await client.post("/v1/views", json=body, headers=headers)).json()["id"]

    rows = await _csv(client, headers, region="16", sort="-due")
    viewed = await _xlsx(client, headers, view=view)

    assert [row["Номер поручения"] for row in rows] == ["2", "1"]
    assert [row["Номер поручения"] for row in viewed] == ["2", "1"]


async def test_no_person_is_named_in_a_file(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    person = uuid4()
    await place(session, coordinator_id=person, assignment={"controller": "ivanov@cur.example"})
    content = (await client.get(CSV, headers=token("cur_admin"))).text
    assert str(person) not in content
    assert "ivanov" not in content


async def test_too_many_rows_are_refused_and_not_cut(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exports, "MAX_ROWS", 1)
    await place(session)
    assert len(await _csv(client, token("auditor"))) == 1
    await place(session)

    response = await client.get(XLSX, headers=token("auditor"))

    assert (response.status_code, response.json()["code"]) == (422, "export_too_large")


async def _fill(session: AsyncSession, number: int) -> None:
    assignment = make_assignment(text="Представить план загрузки мастерских " * 25)
    session.add(assignment)
    await session.flush()
    row = make_execution(assignment).model_dump()
    for start in range(0, number, 5000):
        rows = [
            {
                **row,
                "id": uuid4(),
                "cluster_id": uuid4(),
                "due": day(1) + timedelta(days=place % 90),
            }
            for place in range(start, min(start + 5000, number))
        ]
        await session.exec(insert(Execution), params=rows)
    session.expunge_all()


@pytest.mark.parametrize("kind", [spreadsheets.CSV, spreadsheets.XLSX], ids=["csv", "xlsx"])
async def test_memory_does_not_grow_with_the_rows(
    session: AsyncSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: spreadsheets.Kind
) -> None:
    """6 000 rows of a kilobyte each are 12 MB as objects; what is held is a batch."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await _fill(session, 6_000)
    actor = Actor("x", frozenset({Role.AUDITOR}), rows=frozenset({Rows.ALL}))
    scope = await register.scope_of(session, actor, Wanted(), NOW)
    tracemalloc.start()
    try:
        file = await exports.export(session, scope, Sort.DUE, kind)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    with file:
        size = file.seek(0, os.SEEK_END)
    assert size > 150_000
    assert peak < 8 * 1024 * 1024, peak
    assert os.listdir(tmp_path) == []


async def test_a_failure_midway_is_a_refusal_and_leaves_no_file(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await place(session)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    broken = SimpleNamespace(
        heading="x", shape=spreadsheets.Shape.TEXT, width=1, cell=lambda row: row.x
    )
    monkeypatch.setattr(exports, "COLUMNS", (broken,))

    response = await client.get(XLSX, headers=token("auditor"))

    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(SOFFICE is None, reason="soffice is missing: install libreoffice-calc")
@pytest.mark.parametrize(("path", "incoming"), [(CSV, _CSV_IN), (XLSX, None)], ids=["csv", "xlsx"])
async def test_libreoffice_opens_both_with_their_types(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    tmp_path: Path,
    path: str,
    incoming: str | None,
) -> None:
    await place(
        session,
        assignment={"text": "=1+1", "number": "ЦУР-7/2023"},
        addressee=Addressee.AUTHORITY,
        cluster_id=None,
        occurred_at=datetime(2023, 9, 20, 10, tzinfo=UTC),
    )
    given = tmp_path / f"given.{path.rpartition('.')[2]}"
    given.write_bytes((await client.get(path, headers=token("auditor"))).content)

    converted = await asyncio.to_thread(_convert, given, tmp_path / "out", incoming)

    [row] = _rows(converted)
    assert list(row) == HEADINGS
    assert row["Срок"] == datetime(2023, 10, 20)  # noqa: DTZ001
    assert row["Изменено (МСК)"] == datetime(2023, 9, 20, 13)  # noqa: DTZ001
    assert (row["Вес"], row["Возвратов"]) == (2, 0)
    assert row["Номер поручения"] == "ЦУР-7/2023"
    assert row["Поручение"] in ("=1+1", "'=1+1")
    assert row["Регион"] == "Татарстан"


def _convert(given: Path, folder: Path, incoming: str | None) -> bytes:
    """The file as LibreOffice understands it, as a workbook of its own making."""
    assert SOFFICE is not None
    filters = [f"--infilter={incoming}"] if incoming else []
    subprocess.run(
        [
            SOFFICE,
            "--headless",
            f"-env:UserInstallation=file://{folder}/profile",
            *filters,
            *("--convert-to", "xlsx", "--outdir", str(folder), str(given)),
        ],
        check=True,
        capture_output=True,
        timeout=100,
    )
    return (folder / "given.xlsx").read_bytes()
