"""Where regions stand on the tile map, and what they are called on it and in English."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services.rating.page.words import ENGLISH

_HERE: Final = Path(__file__).parent / "reference"
# From west to east; what belongs to none comes last.
DISTRICTS: Final = ("СЗФО", "ЦФО", "ЮФО", "СКФО", "ПФО", "УФО", "СФО", "ДФО")


@dataclass(frozen=True, slots=True)
class Tile:
    """A region's place on the map, from 1 in the north-west, and its short names."""

    column: int
    row: int
    short: Mapping[str, str]


def _read(name: str) -> list[dict[str, str]]:
    with (_HERE / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


TILES: Final[Mapping[str, Tile]] = {
    one["code"]: Tile(int(one["column"]), int(one["row"]), {"ru": one["ru"], "en": one["en"]})
    for one in _read("tiles.csv")
}
ENGLISH_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    one["code"]: (one["name"], one["short_name"]) for one in _read("names.en.csv")
}


def named(row: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The line under the region's names in the language; Russian where no other is known."""
    if language == ENGLISH and row["region"] in ENGLISH_NAMES:
        name, short_name = ENGLISH_NAMES[row["region"]]
        return {**row, "name": name, "short_name": short_name}
    return dict(row)


@dataclass(frozen=True, slots=True)
class Placed:
    """A region's line and its tile."""

    row: Mapping[str, Any]
    column: int
    line: int
    short: str


def district_tiles(
    rows: Iterable[Mapping[str, Any]], language: str
) -> Sequence[tuple[str, Sequence[Placed]]]:
    """The tiles by federal district, west to east; a region without a tile gets one below all."""
    below = max(tile.row for tile in TILES.values()) + 1
    found: dict[str, list[Placed]] = {}
    strangers = 0
    for row in rows:
        tile = TILES.get(row["region"])
        if tile is None:
            strangers += 1
            placed = Placed(row, strangers, below, row["region"])
        else:
            placed = Placed(row, tile.column, tile.row, tile.short[language])
        found.setdefault(row["federal_district"], []).append(placed)
    known = {name: number for number, name in enumerate(DISTRICTS)}
    names = sorted(found, key=lambda name: (known.get(name, len(known)), name))
    return [(name, sorted(found[name], key=lambda one: (one.line, one.column))) for name in names]
