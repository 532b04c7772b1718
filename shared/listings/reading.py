"""From a file to a list under known headings, wherever these stand and whatever their order."""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.listings.cells import (
    EMPTY,
    MAX_BYTES,
    MAX_ROWS,
    Cell,
    CellKind,
    Field,
    Heading,
    HeadingsUnclear,
    ListedRow,
    ListEmpty,
    Listing,
    ListTooLarge,
    ListTypeUnknown,
    ListUnreadable,
    Row,
    folded,
    letter_of,
)
from shared.listings.texts import DELIMITERS, as_text, read_text
from shared.listings.workbooks import read_workbook

# A title, a date, an approval stand above the headings of some lists.
_LOOKED_AT: Final = 20
_FEWEST: Final = 2
_SHOWN: Final = 60


def read(name: str, content: bytes, fields: Sequence[Field]) -> Listing:
    """The list in the file of this name. Raises `ListRefused` of the kind that fits."""
    if not content:
        raise ListEmpty("Файл пуст.")
    if len(content) > MAX_BYTES:
        raise ListTooLarge(f"Файл больше {MAX_BYTES // 1024**2} МиБ: разделите список.")
    known = {folded(alias): field.name for field in fields for alias in field.aliases}
    match name.rpartition(".")[2].casefold():
        case "xlsx":
            rows = read_workbook(content)
        case "csv":
            rows = _read_csv(content, known)
        case "xlsm" | "xltm" | "xlsb" | "xls":
            raise ListTypeUnknown("Сохраните книгу как .xlsx: другие форматы Excel не читаем.")
        case _:
            raise ListTypeUnknown("Принимаются списки .xlsx и .csv.")
    return _under_headings(rows, fields, known)


def _read_csv(content: bytes, known: Mapping[str, str]) -> list[Row]:
    """Between the delimiter that makes the most headings known."""
    text = as_text(content)
    best: tuple[int, list[Row]] | None = None
    trouble: ListUnreadable | None = None
    for delimiter in DELIMITERS:
        try:
            rows = read_text(text, delimiter)
        except ListUnreadable as error:
            trouble = trouble or error
            continue
        score = max((_recognised(row, known) for row in rows[:_LOOKED_AT]), default=0)
        if best is None or score > best[0]:
            best = (score, rows)
    if trouble is not None and (best is None or best[0] < _FEWEST):
        raise trouble
    assert best is not None
    return best[1]


def _recognised(row: Row, known: Mapping[str, str]) -> int:
    return len({known[key] for cell in row.cells if (key := folded(cell.text)) in known})


def _under_headings(
    rows: Sequence[Row], fields: Sequence[Field], known: Mapping[str, str]
) -> Listing:
    """Raises `HeadingsUnclear`, `ListEmpty`, `ListTooLarge`."""
    head = max(rows[:_LOOKED_AT], key=lambda row: _recognised(row, known), default=None)
    if head is None or _recognised(head, known) < _FEWEST:
        wanted = ", ".join(f"«{field.aliases[0]}»" for field in fields if field.required)
        merged = _first_merged(rows[:_LOOKED_AT])
        hint = f" Ячейки {merged} объединены: разъедините их." if merged else ""
        raise HeadingsUnclear(
            f"Строка заголовков не найдена в первых {_LOOKED_AT} строках."
            f" Нужны колонки: {wanted}.{hint}"
        )
    places, ignored = _places(head, known)
    missing = [field for field in fields if field.required and field.name not in places]
    if missing:
        names = ", ".join(f"«{field.aliases[0]}»" for field in missing)
        raise HeadingsUnclear(f"Нет колонки: {names}. Заголовки — в строке {head.number}.")
    headed = {place for place, cell in enumerate(head.cells) if cell.text}
    listed = [
        _listed(row, places, headed)
        for row in rows
        if row.number > head.number and any(_has_content(cell) for cell in row.cells)
    ]
    if not listed:
        raise ListEmpty(f"Под заголовками (строка {head.number}) нет ни одной строки.")
    if len(listed) > MAX_ROWS:
        raise ListTooLarge(f"В списке больше {MAX_ROWS} строк: разделите его.")
    columns = {
        name: Heading(head.cells[place].text[:_SHOWN], letter_of(place))
        for name, place in places.items()
    }
    return Listing(columns, ignored, listed)


def _first_merged(rows: Sequence[Row]) -> str | None:
    cells = (cell for row in rows for cell in row.cells)
    return next((cell.text for cell in cells if cell.kind is CellKind.MERGED), None)


def _places(head: Row, known: Mapping[str, str]) -> tuple[dict[str, int], list[Heading]]:
    """Where each field stands, and the columns nobody asked for. Raises `HeadingsUnclear`."""
    places: dict[str, int] = {}
    ignored: list[Heading] = []
    for place, cell in enumerate(head.cells):
        if cell.kind is CellKind.MERGED:
            raise HeadingsUnclear(f"Заголовки объединены ({cell.text}): разъедините ячейки.")
        name = known.get(folded(cell.text))
        if name is None:
            if cell.text:
                ignored.append(Heading(cell.text[:_SHOWN], letter_of(place)))
        elif name in places:
            first = places[name]
            raise HeadingsUnclear(
                f"Колонки {letter_of(first)} «{head.cells[first].text[:_SHOWN]}» и"
                f" {letter_of(place)} «{cell.text[:_SHOWN]}» означают одно и то же: оставьте одну."
            )
        else:
            places[name] = place
    return places, ignored


def _has_content(cell: Cell) -> bool:
    return bool(cell.text) or cell.kind is CellKind.FORMULA


def _listed(row: Row, places: Mapping[str, int], headed: set[int]) -> ListedRow:
    cells = {
        name: row.cells[place] if place < len(row.cells) else EMPTY
        for name, place in places.items()
    }
    stray = next(
        (
            letter_of(place)
            for place, cell in enumerate(row.cells)
            if place not in headed and _has_content(cell)
        ),
        None,
    )
    return ListedRow(row.number, cells, stray)
