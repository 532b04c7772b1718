"""What a list is once it is read, and why a file is refused whole."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Invalid

FIELD: Final = "body.file"
MAX_BYTES: Final = 5 * 1024 * 1024
MAX_ROWS: Final = 10_000
MAX_COLUMNS: Final = 64
# What Excel itself can hold in a cell.
MAX_TEXT: Final = 32_767
_LETTERS: Final = 26
_NO_WORD: Final = re.compile(r"[\W_]+")
_DATES: Final = (
    re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?: ?г\.?)?"),
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})"),
)


class CellKind(StrEnum):
    """What stands in a cell; the last three are no value anybody typed there."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    FORMULA = "formula"
    ERROR = "error"
    MERGED = "merged"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell: its text without blanks around it (dates as `ГГГГ-ММ-ДД`), and its kind."""

    text: str
    kind: CellKind = CellKind.TEXT


EMPTY: Final = Cell("")


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its number in the file, and its cells from the first column on."""

    number: int
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Field:
    """A column we understand: what we call it, and how people do; the first alias is ours."""

    name: str
    aliases: Sequence[str]
    required: bool = False


@dataclass(frozen=True, slots=True)
class Heading:
    """A column by its own heading and letter."""

    text: str
    letter: str


@dataclass(frozen=True, slots=True)
class ListedRow:
    """A row under its headings: field → cell. `stray` is a column that has none of them."""

    number: int
    cells: Mapping[str, Cell]
    stray: str | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that has been read; `ignored` are columns that mean nothing to us."""

    columns: Mapping[str, Heading]
    ignored: Sequence[Heading]
    rows: Sequence[ListedRow]


class ListRefused(Invalid):
    """The file as a whole is none we read."""

    code = "list_refused"
    title = "Файл не принимается"

    def __init__(self, message: str) -> None:
        super().__init__(message, field=FIELD)


class ListTypeUnknown(ListRefused):
    """It is neither XLSX nor CSV, or not what its name says."""

    code = "list_type_unknown"


class ListUnreadable(ListRefused):
    """It is damaged, or made to harm."""

    code = "list_unreadable"


class ListTooLarge(ListRefused):
    """It has more rows, columns or content than a list of people has."""

    code = "list_too_large"
    title = "Файл слишком большой"


class ListHasMacros(ListRefused):
    """A program travels with it."""

    code = "list_has_macros"
    title = "Файл с макросами"


class SheetUnclear(ListRefused):
    """Several sheets have content, or one of them is hidden."""

    code = "list_sheet_unclear"
    title = "Непонятно, какой лист читать"


class HeadingsUnclear(ListRefused):
    """A column is missing, stands twice, or there are no headings."""

    code = "list_headings_unclear"
    title = "Заголовки не разобраны"


class ListEmpty(ListRefused):
    """There is no row under the headings."""

    code = "list_empty"
    title = "В файле нет строк"


def folded(text: str) -> str:
    """The words of a text without regard to case, punctuation and ё."""
    return _NO_WORD.sub(" ", text.casefold().replace("ё", "е")).strip()


def letter_of(place: int) -> str:
    """The letter of the column with this place, counted from 0: 0 is A, 26 is AA."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, _LETTERS)
        found = chr(ord("A") + rest) + found
    return found


def as_date(text: str) -> date | None:
    """The date people write as `15.09.2023` or `2023-09-15`; None where it is none."""
    for pattern in _DATES:
        found = pattern.fullmatch(text)
        if found:
            try:
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None
