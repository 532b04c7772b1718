"""Tables as files that office programs open: CSV by a double click, XLSX with types and filters.

No cell is ever a formula, whoever wrote its text.
"""

import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import IO, Any, Final, Protocol

import xlsxwriter

# What XML 1.0 cannot hold; a tab and a line feed it can.
_NOT_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A cell that begins like this is a formula to a spreadsheet, whoever wrote it.
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# What a cell of Excel can hold.
_MAX_CELL: Final = 32_767
_WHOLE: Final = 100
_NOTES_WIDTHS: Final = (36, 72)

Cell = str | int | date | datetime | None


class Shape(StrEnum):
    """How a column's cells are shown; `points` are basis points, shown as hundredths."""

    TEXT = "text"
    NUMBER = "number"
    POINTS = "points"
    DATE = "date"
    MOMENT = "moment"


_FORMATS: Final = {
    Shape.NUMBER: "0",
    Shape.POINTS: "0.00",
    Shape.DATE: "dd.mm.yyyy",
    Shape.MOMENT: "dd.mm.yyyy hh:mm",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its heading, its shape, its width, and its cell of a row."""

    heading: str
    shape: Shape
    width: int
    cell: Callable[[Any], Cell]


@dataclass(frozen=True, slots=True)
class Notes:
    """A second sheet of a workbook: names and what they are. CSV has no place for it."""

    title: str
    lines: Sequence[tuple[str, Cell]]
    # When the workbook says it was made: the same content then has the same bytes.
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its title and its columns."""

    title: str
    columns: Sequence[Column]
    notes: Notes | None = field(default=None)


class Writer(Protocol):
    """What takes the rows, cell by cell, and ends the file."""

    def write(self, rows: Iterable[Sequence[Cell]]) -> None: ...

    def close(self) -> None: ...


class CsvWriter:
    """CSV as Russian Excel opens it by a double click."""

    def __init__(self, file: IO[bytes], folder: str, sheet: Sheet) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
        self._csv = csv.writer(self._text, delimiter=";", lineterminator="\r\n")
        self._shapes = [column.shape for column in sheet.columns]
        self._csv.writerow([column.heading for column in sheet.columns])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._csv.writerows(
            [_as_csv(cell, shape) for cell, shape in zip(row, self._shapes, strict=True)]
            for row in rows
        )

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class XlsxWriter:
    """A workbook whose rows are flushed to a temporary file as they come."""

    def __init__(self, file: IO[bytes], folder: str, sheet: Sheet) -> None:
        self._book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._notes = sheet.notes
        if self._notes is not None:
            made_at = self._notes.made_at.replace(tzinfo=None, microsecond=0)
            self._book.set_properties({"title": sheet.title, "created": made_at})
        top = {"valign": "top"}
        formats = {Shape.TEXT: self._book.add_format(top)} | {
            shape: self._book.add_format(top | {"num_format": shown})
            for shape, shown in _FORMATS.items()
        }
        self._columns = sheet.columns
        self._formats = [formats[column.shape] for column in sheet.columns]
        self._by_shape = formats
        self._heading = self._book.add_format({"bold": True, "bottom": 1})
        self._sheet = self._book.add_worksheet(sheet.title)
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(sheet.columns):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, column.heading, self._heading)
        self._row = 0

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            self._row += 1
            for place, cell in enumerate(row):
                shape, as_shown = self._columns[place].shape, self._formats[place]
                _write_cell(self._sheet, (self._row, place), cell, shape, as_shown)

    def close(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(self._columns) - 1)
        if self._notes is not None:
            self._write_notes(self._notes)
        self._book.close()

    def _write_notes(self, notes: Notes) -> None:
        sheet = self._book.add_worksheet(notes.title)
        wrapped = self._book.add_format({"valign": "top", "text_wrap": True})
        for place, width in enumerate(_NOTES_WIDTHS):
            sheet.set_column(place, place, width)
        for row, (name, cell) in enumerate(notes.lines):
            sheet.write_string(row, 0, name, self._heading)
            shape = _shape_of(cell)
            as_shown = wrapped if shape is Shape.TEXT else self._by_shape[shape]
            _write_cell(sheet, (row, 1), cell, shape, as_shown)


def _shape_of(cell: Cell) -> Shape:
    match cell:
        case datetime():
            return Shape.MOMENT
        case date():
            return Shape.DATE
        case int():
            return Shape.NUMBER
        case _:
            return Shape.TEXT


def _write_cell(
    sheet: Any, where: tuple[int, int], cell: Cell, shape: Shape, as_shown: Any
) -> None:
    match cell:
        case None:
            return
        case str():
            sheet.write_string(*where, clean(cell)[:_MAX_CELL], as_shown)
        case date():
            sheet.write_datetime(*where, cell, as_shown)
        case int():
            number = Decimal(cell) / _WHOLE if shape is Shape.POINTS else cell
            sheet.write_number(*where, number, as_shown)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file."""

    ending: str
    media_type: str
    writer: Callable[[IO[bytes], str, Sheet], Writer]


CSV: Final = Kind("csv", "text/csv", CsvWriter)
XLSX: Final = Kind(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", XlsxWriter
)


def write_whole(kind: Kind, sheet: Sheet, rows: Iterable[Any]) -> IO[bytes]:
    """A table that fits into memory, as a nameless file at its beginning; who gets it closes it."""
    file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    try:
        with tempfile.TemporaryDirectory() as folder:
            writer = kind.writer(file, folder, sheet)
            try:
                writer.write([column.cell(row) for column in sheet.columns] for row in rows)
            finally:
                writer.close()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def hundredths(points: int) -> str:
    """Basis points as Russians write them: `93,14`, `-1,20`."""
    sign = "-" if points < 0 else ""
    return f"{sign}{abs(points) // _WHOLE},{abs(points) % _WHOLE:02d}"


def clean(value: str) -> str:
    """Without the characters a file of XML cannot hold."""
    return _NOT_XML.sub("", value)


def _as_csv(cell: Cell, shape: Shape) -> str | int:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%d.%m.%Y %H:%M}"
        case date():
            return f"{cell:%d.%m.%Y}"
        case int():
            return hundredths(cell) if shape is Shape.POINTS else cell
        case str():
            # Looked at before cleaning too: a carriage return is cleaned away.
            text = clean(cell)
            return f"'{text}" if _FORMULA.match(cell) or _FORMULA.match(text) else text
