"""Lists as files: read however people keep them, and refused where they are made to harm."""

import io
import re
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import openpyxl
import pytest
from openpyxl.styles import Font

from shared.listings.cells import (
    MAX_COLUMNS,
    MAX_ROWS,
    CellKind,
    Field,
    Listing,
    ListRefused,
)
from shared.listings.reading import read

FIELDS: Final = (
    Field("name", ("Название", "Имя"), required=True),
    Field("region", ("Регион", "Субъект РФ"), required=True),
    Field("day", ("День",)),
)
HEADINGS: Final = ("Название", "Регион", "День")
Change = Callable[[dict[str, bytes]], None]


def _book(*rows: tuple[Any, ...], headings: tuple[Any, ...] = HEADINGS) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (headings, *rows):
        sheet.append(list(row))
    return book


def _packed(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _repacked(change: Change, *rows: tuple[Any, ...], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A workbook whose parts have been tampered with."""
    with zipfile.ZipFile(io.BytesIO(_packed(_book(*(rows or (("А", "16", None),)))))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def _texts(found: Listing) -> list[dict[str, str]]:
    return [{name: cell.text for name, cell in row.cells.items()} for row in found.rows]


@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_a_text_is_read_in_any_usual_encoding_and_between_any_usual_delimiter(
    encoding: str, delimiter: str
) -> None:
    lines = [
        ("Список кластеров", "", ""),
        ("№", "СУБЪЕКТ  РФ:", "Имя *"),
        ("1", "Ёлкино", '"Кластер, «а»; б\tв"'),
        ("", "", ""),
        ("2", "'-5", "'+7 843"),
    ]
    text = "\n".join(delimiter.join(line) for line in lines)
    found = read("список.CSV", text.encode(encoding), FIELDS)
    assert _texts(found) == [
        {"region": "Ёлкино", "name": "Кластер, «а»; б\tв"},
        {"region": "-5", "name": "+7 843"},
    ]
    assert [row.number for row in found.rows] == [3, 5]
    assert found.columns["name"].letter == "C"
    assert [one.text for one in found.ignored] == ["№"]


def test_a_workbook_is_read_with_its_kinds_and_the_numbers_of_its_rows() -> None:
    book = _book(
        ("А", 16, date(2023, 9, 15)),
        (None, None, None),
        (" Б ", 1.0, "15.09.2023"),
        ("=A1", True, datetime(2023, 9, 15, 12)),  # noqa: DTZ001 - Excel knows no zones
        ("#N/A", 2.5, None),
    )
    sheet = book.active
    assert sheet is not None
    sheet.insert_rows(1)
    sheet["A1"] = "Реестр"
    sheet.merge_cells("A1:C1")
    sheet["A900"].font = Font(bold=True)  # a formatted blank is no content
    book.create_sheet("Пустой").sheet_state = "hidden"

    found = read("а.xlsx", _packed(book), FIELDS)

    assert [row.number for row in found.rows] == [3, 5, 6, 7]
    first, second, third, fourth = (row.cells for row in found.rows)
    assert (first["region"].text, first["day"].text) == ("16", "2023-09-15")
    assert first["day"].kind is CellKind.DATE
    assert (second["name"].text, second["region"].text) == ("Б", "1")
    kinds = [third[name].kind for name in ("name", "region", "day")]
    assert kinds == [CellKind.FORMULA, CellKind.BOOLEAN, CellKind.DATE]
    assert (fourth["name"].kind, fourth["region"].text) == (CellKind.ERROR, "2.5")


def _hidden(book: openpyxl.Workbook) -> None:
    book.create_sheet("Секрет")["A1"] = 1
    book["Секрет"].sheet_state = "veryHidden"


def _two(book: openpyxl.Workbook) -> None:
    book.create_sheet("Второй")["A1"] = 1


def _headings_merged(book: openpyxl.Workbook) -> None:
    book.worksheets[0].merge_cells("B1:C1")


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (_hidden, "list_sheet_unclear", "скрытый лист с данными: «Секрет»"),
        (_two, "list_sheet_unclear", "«Sheet», «Второй»"),
        (_headings_merged, "list_headings_unclear", "Ячейки B1:C1 объединены"),
    ],
)
def test_a_workbook_in_which_something_is_unclear_is_refused(
    change: Callable[[openpyxl.Workbook], None], code: str, said: str
) -> None:
    book = _book(("А", "16", None))
    change(book)
    with pytest.raises(ListRefused, match=re.escape(said)) as refused:
        read("а.xlsx", _packed(book), FIELDS)
    assert refused.value.code == code


SHEET = "xl/worksheets/sheet1.xml"
BOMB = b"<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>"


def _bomb(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b"<sheetData>", b"<sheetData>" + b" " * (64 * 1024 * 1024))


def _large_styles(parts: dict[str, bytes]) -> None:
    parts["xl/styles.xml"] += b" " * (3 * 1024 * 1024)


def _entities(parts: dict[str, bytes]) -> None:
    head, _, rest = parts[SHEET].partition(b"<worksheet")
    parts[SHEET] = head + BOMB + b"<worksheet" + rest


def _entities_in_utf16(parts: dict[str, bytes]) -> None:
    text = parts[SHEET].decode().partition("<worksheet")[2]
    whole = f"<?xml version='1.0' encoding='utf-16'?>{BOMB.decode()}<worksheet{text}"
    parts[SHEET] = whole.encode("utf-16")


def _external(parts: dict[str, bytes]) -> None:
    doctype = b"<!DOCTYPE sst SYSTEM 'file:///etc/passwd'>"
    head, _, rest = parts["xl/workbook.xml"].partition(b"<workbook")
    parts["xl/workbook.xml"] = head + doctype + b"<workbook" + rest


def _macros(parts: dict[str, bytes]) -> None:
    parts["xl/vbaProject.bin"] = b"MZ"


def _far_row(parts: dict[str, bytes]) -> None:
    row = b'<row r="1048576"><c r="A1048576"><v>1</v></c></row></sheetData>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row)


def _far_column(parts: dict[str, bytes]) -> None:
    row = b'<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row)


def _merged_all(parts: dict[str, bytes]) -> None:
    row = b'<row r="9000"><c r="BL9000"><v>1</v></c></row></sheetData>'
    merged = b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", row + merged)


def _deep(parts: dict[str, bytes]) -> None:
    parts[SHEET] = parts[SHEET].replace(b"<sheetData>", b"<a>" * 9000 + b"<sheetData>")


def _no_xml(parts: dict[str, bytes]) -> None:
    parts[SHEET] = b"\x00\x01\x02"


def _no_sheet(parts: dict[str, bytes]) -> None:
    del parts[SHEET]


def _a_document(parts: dict[str, bytes]) -> None:
    parts["word/document.xml"] = parts.pop("xl/workbook.xml")


def _lost_text(parts: dict[str, bytes]) -> None:
    cell = b'<row r="5"><c r="A5" t="s"><v>999999</v></c></row></sheetData>'
    parts[SHEET] = parts[SHEET].replace(b"</sheetData>", cell)


def _elsewhere(parts: dict[str, bytes]) -> None:
    parts["xl/odd.xml"] = parts.pop(SHEET)
    rels = "xl/_rels/workbook.xml.rels"
    parts[rels] = parts[rels].replace(b"worksheets/sheet1.xml", b"odd.xml")
    types = "[Content_Types].xml"
    parts[types] = parts[types].replace(b"/xl/worksheets/sheet1.xml", b"/xl/odd.xml")


def _texts_elsewhere(parts: dict[str, bytes]) -> None:
    parts["xl/s.bin"] = b"<sst>" + b" " * (64 * 1024 * 1024) + b"</sst>"
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    texts = b'<Override PartName="/xl/s.bin" ContentType="' + kind + b'"/></Types>'
    types = "[Content_Types].xml"
    parts[types] = parts[types].replace(b"</Types>", texts)


def _unknown_encoding(parts: dict[str, bytes]) -> None:
    parts["xl/styles.xml"] = b"<?xml version='1.0' encoding='klingon'?><styleSheet/>"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_bomb, "list_too_large"),
        (_large_styles, "list_too_large"),
        (_entities, "list_unreadable"),
        (_entities_in_utf16, "list_unreadable"),
        (_external, "list_unreadable"),
        (_macros, "list_has_macros"),
        (_far_row, "list_too_large"),
        (_far_column, "list_too_large"),
        (_merged_all, "list_too_large"),
        (_deep, "list_unreadable"),
        (_no_xml, "list_unreadable"),
        (_no_sheet, "list_empty"),
        (_a_document, "list_type_unknown"),
        (_lost_text, "list_unreadable"),
        (_elsewhere, "list_unreadable"),
        (_texts_elsewhere, "list_unreadable"),
        (_unknown_encoding, "list_unreadable"),
    ],
)
def test_a_workbook_made_to_harm_is_refused_at_once(change: Change, code: str) -> None:
    content = _repacked(change)
    began = time.process_time()
    with pytest.raises(ListRefused) as refused:
        read("а.xlsx", content, FIELDS)
    assert (refused.value.code, refused.value.field) == (code, "body.file")
    assert time.process_time() - began < 3


def _inflated_most(content: bytes) -> tuple[list[dict[str, str]] | str, int]:
    """What is read of the workbook, or the code of the refusal, and the most memory it took."""
    tracemalloc.start()
    try:
        found: list[dict[str, str]] | str = _texts(read("а.xlsx", content, FIELDS))
    except ListRefused as refused:
        found = refused.code
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return found, most


def test_a_part_larger_than_the_archive_says_is_never_inflated() -> None:
    file, theme = io.BytesIO(_packed(_book(("А", "16", None)))), "xl/theme/theme1.xml"
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    said = parts[theme]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | {theme: said + b" " * (64 * 1024 * 1024)}).items():
            archive.writestr(name, content)
        # The table of contents is written last: it now states what was there before.
        forged = archive.getinfo(theme)
        forged.file_size, forged.CRC = len(said), zlib.crc32(said)
    found, most = _inflated_most(file.getvalue())
    assert found == [{"name": "А", "region": "16", "day": ""}]
    assert most < 16 * 1024 * 1024


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_without_bounds_is_not_tried(method: int) -> None:
    found, most = _inflated_most(_repacked(_bomb, method=method))
    assert found == "list_unreadable"
    assert most < 16 * 1024 * 1024


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 512


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("а.xlsx", b"", "list_empty"),
        ("а.xlsx", OLE, "list_type_unknown"),
        ("а.xlsx", b"PK\x03\x04" + b"\x00" * 100, "list_unreadable"),
        ("а.xlsx", b"%PDF-1.7", "list_type_unknown"),
        ("а.xls", OLE, "list_type_unknown"),
        ("а.xlsm", b"PK\x03\x04", "list_type_unknown"),
        ("а.pdf", b"%PDF-1.7", "list_type_unknown"),
        ("список", "Название;Регион\nА;16".encode(), "list_type_unknown"),
        ("а.csv", b"PK\x03\x04", "list_type_unknown"),
        ("а.csv", "Название;Регион\nА;16".encode("utf-16"), "list_type_unknown"),
        ("а.csv", b"\x98\xff", "list_type_unknown"),
        ("а.csv", 'Название;Регион\n"А;16'.encode(), "list_unreadable"),
        ("а.csv", b"\n\n\n", "list_headings_unclear"),
        ("а.csv", "Город;Область\nА;16".encode(), "list_headings_unclear"),
        ("а.csv", "Название;День\nА;16".encode(), "list_headings_unclear"),
        ("а.csv", "Название;Регион;Имя\nА;16;Б".encode(), "list_headings_unclear"),
        ("а.csv", "Название;Регион\n;\n".encode(), "list_empty"),
        (
            "а.csv",
            ("Название;Регион" + "\nА;16" * (MAX_ROWS + 1)).encode(),
            "list_too_large",
        ),
        ("а.csv", ("Название;Регион" + ";" * MAX_COLUMNS).encode(), "list_too_large"),
        ("а.csv", f"Название;Регион\n{'ы' * 40_000};16".encode(), "list_too_large"),
    ],
)
def test_what_is_no_list_is_refused_by_name(name: str, content: bytes, code: str) -> None:
    with pytest.raises(ListRefused) as refused:
        read(name, content, FIELDS)
    assert refused.value.code == code


def test_two_columns_of_one_meaning_are_both_named() -> None:
    with pytest.raises(ListRefused, match=r"A «Название» и C «Имя» означают одно и то же"):
        read("а.csv", "Название;Регион;Имя\nА;16;Б".encode(), FIELDS)


def test_a_cell_under_no_heading_is_noticed() -> None:
    found = read("а.csv", "Название;Регион\nА;16;лишнее\nБ;17;".encode(), FIELDS)
    assert [row.stray for row in found.rows] == ["C", None]
