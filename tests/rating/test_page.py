"""The page says in plain HTML what the board says in JSON."""

import html
import json
import re
from typing import Any, Final
from xml.etree import ElementTree

import pytest

from services.rating.page.assets import STATIC
from services.rating.page.badge import badge
from services.rating.page.board import page
from services.rating.page.frame import Frame
from services.rating.page.words import WORDS


def row(region: str, short_name: str, **facts: Any) -> dict[str, Any]:
    return {
        "region": region,
        "name": f"{short_name} (полное имя)",
        "short_name": short_name,
        "federal_district": "ПФО",
        "raw_bp": 9314,
        "stabilised_bp": 9021,
        "zone": "green",
        "place": 1,
        "change_bp": 120,
        "place_before": 3,
        "executions": 41,
        "weight": 77,
        "on_time_bp": 9515,
        "debts": 1,
        "provisional": 4,
        "attendance_bp": 8750,
        "meetings": 4,
        "mean_delay_hundredths": 46,
        "returns": 2,
        "extensions": 3,
        **facts,
    }


def without_data(region: str, short_name: str) -> dict[str, Any]:
    nothing: dict[str, Any] = {"raw_bp": None, "stabilised_bp": None, "zone": None, "place": None}
    nothing |= {"change_bp": None, "place_before": None}
    counts = {"executions": 0, "weight": 0, "on_time_bp": None, "debts": 0, "provisional": 0}
    counts |= {"attendance_bp": None, "meetings": 0}
    counts |= {"mean_delay_hundredths": None, "returns": 0, "extensions": 0}
    return row(region, short_name, **nothing, **counts)


def board(*items: dict[str, Any], **head: Any) -> dict[str, Any]:
    return {
        "period": "2023-10",
        "as_of": "2023-10-20T09:00:00Z",
        "complete_through": "2023-10-20T08:59:58.120000Z",
        "methodology": "РЭРУ-1",
        "methodology_version": 1,
        "mu_bp": 8000,
        "items": list(items),
        **head,
    }


def fields(shown: str, name: str) -> list[str]:
    """The texts of one column, top to bottom; the blank row of the template comes last."""
    found = re.findall(rf'data-field="{name}"[^>]*>([^<]*)<', shown)
    return [html.unescape(text) for text in found[:-1]]


def test_places_come_first_then_too_little_data_then_none_each_by_name_with_yo_as_ye() -> None:
    shown = page(
        Frame(),
        board(
            without_data("90", "Якутск"),
            without_data("91", "Ёлкино"),
            without_data("92", "Жуково"),
            row("10", "Вторая", place=2),
            row("11", "Ёж", place=None, executions=2),
            row("12", "Ель", place=None, executions=1),
            row("13", "Первая", place=1),
            row("14", "Вторичная", place=2),
        ),
    )

    names = ["Первая", "Вторая", "Вторичная", "Ёж", "Ель", "Ёлкино", "Жуково", "Якутск"]
    assert fields(shown, "name") == names
    assert fields(shown, "place") == ["1", "2", "2", "—", "—", "—", "—", "—"]
    assert len(re.findall(r'data-field="note">данных недостаточно', shown)) == 2


def test_a_line_shows_every_number_as_people_write_it() -> None:
    shown = page(Frame(), board(row("16", "Татарстан")))

    assert fields(shown, "score") == ["90,21"]
    assert fields(shown, "raw") == ["93,14"]
    assert fields(shown, "on_time") == ["95,2\N{NO-BREAK SPACE}%"]
    assert fields(shown, "word") == ["зелёная"]
    assert fields(shown, "executions") == ["41"]
    assert fields(shown, "debts") == ["1"]
    assert fields(shown, "provisional") == ["4"]
    assert fields(shown, "delay") == ["0,46"]
    assert fields(shown, "returns") == ["2"]
    assert fields(shown, "extensions") == ["3"]
    assert 'title="Татарстан (полное имя)"' in shown
    assert 'href="#sign-green"' in shown


def test_no_data_is_a_dash_and_not_zero() -> None:
    shown = page(Frame(), board(without_data("90", "Запорожская обл.")))

    assert fields(shown, "score") == fields(shown, "raw") == fields(shown, "on_time") == ["—"]
    assert fields(shown, "delay") == ["—"]
    assert fields(shown, "word") == ["нет данных"]


def test_the_summary_counts_each_zone() -> None:
    shown = page(
        Frame(),
        board(row("01", "А"), row("02", "Б", zone="red"), row("03", "В"), without_data("04", "Г")),
    )

    counts = dict(re.findall(r'data-count="(\w+)">(\d+)<', shown))
    assert counts == {"green": "2", "yellow": "0", "red": "1", "none": "1"}
    assert re.findall(r'data-share="\w+" x="(\d)" width="(\d)"', shown) == [
        ("0", "2"),
        ("2", "0"),
        ("2", "1"),
        ("3", "1"),
    ]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2023-10", "октябрь 2023 года"),
        ("2024-01", "январь 2024 года"),
        ("2023-Q4", "IV квартал 2023 года"),
        ("2023", "2023 год"),
    ],
)
def test_the_period_is_in_words(period: str, words: str) -> None:
    assert words in page(Frame(), board(period=period))


def test_completeness_is_told_in_moscow_time() -> None:
    shown = page(Frame(), board(complete_through="2023-10-31T21:05:09Z"))

    assert "данные полны на" in shown
    assert "1 ноября 2023, 00:05:09 МСК" in shown


def test_completeness_not_yet_known_is_said_to_be_so() -> None:
    assert "полнота данных ещё не подтверждена" in page(Frame(), board(complete_through=None))


# Zones go by the raw score, while tiles show the other one.
GREEN: Final = "исходный балл от\u00a090"


def test_another_methodology_is_named_but_not_explained_with_the_numbers_of_this_one() -> None:
    shown = page(Frame(), board(row("16", "Татарстан"), methodology="РЭРУ-2"))

    assert "РЭРУ-2" in shown
    assert "Как читать рейтинг" not in shown
    assert GREEN not in shown
    assert GREEN in page(Frame(), board(row("16", "Татарстан")))


def test_a_board_that_is_not_loaded_yet_says_so() -> None:
    shown = page(Frame(), None)

    assert "Рейтинг ещё загружается" in shown
    assert "data-row" not in shown


def test_names_are_text_and_never_markup() -> None:
    name = "<b onclick='x'>\"Край\" & Ко"
    shown = page(Frame(), board(row("16", name)))

    assert "<b onclick" not in shown
    assert fields(shown, "name") == [name]
    found = re.search(r"data-row='([^']*)'", shown)
    assert found is not None
    assert json.loads(html.unescape(found[1])) == row("16", name)


def test_nothing_is_inline_and_nothing_comes_from_another_host() -> None:
    shown = page(Frame(), board(row("16", "Татарстан")))

    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", shown)
    assert re.findall(r"<script[^>]*>[^<]*", shown) == [
        '<script src="/static/board.js" type="module">'
    ]
    links = re.findall(r'(?:href|src)="(/[^"]*)"', shown)
    static = [link.removeprefix("/static/") for link in links if link.startswith("/static/")]
    assert sorted(static) == ["base.css", "board.css", "board.js", "favicon.svg", "map.css"]
    assert all((STATIC / name).is_file() for name in static)


def test_scripts_ask_for_nothing_but_their_own_modules() -> None:
    for script in STATIC.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"https?://", text), script.name
        for name in re.findall(r'from "([^"]*)"', text):
            assert (STATIC / name).is_file(), f"{script.name} imports {name}"


@pytest.mark.parametrize(
    ("zone", "shape"), [("green", "circle"), ("yellow", "path"), ("red", "rect"), (None, "path")]
)
def test_a_badge_tells_the_zone_by_shape_and_words_too(zone: str | None, shape: str) -> None:
    shown = badge(board(row("16", "<Татарстан> & Ко", zone=zone)), "16")

    assert shown is not None
    picture = ElementTree.fromstring(shown)
    title = picture[0].text or ""
    assert title.startswith("<Татарстан> & Ко: 90,21, 1 место, зон")
    assert (WORDS["ru"].zone(zone) if zone else "зоны нет") in title
    [mark] = [child for child in picture if child.tag.endswith("}g")]
    assert mark[0].tag.endswith("}" + shape)


def test_a_badge_without_data_says_so_and_an_unknown_region_has_none() -> None:
    shown = board(without_data("16", "Татарстан"))
    assert "места нет: данных недостаточно" in (badge(shown, "16") or "")
    assert badge(shown, "77") is None
