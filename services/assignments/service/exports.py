"""The register as a file: written in batches, so that memory does not grow with its length."""

import asyncio
import csv
import io
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import IO, Any, Final, Protocol

import xlsxwriter
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import STATUS_NAMES, Addressee, ExecutorRole
from services.assignments.domain.register import Sort
from services.assignments.repository import register as repository
from services.assignments.repository.register import Scope
from shared.clock import MOSCOW
from shared.errors import Invalid

MAX_ROWS: Final = 100_000
BATCH: Final = 1000
# What XML 1.0 cannot hold; a tab and a line feed it can.
_NOT_XML: Final = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A cell that begins like this is a formula to a spreadsheet, whoever wrote it.
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r\n]")
# What a cell of Excel can hold.
_MAX_CELL: Final = 32_767

Cell = str | int | date | datetime | None


class ExportTooLarge(Invalid):
    """More rows match than a file may have; nothing is cut off silently."""

    code = "export_too_large"
    title = "Слишком много строк для файла"

    def __init__(self) -> None:
        limit = f"{MAX_ROWS:,}".replace(",", "\N{NO-BREAK SPACE}")
        super().__init__(
            f"Под отбор подходит больше {limit} строк. Сузьте его, например по региону или сроку."
        )


class Shape(StrEnum):
    """How a column's cells are shown."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file: its heading, its shape, its width, and its cell of a row."""

    heading: str
    shape: Shape
    width: int
    cell: Callable[[Any], Cell]


def _yes(value: bool) -> str:
    return "да" if value else "нет"


_ADDRESSEES: Final[Mapping[Addressee, str]] = {
    Addressee.CLUSTER: "кластер",
    Addressee.AUTHORITY: "орган власти региона",
}
_ROLES: Final[Mapping[ExecutorRole, str]] = {
    ExecutorRole.LEAD: "ответственный",
    ExecutorRole.CO: "соисполнитель",
}
# No person is named here: no coordinator, no subject of a token, no words of a report.
COLUMNS: Final = (
    Column("Номер поручения", Shape.TEXT, 18, lambda row: row.number),
    Column("Поручение", Shape.TEXT, 60, lambda row: row.text),
    Column("Код региона", Shape.TEXT, 12, lambda row: row.region),
    Column("Регион", Shape.TEXT, 24, lambda row: row.region_name),
    Column("Федеральный округ", Shape.TEXT, 20, lambda row: row.federal_district),
    Column("Кластер", Shape.TEXT, 40, lambda row: row.cluster_name),
    Column("Отрасль", Shape.TEXT, 24, lambda row: row.industry),
    Column("Год отбора", Shape.NUMBER, 12, lambda row: row.cohort),
    Column("Адресат", Shape.TEXT, 20, lambda row: _ADDRESSEES[row.addressee]),
    Column("Роль", Shape.TEXT, 16, lambda row: _ROLES[row.role]),
    Column("Вес", Shape.NUMBER, 8, lambda row: row.weight),
    Column("Состояние", Shape.TEXT, 24, lambda row: STATUS_NAMES[row.status]),
    Column("Выдано", Shape.DATE, 12, lambda row: row.issued_on),
    Column("Первоначальный срок", Shape.DATE, 20, lambda row: row.due0),
    Column("Срок", Shape.DATE, 12, lambda row: row.due),
    Column("Сдано", Shape.DATE, 12, lambda row: row.done),
    Column("Возвратов", Shape.NUMBER, 12, lambda row: row.returns),
    Column("Продлений", Shape.NUMBER, 12, lambda row: row.extensions),
    Column("Просрочено", Shape.TEXT, 12, lambda row: _yes(row.overdue)),
    Column("Скоро срок", Shape.TEXT, 12, lambda row: _yes(row.due_soon)),
    Column("Ждёт решения ЦУР", Shape.TEXT, 18, lambda row: _yes(row.awaiting_review)),
    Column("Просят продлить", Shape.TEXT, 16, lambda row: _yes(row.extension_requested)),
    Column(
        "Изменено (МСК)",
        Shape.MOMENT,
        18,
        lambda row: row.occurred_at.astimezone(MOSCOW).replace(tzinfo=None, microsecond=0),
    ),
)


class _Writer(Protocol):
    def write(self, rows: Iterable[Sequence[Cell]]) -> None: ...

    def close(self) -> None: ...


class CsvWriter:
    """CSV as Russian Excel opens it by a double click."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
        self._csv = csv.writer(self._text, delimiter=";", lineterminator="\r\n")
        self._csv.writerow([column.heading for column in COLUMNS])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        self._csv.writerows([_as_csv(cell) for cell in row] for row in rows)

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class XlsxWriter:
    """A workbook of one sheet, its rows flushed to a temporary file as they come."""

    def __init__(self, file: IO[bytes], folder: str) -> None:
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
        formats = {
            Shape.TEXT: self._book.add_format({"valign": "top"}),
            Shape.NUMBER: self._book.add_format({"valign": "top", "num_format": "0"}),
            Shape.DATE: self._book.add_format({"valign": "top", "num_format": "dd.mm.yyyy"}),
            Shape.MOMENT: self._book.add_format(
                {"valign": "top", "num_format": "dd.mm.yyyy hh:mm"}
            ),
        }
        self._formats = [formats[column.shape] for column in COLUMNS]
        self._sheet = self._book.add_worksheet("Исполнения")
        self._sheet.freeze_panes(1, 0)
        heading = self._book.add_format({"bold": True, "bottom": 1})
        for place, column in enumerate(COLUMNS):
            self._sheet.set_column(place, place, column.width)
            self._sheet.write_string(0, place, column.heading, heading)
        self._row = 0

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        for row in rows:
            self._row += 1
            for place, cell in enumerate(row):
                self._write_cell(place, cell)

    def _write_cell(self, place: int, cell: Cell) -> None:
        as_shown = self._formats[place]
        match cell:
            case None:
                return
            case str():
                self._sheet.write_string(self._row, place, clean(cell)[:_MAX_CELL], as_shown)
            case date():
                self._sheet.write_datetime(self._row, place, cell, as_shown)
            case int():
                self._sheet.write_number(self._row, place, cell, as_shown)

    def close(self) -> None:
        self._sheet.autofilter(0, 0, self._row, len(COLUMNS) - 1)
        self._book.close()


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file."""

    ending: str
    media_type: str
    writer: Callable[[IO[bytes], str], _Writer]


CSV: Final = Kind("csv", "text/csv", CsvWriter)
XLSX: Final = Kind(
    "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", XlsxWriter
)


def clean(value: str) -> str:
    """Without the characters a file of XML cannot hold."""
    return _NOT_XML.sub("", value)


def _as_csv(cell: Cell) -> str | int:
    match cell:
        case None:
            return ""
        case datetime():
            return f"{cell:%d.%m.%Y %H:%M}"
        case date():
            return f"{cell:%d.%m.%Y}"
        case int():
            return cell
        case str():
            # Looked at before cleaning too: a carriage return is cleaned away.
            text = clean(cell)
            return f"'{text}" if _FORMULA.match(cell) or _FORMULA.match(text) else text


def filename(kind: Kind, now: datetime) -> str:
    """What the browser calls the file."""
    return f"Реестр исполнений {now.astimezone(MOSCOW):%d.%m.%Y}.{kind.ending}"


async def export(session: AsyncSession, scope: Scope, sort: Sort, kind: Kind) -> IO[bytes]:
    """The rows of the scope as a file without a name; who gets it closes it.

    It is written before the answer begins: a failure is an honest refusal instead of half a
    file, and a slow reader holds no transaction. Raises `ExportTooLarge`.
    """
    if await repository.count(session, scope, at_most=MAX_ROWS + 1) > MAX_ROWS:
        raise ExportTooLarge
    file: IO[bytes] = await asyncio.to_thread(tempfile.TemporaryFile)
    try:
        with tempfile.TemporaryDirectory() as folder:
            writer = await asyncio.to_thread(kind.writer, file, folder)
            try:
                left = MAX_ROWS
                async for rows in repository.stream(
                    session, scope, sort, limit=MAX_ROWS + 1, batch=BATCH
                ):
                    left -= len(rows)
                    if left < 0:  # more came since they were counted
                        raise ExportTooLarge
                    await asyncio.to_thread(_write, writer, rows)
            finally:
                await asyncio.to_thread(writer.close)
    except BaseException:
        file.close()
        raise
    return file


def _write(writer: _Writer, rows: Sequence[Any]) -> None:
    writer.write([column.cell(row) for column in COLUMNS] for row in rows)
