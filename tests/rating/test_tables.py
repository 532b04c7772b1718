"""Ratings as files: the same lines as over JSON, typed, and no text is ever a formula."""

import csv
import io
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

import httpx
import openpyxl
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import NUMBERS
from services.rating.models import Assignment
from services.rating.service import tables
from shared import spreadsheets
from shared.spreadsheets import hundredths
from tests.conftest import Headers, Tokens
from tests.rating.facts import make_facts, number
from tests.rating.slices import LATER, freeze
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

AS_OF: Final = {"as_of": "2023-10-31T20:00:00Z"}
KNOWN: Final = UUID(int=200)
ASSIGNMENT: Final = UUID(int=100)


@pytest.fixture
async def world(session: AsyncSession) -> None:
    far = [make_facts(execution_id=number(20 + key), region="41", cohort=2023) for key in range(3)]
    await hear(session, [*FOUR, *far])
    session.add(Assignment(assignment_id=ASSIGNMENT, number="=1+1", text="-2 плана\x0b", version=1))
    await session.flush()


@pytest.fixture
def auditor(token: Tokens) -> Headers:
    return token("auditor") | {"X-Simulated-Now": LATER.isoformat()}


async def read_csv(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    assert response.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig")), delimiter=";"))


def read_xlsx(response: httpx.Response) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The rows of the first sheet, and what the second says."""
    assert response.status_code == 200, response.text
    first, second = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets
    assert (first.freeze_panes, second.title) == ("A2", "Методика")
    assert first.auto_filter.ref == first.dimensions
    headings, *rows = first.iter_rows(values_only=True)
    notes = {str(name): value for name, value in second.iter_rows(max_col=2, values_only=True)}
    return [dict(zip(map(str, headings), row, strict=True)) for row in rows], notes


async def test_a_rating_is_the_same_in_both_files_and_in_json(
    client: httpx.AsyncClient, world: None
) -> None:
    query = AS_OF | {"min_executions": "1", "sort": "place"}
    path = "/v1/ratings/regions"
    lines = (await client.get(path, params=query)).json()["items"]
    assert [one["region"] for one in lines] == ["41", "16"]

    response = await client.get(f"{path}/table.csv", params=query)
    assert unquote(response.headers["content-disposition"]) == (
        "attachment; filename=\"regions.csv\"; filename*=UTF-8''Рейтинг регионов 2023-10.csv"
    )
    rows = await read_csv(response)
    typed, notes = read_xlsx(await client.get(f"{path}/table.xlsx", params=query))

    for line, row, cells in zip(lines, rows, typed, strict=True):
        assert (row["Код региона"], row["Место"]) == (line["region"], str(line["place"]))
        assert row["Балл"] == hundredths(line["stabilised_bp"])
        assert row["К прошлому срезу"] == ""
        assert (cells["Балл"], cells["Исходный балл"], cells["Долги"]) == (
            line["stabilised_bp"] / 100,
            line["raw_bp"] / 100,
            line["debts"],
        )
    assert [one["Зона"] for one in typed] == ["зелёная", "красная"]
    assert (notes["Период"], notes["μ, балл страны"], notes["κ: вес балла страны"]) == (
        "2023-10",
        "80,00",
        3,
    )
    assert str(notes["На момент (МСК)"]) == "2023-10-31 23:00:00"


@pytest.mark.parametrize(
    ("path", "heading", "values"),
    [
        ("districts", "Группа", ["ДФО", "ПФО"]),
        ("cohorts", "Группа", ["2023", "2022"]),
        ("clusters", "Кластер", ["Кластер «Машиностроение» № 1"]),
    ],
)
async def test_groups_and_clusters_have_tables(
    client: httpx.AsyncClient,
    world: None,
    auditor: Headers,
    path: str,
    heading: str,
    values: list[str],
) -> None:
    whole = f"/v1/ratings/{path}/table"
    rows = await read_csv(await client.get(f"{whole}.csv", params=AS_OF, headers=auditor))
    typed, _ = read_xlsx(await client.get(f"{whole}.xlsx", params=AS_OF, headers=auditor))
    assert [row[heading] for row in rows] == [row[heading] for row in typed] == values
    assert (await client.get(f"{whole}.csv")).status_code == 401


@pytest.mark.parametrize(
    "path",
    ["/v1/ratings/regions/16/explanation", f"/v1/ratings/clusters/{KNOWN}/explanation"],
)
async def test_an_explanation_is_scoped_and_its_parts_add_up(
    client: httpx.AsyncClient, world: None, auditor: Headers, token: Tokens, path: str
) -> None:
    whole = (await client.get(path, params=AS_OF, headers=auditor)).json()
    typed, _ = read_xlsx(await client.get(f"{path}.xlsx", params=AS_OF, headers=auditor))
    counted = [row for row in typed if row["Учтено"] == "да"]
    assert sum(row["Вклад (вес · зачёт)"] for row in typed) == whole["numerator"] / 100
    assert sum(row["Вес"] for row in counted) == whole["denominator"]
    assert [row["Почему"] for row in typed] == [part["reason"] for part in whole["parts"]]

    foreign = token("coordinator", regions=["77"])
    assert (await client.get(f"{path}.csv", params=AS_OF, headers=foreign)).status_code == 404
    assert (await client.get(f"{path}.csv", params=AS_OF)).status_code == 401


async def test_no_cell_is_a_formula_and_control_characters_are_gone(
    client: httpx.AsyncClient, world: None, auditor: Headers
) -> None:
    path = "/v1/ratings/regions/16/explanation"
    [row, *_] = await read_csv(await client.get(f"{path}.csv", params=AS_OF, headers=auditor))
    assert (row["Номер поручения"], row["Поручение"]) == ("'=1+1", "'-2 плана")
    response = await client.get(f"{path}.xlsx", params=AS_OF, headers=auditor)
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).worksheets[0]
    assert [(cell.value, cell.data_type) for cell in sheet[2][:2]] == [
        ("=1+1", "s"),
        ("-2 плана", "s"),
    ]


async def test_a_slice_has_tables_with_its_hashes_and_the_same_bytes_every_time(
    client: httpx.AsyncClient, session: AsyncSession, world: None, auditor: Headers
) -> None:
    one = await freeze(session)
    path = f"/v1/slices/{one.id}"

    first = await client.get(f"{path}/table.xlsx?sort=place&min_executions=1")
    rows, notes = read_xlsx(first)
    assert [(row["Код региона"], row["Место"]) for row in rows] == [("41", 1), ("16", 2)]
    assert (notes["Хеш результата"], notes["Хеш входов"]) == (one.result_hash, one.inputs_hash)
    again = await client.get(f"{path}/table.xlsx?sort=place&min_executions=1")
    same = again.content == first.content
    assert same

    parts, _ = read_xlsx(await client.get(f"{path}/regions/16/explanation.xlsx", headers=auditor))
    assert sum(row["Вклад (вес · зачёт)"] for row in parts) == 302.0
    unknown = await client.get(f"/v1/slices/{UUID(int=1)}/table.csv")
    assert unknown.status_code == 404


async def test_another_kind_of_file_is_refused(client: httpx.AsyncClient, world: None) -> None:
    for path in ("/v1/ratings/regions/table.pdf", "/v1/ratings/regions/table.csv?sort=x"):
        assert (await client.get(path)).status_code == 422


async def test_parts_and_actions_name_the_assignment_and_lead_to_the_execution(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers, token: Tokens
) -> None:
    late = make_facts(done=None, status="routed", assignment_id=UUID(int=7))
    unheard = make_facts(execution_id=number(2), done=None, status="routed")
    waits = replace(late, execution_id=number(3), status="submitted")
    await hear(session, [late, unheard, waits])
    session.add(
        Assignment(
            assignment_id=UUID(int=7), number="3/2023 п. 2", text="Представить план", version=1
        )
    )
    await session.flush()

    async def read(name: str) -> Any:
        found = await client.get(f"/v1/ratings/regions/16/{name}", params=AS_OF, headers=auditor)
        assert found.status_code == 200, found.text
        return {
            one["execution_id"]: one for one in found.json()[name.replace("explanation", "parts")]
        }

    parts, actions = await read("explanation"), await read("actions")
    for found in (parts, actions):
        known, unknown = found[str(late.execution_id)], found[str(unheard.execution_id)]
        assert (known["assignment_number"], known["assignment_text"]) == (
            "3/2023 п. 2",
            "Представить план",
        )
        assert known["execution_url"] == f"/v1/executions/{late.execution_id}"
        assert known["timeline_url"] == known["execution_url"] + "/timeline"
        assert (unknown["assignment_number"], unknown["assignment_text"]) == (None, None)
    assert parts[str(late.execution_id)]["cluster_name"] == "Кластер «Машиностроение» № 1"
    sentence = actions[str(late.execution_id)]["sentence"]
    assert sentence.startswith("Закрыть № 3/2023 п. 2 «Представить план» сегодня (Кластер")
    assert actions[str(unheard.execution_id)]["sentence"].startswith("Закрыть сегодня исполнение (")
    assert actions[str(waits.execution_id)]["sentence"].startswith(
        "Передать в ЦУР сегодня отчёт по № 3/2023 п. 2 «Представить план», который ждёт"
    )


def test_every_number_of_a_methodology_has_words() -> None:
    assert set(tables.METHODOLOGY_WORDS) == set(NUMBERS)


@pytest.mark.parametrize(
    ("points", "said"), [(0, "0,00"), (5, "0,05"), (9314, "93,14"), (-120, "-1,20"), (-5, "-0,05")]
)
def test_basis_points_are_written_with_a_comma(points: int, said: str) -> None:
    assert hundredths(points) == said


def test_a_file_that_fails_half_way_is_closed() -> None:
    broken = spreadsheets.Column("x", spreadsheets.Shape.TEXT, 1, lambda row: row.missing)
    for kind in (spreadsheets.CSV, spreadsheets.XLSX):
        with pytest.raises(AttributeError):
            spreadsheets.write_whole(kind, spreadsheets.Sheet("т", [broken]), [1])
