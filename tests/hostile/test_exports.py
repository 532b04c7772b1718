"""No file we give to a spreadsheet makes it reckon: one module writes all of them."""

import csv
import io
import re
from pathlib import Path
from typing import Final

import httpx
import openpyxl
import pytest

from tests.conftest import Tokens

ROOT: Final = Path(__file__).parents[2]
FORMULAS: Final = (
    *("=1+1", "+7", "-2+3", "@SUM(A1)", "＝1+1", "=cmd|' /C calc'!A0"),
    '=HYPERLINK("http://evil.example","сюда")',
    '"=1+1";=1+1',
)
# What writes a table by other means than the one that knows formulas.
_WRITERS: Final = re.compile(r"csv\.(?:writer|DictWriter)\(|import xlsxwriter|openpyxl\.Workbook\(")


def test_one_module_writes_every_table() -> None:
    writing = {
        str(path.relative_to(ROOT))
        for folder in ("services", "shared")
        for path in (ROOT / folder).rglob("*.py")
        if _WRITERS.search(path.read_text(encoding="utf-8"))
    }
    assert writing == {"shared/spreadsheets.py"}


@pytest.mark.parametrize("service", ["directory"], indirect=True)
async def test_a_name_that_is_a_formula_is_text_in_both_files(
    client: httpx.AsyncClient, token: Tokens, service: str
) -> None:
    admin = token("cur_admin")
    loaded = await client.post("/v1/reference-data/load", headers=admin)
    assert loaded.status_code == 200
    for number, name in enumerate(FORMULAS):
        body = {
            "code": f"16-2022-{number}",
            "name": name,
            "region": "16",
            "industry": "mechanical-engineering",
            "cohort": 2022,
        }
        made = await client.post("/v1/clusters", headers=admin, json=body)
        assert made.status_code == 201, made.text

    text = await client.get("/v1/clusters/export.csv", headers=admin)
    book = await client.get("/v1/clusters/export.xlsx", headers=admin)

    read = csv.reader(io.StringIO(text.content.decode("utf-8-sig")), delimiter=";")
    cells = [cell for row in read for cell in row]
    assert {f"'{name}" for name in FORMULAS if not name.startswith('"')} <= set(cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "＝")]
    kinds = {
        cell.data_type
        for sheet in openpyxl.load_workbook(io.BytesIO(book.content)).worksheets
        for row in sheet.iter_rows()
        for cell in row
    }
    assert "f" not in kinds
    for answer in (text, book):
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
