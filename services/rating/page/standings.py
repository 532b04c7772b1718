"""The standings as every page shows them: ordered, counted by zone, in the reader's language."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.page.atlas import ENGLISH_NAMES, Placed, district_tiles, named
from services.rating.page.words import ENGLISH

Board = Mapping[str, Any]
Row = Mapping[str, Any]
_ZONES: Final = ("green", "yellow", "red", None)
_MOVERS: Final = 4


@dataclass(frozen=True, slots=True)
class Movers:
    """Whose score changed most since the last slice, both ways."""

    risers: Sequence[Row]
    fallers: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Standings:
    """A board's lines, best first, and what is said about all of them."""

    rows: Sequence[Row]
    counts: Mapping[str | None, int]
    districts: Sequence[tuple[str, Sequence[Placed]]]
    movers: Movers
    rules: Methodology | None
    # What the script calls regions whose lines come from the stream, if not as the stream does.
    names: Mapping[str, tuple[str, str]] | None


def standings(board: Board | None, language: str) -> Standings:
    """Of a board shaped as the answer of `GET /v1/ratings/regions`; `None` is not loaded yet."""
    items = board["items"] if board else ()
    rows = sorted((named(row, language) for row in items), key=standing)
    return Standings(
        rows,
        count_zones(rows),
        district_tiles(rows, language),
        _movers(rows),
        _rules(board),
        ENGLISH_NAMES if language == ENGLISH else None,
    )


def count_zones(rows: Sequence[Row]) -> Mapping[str | None, int]:
    """How many lines are in each zone, and in none."""
    zones = Counter(row["zone"] for row in rows)
    return {zone: zones[zone] for zone in _ZONES}


def _movers(rows: Sequence[Row]) -> Movers:
    moved = [row for row in rows if row["change_bp"]]
    up = sorted((row for row in moved if row["change_bp"] > 0), key=lambda row: -row["change_bp"])
    down = sorted((row for row in moved if row["change_bp"] < 0), key=lambda row: row["change_bp"])
    return Movers(up[:_MOVERS], down[:_MOVERS])


def _rules(board: Board | None) -> Methodology | None:
    """The rules whose numbers we know; another methodology is not explained with them."""
    if board is None:
        return None
    shown = (board["methodology"], board["methodology_version"])
    return RERU_1 if shown == (RERU_1.code, RERU_1.version) else None


def standing(row: Row) -> tuple[bool, bool, int, str]:
    """Places first, then those with too little data, then those without any; ё sorts as е."""
    name = row["short_name"].lower().replace("ё", "е")
    return row["raw_bp"] is None, row["place"] is None, row["place"] or 0, name
