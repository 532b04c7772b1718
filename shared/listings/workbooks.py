"""The one sheet of a workbook that has content, as rows of cells."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Final

import openpyxl

from shared.listings.cells import (
    EMPTY,
    MAX_TEXT,
    Cell,
    CellKind,
    ListEmpty,
    ListRefused,
    ListTooLarge,
    ListUnreadable,
    Row,
    SheetUnclear,
    letter_of,
)
from shared.listings.guard import SheetShape, look_into

_MERGED_CELLS: Final = 200_000
_VISIBLE: Final = "visible"


def read_workbook(content: bytes) -> list[Row]:
    """The rows of its only sheet. Raises `ListRefused` of the kind that fits."""
    found = look_into(content)
    try:
        book = openpyxl.load_workbook(found.copy, read_only=True, keep_links=False)
        try:
            sheet, shape = _the_sheet(book, found.shapes)
            return list(_rows(sheet, shape))
        finally:
            book.close()
    except ListRefused:
        raise
    # Whatever the library stumbles over, it is the file that is wrong.
    except Exception as error:
        raise ListUnreadable(
            "Книгу не удалось прочитать. Сохраните её в Excel заново как .xlsx."
        ) from error


def _the_sheet(book: Any, shapes: Mapping[str, SheetShape]) -> tuple[Any, SheetShape]:
    """Raises `SheetUnclear`, `ListEmpty`."""
    full: list[tuple[Any, SheetShape]] = []
    for sheet in book.worksheets:
        shape = shapes.get(getattr(sheet, "_worksheet_path", ""))
        if shape is None:
            raise ListUnreadable("Книга повреждена: лист лежит не на своём месте.")
        if shape.last_row:
            full.append((sheet, shape))
    hidden = [sheet.title for sheet, _ in full if sheet.sheet_state != _VISIBLE]
    if hidden:
        raise SheetUnclear(f"В книге есть скрытый лист с данными: {_named(hidden)}. Удалите его.")
    if len(full) > 1:
        titles = _named([sheet.title for sheet, _ in full])
        raise SheetUnclear(f"В книге несколько листов с данными: {titles}. Оставьте один.")
    if not full:
        raise ListEmpty("В книге нет ни одной заполненной ячейки.")
    return full[0]


def _named(titles: Sequence[str]) -> str:
    return ", ".join(f"«{title[:40]}»" for title in titles[:5])


def _rows(sheet: Any, shape: SheetShape) -> Iterator[Row]:
    merged = _merged(shape)
    found = sheet.iter_rows(min_row=1, max_row=shape.last_row, min_col=1, max_col=shape.last_column)
    for number, cells in enumerate(found, start=1):
        yield Row(
            number,
            [
                Cell(merged[number, place], CellKind.MERGED)
                if (number, place) in merged
                else _cell(cell, number, place)
                for place, cell in enumerate(cells)
            ],
        )


def _merged(shape: SheetShape) -> dict[tuple[int, int], str]:
    """Row and place of every merged cell within the content, and the range it is part of.

    Raises `ListTooLarge`.
    """
    found: dict[tuple[int, int], str] = {}
    seen = 0
    for top, left, bottom, right in shape.merged:
        last_row, last_column = min(bottom, shape.last_row), min(right, shape.last_column)
        seen += max(0, last_row - top + 1) * max(0, last_column - left + 1)
        if seen > _MERGED_CELLS:
            raise ListTooLarge("В листе слишком много объединённых ячеек: разъедините их.")
        named = f"{letter_of(left - 1)}{top}:{letter_of(right - 1)}{bottom}"
        for row in range(top, last_row + 1):
            for column in range(left, last_column + 1):
                found[row, column - 1] = named
    return found


def _cell(cell: Any, row: int, place: int) -> Cell:
    """Raises `ListTooLarge`."""
    value = cell.value
    if value is None:
        return EMPTY
    match cell.data_type:
        case "f":
            return Cell("", CellKind.FORMULA)
        case "e":
            return Cell(str(value)[:20], CellKind.ERROR)
    match value:
        case bool():
            return Cell("да" if value else "нет", CellKind.BOOLEAN)
        case datetime() if value.time() == time(0):
            return Cell(value.date().isoformat(), CellKind.DATE)
        case datetime() | date():
            return Cell(
                value.isoformat(sep=" ") if isinstance(value, datetime) else str(value),
                CellKind.DATE,
            )
        case int() | float():
            return Cell(_number(value), CellKind.NUMBER)
        case _:
            text = str(value).strip()
            if len(text) > MAX_TEXT:
                raise ListTooLarge(f"В ячейке {letter_of(place)}{row} слишком длинный текст.")
            return Cell(text)


def _number(value: int | float) -> str:
    whole = isinstance(value, int) or value.is_integer()
    return f"{value:.0f}" if whole else repr(value)
