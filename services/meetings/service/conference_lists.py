"""Read the attendance list a conference program has written: CSV or XLSX, whatever its columns."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Final

from openpyxl import load_workbook

from services.meetings.domain.participation import MAX_LIST_ROWS, AttendanceListUnreadable

MAX_BYTES: Final = 5 * 1024 * 1024

# What an archive of that size may unpack to, so that a small file cannot fill the memory.
_MAX_UNPACKED: Final = 64 * 1024 * 1024
_MAX_COLUMNS: Final = 50
_MAX_NAME: Final = 300
_HEADER_WITHIN: Final = 30
_NAME: Final = re.compile(
    r"(полное )?имя\b|ф\.?и\.?о|участник|наименование|название|организация|кластер"
    r"|\bname\b|participant|attendee|user",
    re.IGNORECASE,
)
_JOINED: Final = re.compile(r"вход|подключ|присоедин|\bjoin|first seen|начал", re.IGNORECASE)
_MOMENTS: Final = (
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y, %H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y, %I:%M:%S %p",
    "%H:%M:%S",
    "%H:%M",
)
_TEXT_ENCODINGS: Final = ("utf-8-sig", "cp1251")


@dataclass(frozen=True, slots=True)
class ListRow:
    """A line of the list: its number in the file, the name, and when it joined (wall clock)."""

    row: int
    name: str
    joined: time | None


def read_list(filename: str, content: bytes) -> list[ListRow]:
    """The list's lines with a name.

    The heading is looked for in the first lines; without one, the first column holds the names.
    Raises `AttendanceListUnreadable`.
    """
    table = list(_xlsx(content) if content[:2] == b"PK" else _csv(filename, content))
    start, name_at, joined_at = _layout(table)
    found = []
    for number, cells in enumerate(table[start:], start=start + 1):
        name = " ".join(str(cells[name_at] or "").split()) if len(cells) > name_at else ""
        if name:
            joined = _moment(cells[joined_at]) if joined_at is not None else None
            found.append(ListRow(number, name[:_MAX_NAME], joined))
    if not found:
        raise AttendanceListUnreadable("В файле нет ни одной строки с именем.", field="body.file")
    return found


def _layout(table: Sequence[Sequence[Any]]) -> tuple[int, int, int | None]:
    """Where the lines begin, which column holds names, and which when they joined."""
    for number, cells in enumerate(table[:_HEADER_WITHIN]):
        names = [place for place, cell in enumerate(cells) if _NAME.search(str(cell or ""))]
        # A title such as «Список участников» stands alone in its line.
        if names and (sum(cell not in {None, ""} for cell in cells) > 1 or len(cells) == 1):
            joined = next(
                (place for place, cell in enumerate(cells) if _JOINED.search(str(cell or ""))),
                None,
            )
            first = next((place for place in names if place != joined), names[0])
            return number + 1, first, joined
    return 0, 0, None


def _moment(cell: Any) -> time | None:
    """The time of day; one that cannot be read says nothing about being late."""
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, time):
        return cell
    text = str(cell or "").strip()
    for shape in _MOMENTS:
        try:
            return datetime.strptime(text, shape).time()  # noqa: DTZ007 - a wall clock's
        except ValueError:
            continue
    return None


def _csv(filename: str, content: bytes) -> Iterator[list[str]]:
    text = _decoded(content)
    if not filename.lower().endswith((".csv", ".txt", ".tsv")) and "\x00" in text:
        raise AttendanceListUnreadable("Ожидается файл CSV или XLSX.", field="body.file")
    sample = text[:4096]
    counts = {mark: sample.count(mark) for mark in (";", "\t", ",")}
    delimiter = max(counts, key=lambda mark: counts[mark])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, cells in enumerate(reader):
            _check_rows(number)
            yield cells[:_MAX_COLUMNS]
    except csv.Error as error:
        raise AttendanceListUnreadable("CSV не удалось прочесть.", field="body.file") from error


def _decoded(content: bytes) -> str:
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = _TEXT_ENCODINGS
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise AttendanceListUnreadable("Ожидается файл CSV или XLSX.", field="body.file")


def _xlsx(content: bytes) -> Iterator[Sequence[Any]]:
    try:
        _check_unpacked(content)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        # Some programs write a wrong size of the sheet; without it every line is looked at.
        sheet.reset_dimensions()
        for number, cells in enumerate(sheet.iter_rows(values_only=True)):
            _check_rows(number)
            yield cells[:_MAX_COLUMNS]
    except AttendanceListUnreadable:
        raise
    except Exception as error:
        raise AttendanceListUnreadable("XLSX не удалось прочесть.", field="body.file") from error


def _check_unpacked(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > _MAX_UNPACKED:
        raise AttendanceListUnreadable("Таблица слишком велика.", field="body.file")


def _check_rows(number: int) -> None:
    if number >= MAX_LIST_ROWS:
        raise AttendanceListUnreadable(f"В списке больше {MAX_LIST_ROWS} строк.", field="body.file")
