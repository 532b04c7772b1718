"""Filters and orders of ratings: what is shown changes, places do not."""

from itertools import pairwise
from typing import Any, get_args

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.live import Board
from services.rating.board.serving import PATH
from services.rating.domain.scores import Zone
from services.rating.domain.selections import RegionSort, Sort, Wanted, folded, select
from services.rating.routers.selections import select_regions
from services.rating.schemas.regions import RegionRow
from tests.conftest import Headers, Tokens
from tests.rating.facts import make_facts, number
from tests.rating.slices import LATER, freeze
from tests.rating.test_domain import FOUR
from tests.rating.test_page import row, without_data
from tests.rating.test_ready_board import live as live
from tests.rating.test_ready_board import statements as statements
from tests.rating.world import hear

OCTOBER = {"period": "2023-10", "as_of": "2023-10-31T20:00:00Z"}
OPTIONAL = st.none() | st.integers(0, 3)


@st.composite
def lines(draw: st.DrawFn) -> list[RegionRow]:
    codes = draw(st.lists(st.integers(10, 99), unique=True, max_size=8))
    return [
        RegionRow.model_validate(
            row(
                str(code),
                draw(st.sampled_from(["Ёлка", "елань", "Алтай", "яр"])),
                federal_district=draw(st.sampled_from(["ПФО", "СФО"])),
                zone=draw(st.sampled_from([None, *Zone])),
                place=draw(OPTIONAL),
                raw_bp=draw(OPTIONAL),
                stabilised_bp=draw(OPTIONAL),
                on_time_bp=draw(OPTIONAL),
                change_bp=draw(OPTIONAL),
                place_before=None,
                executions=draw(st.integers(0, 3)),
                debts=draw(st.integers(0, 3)),
            )
        )
        for code in codes
    ]


@given(lines(), st.sampled_from(get_args(RegionSort)))
def test_an_order_is_total_and_what_has_no_value_comes_last(
    rows: list[RegionRow], sort: str
) -> None:
    found = select_regions(rows, None, Wanted(), sort)

    assert sorted(one.region for one in found) == sorted(one.region for one in rows)
    name, falling = sort.removeprefix("-"), sort.startswith("-")
    for one, after in pairwise(found):
        if name == "name":
            values: tuple[Any, Any] = (folded(one.short_name), folded(after.short_name))
        else:
            values = (getattr(one, name), getattr(after, name))
        if None in values:
            assert values[1] is None
        elif values[0] != values[1]:
            assert (values[0] > values[1]) == falling
        if values[0] == values[1]:
            assert one.region < after.region


@given(
    lines(),
    st.none() | st.sampled_from(["ПФО", "СФО"]),
    st.sets(st.sampled_from(list(Zone))),
    st.integers(0, 3),
    st.sampled_from(["", "ЕЛ", "ё", "1", "нет такого"]),
)
def test_a_line_is_shown_when_it_fits_all_that_is_asked(
    rows: list[RegionRow], district: str | None, zones: set[Zone], least: int, words: str
) -> None:
    found = select_regions(rows, district, Wanted(zones, least, words), "region")

    for one in rows:
        fits = (
            (district is None or one.federal_district == district)
            and (not zones or one.zone in zones)
            and one.executions >= least
            and (folded(words) in folded(one.name) or words in one.region)
        )
        assert (one in found) == fits


def test_a_name_is_found_whatever_the_case_and_the_dots() -> None:
    [one] = select(
        [RegionRow.model_validate(row("16", "Королёв", change_bp=None, place_before=None))],
        Wanted(words=" королев"),
        "name",
        key=lambda line: line.region,
        name=lambda line: line.short_name,
        texts=lambda line: (line.short_name,),
    )
    assert one.region == "16"


@pytest.fixture
def board() -> Board:
    found = Board()
    items = [
        row("16", "Татарстан", place=2, change_bp=None, place_before=None),
        row("77", "Москва", place=1, federal_district="ЦФО", change_bp=5, place_before=3),
        without_data("90", "Орёл") | {"change_bp": None, "place_before": None},
    ]
    head = {"period": "2023-10", "as_of": "2023-10-20T09:00:00Z", "complete_through": None}
    found.show(head | {"methodology": "РЭРУ-1", "methodology_version": 1, "mu_bp": 8000}, items, 1)
    return found


async def test_the_live_rating_is_filtered_in_memory(
    live: httpx.AsyncClient, statements: list[str]
) -> None:
    async def regions(**query: Any) -> list[str]:
        answer = await live.get(PATH, params=query)
        assert answer.status_code == 200, answer.text
        assert answer.json()["mu_bp"] == 8000
        return [one["region"] for one in answer.json()["items"]]

    assert await regions(sort="place") == ["77", "16", "90"]
    assert await regions(sort="-place") == ["16", "77", "90"]
    assert await regions(sort="-change_bp") == ["77", "16", "90"]
    assert await regions(federal_district="ПФО", min_executions=1) == ["16"]
    assert await regions(zone=["green", "red"], sort="name") == ["77", "16"]
    assert await regions(q="ОРЕЛ") == await regions(q="90") == ["90"]
    assert statements == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"zone": "blue"}, "query.zone.0"),
        ({"sort": "-region,place"}, "query.sort"),
        ({"min_executions": -1}, "query.min_executions"),
        ({"min_executions": 10**12}, "query.min_executions"),
        ({"q": "x" * 101}, "query.q"),
        ({"q": "a\x00b"}, "query.q"),
        ({"district": "ПФО"}, "query.district"),
    ],
)
async def test_a_wrong_filter_is_named(
    client: httpx.AsyncClient, session: AsyncSession, query: dict[str, Any], field: str
) -> None:
    answer = await client.get(PATH, params=query)
    assert answer.status_code == 422, answer.text
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_another_instant_groups_and_slices_take_the_same_filters(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    far = [make_facts(execution_id=number(20 + key), region="41", cohort=2023) for key in range(3)]
    await hear(session, [*FOUR, *far])

    async def names(path: str, name: str, **query: Any) -> list[str]:
        headers: Headers = token("auditor") | {"X-Simulated-Now": LATER.isoformat()}
        answer = await client.get(path, params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return [one[name] for one in answer.json()["items"]]

    assert await names(PATH, "region", **OCTOBER, sort="-debts", min_executions=1) == ["16", "41"]
    by = "/v1/ratings/districts"
    assert await names(by, "name", **OCTOBER) == ["ДФО", "ПФО"]
    assert await names(by, "name", **OCTOBER, sort="-place") == ["ПФО", "ДФО"]
    assert await names(by, "name", **OCTOBER, zone="red") == ["ПФО"]
    one = await freeze(session)
    whole = f"/v1/slices/{one.id}"
    assert await names(whole, "region", federal_district="ЦФО") == ["77"]
    assert await names(whole, "region", sort="place", min_executions=1) == ["41", "16"]


def test_regions_are_sorted_by_all_that_others_are() -> None:
    assert set(get_args(Sort)) < set(get_args(RegionSort))
