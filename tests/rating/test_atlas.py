"""The tile map: every region once, no two in one place, neighbours near each other."""

import csv
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest

from services.rating.page.atlas import DISTRICTS, ENGLISH_NAMES, TILES, district_tiles
from tests.rating.test_page import row

REGIONS: Final = Path(__file__).parents[2] / "services/directory/reference/regions.csv"
COLUMNS, ROWS = 17, 11


def regions() -> list[dict[str, str]]:
    with REGIONS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_every_region_has_one_tile_and_english_names() -> None:
    codes = [region["code"] for region in regions()]
    assert len(codes) == 89
    assert sorted(TILES) == sorted(ENGLISH_NAMES) == codes


def test_no_two_regions_share_a_place_or_a_name() -> None:
    assert len({(tile.column, tile.row) for tile in TILES.values()}) == 89
    for language in ("ru", "en"):
        names = [tile.short[language] for tile in TILES.values()]
        assert len(set(names)) == 89
        assert max(map(len, names)) <= 5
    assert len({short for _, short in ENGLISH_NAMES.values()}) == 89


def test_the_style_places_every_column_and_row() -> None:
    style = (Path(__file__).parents[2] / "services/rating/page/static/map.css").read_text()
    for tile in TILES.values():
        assert 1 <= tile.column <= COLUMNS
        assert 1 <= tile.row <= ROWS
        assert f".c{tile.column} {{ grid-column: {tile.column}; }}" in style
        assert f".r{tile.row} {{ grid-row: {tile.row}; }}" in style


@pytest.mark.parametrize(
    "west_to_east",
    [
        ["39", "67", "77", "16", "66", "54", "38", "27", "65"],
        ["39", "78", "11", "86", "24", "14", "87"],
        ["95", "90", "93", "94"],
        ["92", "91", "23"],
    ],
)
def test_west_is_left(west_to_east: list[str]) -> None:
    assert all(TILES[a].column < TILES[b].column for a, b in pairwise(west_to_east))


@pytest.mark.parametrize(
    "north_to_south",
    [
        ["51", "10", "77", "36", "61", "23", "09"],
        ["83", "11", "43", "12", "21"],
        ["49", "27", "25"],
    ],
)
def test_north_is_up(north_to_south: list[str]) -> None:
    assert all(TILES[a].row < TILES[b].row for a, b in pairwise(north_to_south))


NEIGHBOURS: Final = (
    "77-50 78-47 10-51 10-29 29-83 11-83 59-66 66-45 74-45 16-02 16-73 73-63 52-21 54-55 54-22"
    " 42-54 19-17 03-75 28-27 27-79 49-87 41-87 23-01 91-92 93-94 90-95 20-05 20-06 15-06 07-15"
    " 09-07 26-20 30-34 34-61 31-36 40-71 62-13 76-44 60-53 67-32"
)


def test_those_who_share_a_border_touch() -> None:
    apart = []
    for pair in NEIGHBOURS.split():
        a, b = (TILES[code] for code in pair.split("-"))
        if max(abs(a.column - b.column), abs(a.row - b.row)) > 1:
            apart.append(pair)
    assert apart == []


def test_the_tiles_come_by_district_from_the_west_and_within_it_line_by_line() -> None:
    rows = [
        row(one["code"], one["short_name"], federal_district=one["federal_district"])
        for one in regions()
    ]
    found = district_tiles(rows, "ru")
    assert [name for name, _ in found] == [*DISTRICTS, "вне округов"]
    assert sum(len(tiles) for _, tiles in found) == 89
    for _, tiles in found:
        places = [(tile.line, tile.column) for tile in tiles]
        assert places == sorted(places)


def test_a_region_nobody_has_placed_is_shown_below_all() -> None:
    [(_, tiles)] = district_tiles([row("16", "Татарстан"), row("98", "Новый край")], "en")
    assert [(tile.short, tile.line > ROWS) for tile in tiles] == [("TA", False), ("98", True)]
