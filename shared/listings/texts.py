"""CSV as office programs write it: in UTF-8 or Windows-1251, between `;`, `,` or tabs."""

import csv
import io
from typing import Final

from shared.listings.cells import (
    MAX_COLUMNS,
    MAX_ROWS,
    MAX_TEXT,
    Cell,
    ListTooLarge,
    ListTypeUnknown,
    ListUnreadable,
    Row,
)
from shared.listings.guard import DEEPEST_ROW

DELIMITERS: Final = (";", ",", "\t")
_OTHER_TYPES: Final = (b"PK\x03\x04", b"%PDF", bytes.fromhex("d0cf11e0a1b11ae1"))
_ENCODINGS: Final = ("utf-8-sig", "cp1251")
# Our own files, and careful people, put it before what a program would take for a formula.
_GUARD: Final = "'"
_GUARDED: Final = ("=", "+", "-", "@")


def as_text(content: bytes) -> str:
    """The text of the file. Raises `ListTypeUnknown`."""
    if content.startswith(_OTHER_TYPES) or b"\x00" in content:
        raise ListTypeUnknown(
            "Файл назван .csv, но это не текст в кодировке UTF-8 или Windows-1251."
        )
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ListTypeUnknown("Текст не прочитан: нужна кодировка UTF-8 или Windows-1251.")


def read_text(text: str, delimiter: str) -> list[Row]:
    """The rows between this delimiter; numbers are of rows, not of lines, as Excel shows them.

    Raises `ListUnreadable`, `ListTooLarge`.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if number > DEEPEST_ROW:
                raise ListTooLarge(f"В файле больше {MAX_ROWS} строк: разделите список.")
            if len(cells) > MAX_COLUMNS:
                raise ListTooLarge(
                    f"В строке {number} больше {MAX_COLUMNS} колонок: удалите лишние."
                )
            rows.append(Row(number, [_cell(cell, number) for cell in cells]))
    except csv.Error as error:
        raise ListUnreadable(
            f"Строка {len(rows) + 1} не разобрана: проверьте кавычки и разделители."
        ) from error
    return rows


def _cell(raw: str, number: int) -> Cell:
    text = raw.strip()
    if len(text) > MAX_TEXT:
        raise ListTooLarge(f"В строке {number} слишком длинный текст.")
    if text.startswith(_GUARD) and text[1:].lstrip().startswith(_GUARDED):
        text = text[1:].lstrip()
    return Cell(text)
