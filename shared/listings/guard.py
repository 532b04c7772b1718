"""What a workbook must not be before a library opens it: a bomb, a program, an XML trick.

Everything is read once, in pieces and with limits, by the parser of the standard library, which
stops at the first declaration of a document type: entities of any kind need one. The library is
then given a copy of exactly what was read: it believes the sizes that an archive states, and takes
parts by whatever names the archive's own table of types says.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.parsers import expat

from shared.listings.cells import (
    MAX_COLUMNS,
    MAX_ROWS,
    ListHasMacros,
    ListTooLarge,
    ListTypeUnknown,
    ListUnreadable,
    letter_of,
)

# Title lines above the headings come on top of the rows.
DEEPEST_ROW: Final = MAX_ROWS + 50
_PARTS: Final = 500
_TOTAL_BYTES: Final = 48 * 1024 * 1024
# Styles, themes, properties; sheets and texts may be larger.
_PART_BYTES: Final = 2 * 1024 * 1024
_LARGE: Final = re.compile(r"xl/(worksheets/[^/]+|sharedStrings)\.xml", re.IGNORECASE)
_SHEET: Final = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_XML: Final = re.compile(r".*\.(xml|rels|vml)", re.IGNORECASE)
_REFERENCE: Final = re.compile(r"([A-Z]{1,3})([1-9]\d{0,6})")
_NUMBER: Final = re.compile(r"[0-9]{1,7}")
_PIECE: Final = 64 * 1024
# What Excel writes. Of the others the archive's reader inflates whole pieces, whatever they hold.
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_DEPTH: Final = 64
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")


@dataclass(slots=True)
class SheetShape:
    """What of a sheet has content: the last row and column, and the ranges that are merged."""

    last_row: int = 0
    last_column: int = 0
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)

    def note(self, reference: str) -> None:
        """A cell has content. Raises `ListTooLarge`, `ListUnreadable`."""
        row, column = _place(reference)
        self.last_row = max(self.last_row, row)
        self.last_column = max(self.last_column, column)
        if row > DEEPEST_ROW:
            raise ListTooLarge(f"В листе больше {MAX_ROWS} строк: разделите список.")
        if column > MAX_COLUMNS:
            raise ListTooLarge(f"В листе больше {MAX_COLUMNS} колонок: удалите лишние.")

    def merge(self, reference: str) -> None:
        """A range is merged. Raises `ListTooLarge`, `ListUnreadable`."""
        first, _, last = reference.partition(":")
        self.merged.append((*_place(first), *_place(last or first)))
        if len(self.merged) > MAX_ROWS:
            raise ListTooLarge("В листе слишком много объединённых ячеек: разъедините их.")


@dataclass(frozen=True, slots=True)
class Inspected:
    """The shapes of a workbook's sheets by the names of their parts, and a copy to be opened.

    The copy has the XML parts alone, as they were read, and nothing in it is compressed.
    """

    shapes: Mapping[str, SheetShape]
    copy: io.BytesIO


def _place(reference: str) -> tuple[int, int]:
    """Row and column, counted from 1."""
    found = _REFERENCE.fullmatch(reference.replace("$", ""))
    if not found:
        raise ListUnreadable("Книга повреждена: адрес ячейки не разобран.")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(found[2]), column


def look_into(content: bytes) -> Inspected:
    """What the workbook is, once it has been found harmless.

    Raises `ListTypeUnknown`, `ListUnreadable`, `ListHasMacros`, `ListTooLarge`.
    """
    if content.startswith(_OLE):
        raise ListTypeUnknown(
            "Это книга с паролем или старого формата .xls. Сохраните её как .xlsx без пароля."
        )
    if not content.startswith(_ZIP):
        raise ListTypeUnknown("Файл назван .xlsx, но книги Excel в нём нет.")
    file = io.BytesIO()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(file, "w") as copy:
            shapes = _look_into(archive, copy)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ListUnreadable("Книга повреждена: архив не читается.") from error
    except expat.ExpatError as error:
        raise ListUnreadable("Книга повреждена: внутри не XML.") from error
    # Names, and encodings that XML declares, which nobody knows.
    except (ValueError, LookupError) as error:
        raise ListUnreadable("Книга повреждена: неизвестная кодировка.") from error
    return Inspected(shapes, file)


def _look_into(archive: zipfile.ZipFile, copy: zipfile.ZipFile) -> Mapping[str, SheetShape]:
    names = archive.namelist()
    if len(names) > _PARTS or len({name.casefold() for name in names}) < len(names):
        raise ListUnreadable("Книга повреждена: части архива повторяются или их слишком много.")
    if "[Content_Types].xml" not in names or "xl/workbook.xml" not in names:
        raise ListTypeUnknown("Это архив, но не книга Excel. Сохраните список как .xlsx.")
    if any("vbaproject" in name.casefold() for name in names):
        raise ListHasMacros("В книге есть макросы. Сохраните её как .xlsx без макросов.")
    if any(part.compress_type not in _METHODS for part in archive.infolist()):
        raise ListUnreadable("Книга сжата не так, как сжимает Excel. Сохраните её заново.")
    shapes: dict[str, SheetShape] = {}
    left = _TOTAL_BYTES
    for name in names:
        if _XML.fullmatch(name):
            shape = SheetShape() if _SHEET.fullmatch(name) else None
            limit = left if _LARGE.fullmatch(name) else min(left, _PART_BYTES)
            left -= _take(archive, copy, name, limit, shape)
            if shape is not None:
                shapes[name] = shape
    return shapes


def _take(
    archive: zipfile.ZipFile,
    copy: zipfile.ZipFile,
    name: str,
    limit: int,
    shape: SheetShape | None,
) -> int:
    """How many bytes the part has, now copied. Raises `ListTooLarge`, `ListUnreadable`."""
    parser = _parser(shape)
    taken = 0
    with archive.open(name) as part, copy.open(name, "w") as kept:
        while piece := part.read(_PIECE):
            taken += len(piece)
            if taken > limit:
                raise ListTooLarge(
                    "Содержимое книги во много раз больше самого файла: похоже на архивную бомбу."
                )
            parser.Parse(piece, False)
            kept.write(piece)
    parser.Parse(b"", True)
    return taken


def _parser(shape: SheetShape | None) -> Any:
    parser = expat.ParserCreate(namespace_separator=" ")
    depth = 0

    def refuse(*_: object) -> None:
        raise ListUnreadable("В книге объявлены сущности XML: такие файлы не читаем.")

    note = _noter(shape) if shape is not None else None

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEPTH:
            raise ListUnreadable("Книга повреждена: разметка вложена слишком глубоко.")
        if note is not None:
            note(tag.rpartition(" ")[2], attributes)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    return parser


def _noter(shape: SheetShape) -> Callable[[str, dict[str, str]], None]:
    """Notes the cells that have content: a value, a text of their own, a formula.

    Row and cell may be unnumbered: they then follow the one before.
    """
    row = column = 0
    cell = ""

    def note(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, cell
        if tag == "row":
            number = attributes.get("r", "")
            row, column = (int(number) if _NUMBER.fullmatch(number) else row + 1), 0
        elif tag == "c":
            cell = attributes.get("r", "")
            column = _place(cell)[1] if cell else column + 1
        elif tag in {"v", "is", "f"} and row:
            shape.note(cell or f"{letter_of(column - 1)}{row}")
        elif tag == "mergeCell":
            shape.merge(attributes.get("ref", ""))

    return note
