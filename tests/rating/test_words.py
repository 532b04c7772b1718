"""Both languages say the same things, each as it writes numbers, dates and counts."""

import re
import string
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest

from services.rating.page.words import WORDS, english_plural, negotiate, russian_plural

RU, EN = WORDS["ru"], WORDS["en"]
PAGE: Final = Path(__file__).parents[2] / "services/rating/page"
# Names of which the templates write only the beginning.
FAMILIES: Final = re.compile(
    r"^(nav|view|movers|cause|left|zone|summary|missing|region\.detail|slices\.state"
    r"|month|month\.of|quarter|district|script\.live|board\.column)\.[^.]+(\.rule)?$"
)


def forms(message: Any) -> Iterator[str]:
    yield from message.values() if isinstance(message, Mapping) else [message]


def holes(message: Any) -> set[str]:
    return {
        name for form in forms(message) for _, name, _, _ in string.Formatter().parse(form) if name
    }


def test_both_catalogues_hold_the_same_messages_with_the_same_values() -> None:
    assert list(RU.messages) == list(EN.messages)
    for name, message in RU.messages.items():
        assert holes(message) == holes(EN.messages[name]), name


def test_whatever_counts_has_every_form_of_its_language() -> None:
    for name, message in RU.messages.items():
        if isinstance(message, Mapping):
            assert set(message) == {"one", "few", "many"}, name
            assert set(EN.messages[name]) == {"one", "other"}, name


def test_english_is_english() -> None:
    for name, message in EN.messages.items():
        assert not re.search("[А-Яа-яЁё]", "".join(forms(message))), name


def test_every_message_is_said_somewhere() -> None:
    files = [*PAGE.glob("*.py"), *PAGE.glob("templates/*"), *PAGE.glob("static/*.js")]
    written = "\n".join(file.read_text(encoding="utf-8") for file in files)
    unsaid = [
        name
        for name in RU.messages
        if not FAMILIES.match(name) and f'{name}"' not in written and f"{name}'" not in written
    ]
    assert unsaid == []


@pytest.mark.parametrize(
    ("n", "form"),
    [(0, "many"), (1, "one"), (2, "few"), (5, "many"), (11, "many"), (21, "one"), (112, "many")],
)
def test_russian_counts_as_russian_does(n: int, form: str) -> None:
    assert russian_plural(n) == form


def test_english_counts_as_english_does() -> None:
    assert [english_plural(n) for n in (0, 1, 2, 21)] == ["other", "one", "other", "other"]


@pytest.mark.parametrize(
    ("bp", "russian", "english"),
    [
        (0, "0,00", "0.00"),
        (5, "0,05", "0.05"),
        (9021, "90,21", "90.21"),
        (10000, "100,00", "100.00"),
    ],
)
def test_scores(bp: int, russian: str, english: str) -> None:
    assert (RU.points(bp), EN.points(bp)) == (russian, english)


def test_changes_have_a_sign_and_a_true_minus() -> None:
    assert [RU.signed(bp) for bp in (170, -170, 0, None)] == ["+1,70", "−1,70", "0,00", "—"]


def test_dates_and_periods() -> None:
    assert RU.moment("2023-10-31T21:05:09Z") == "1 ноября 2023, 00:05:09 МСК"
    assert EN.moment("2023-10-31T21:05:09Z") == "1 November 2023, 00:05:09 MSK"
    assert [RU.period(one) for one in ("2023-10", "2023-Q4", "2023")] == [
        "октябрь 2023 года",
        "IV квартал 2023 года",
        "2023 год",
    ]
    assert [EN.period(one) for one in ("2023-10", "2023-Q4", "2023")] == [
        "October 2023",
        "Q4 2023",
        "2023",
    ]
    assert (RU.short_day(date(2023, 5, 9)), EN.short_day(date(2023, 5, 9))) == ("9 мая", "9 May")


def test_an_unknown_message_is_a_mistake_and_an_unknown_district_is_itself() -> None:
    with pytest.raises(KeyError):
        RU("no.such.message")
    assert EN.district("ЦФО") == "Central"
    assert EN.district("НФО") == "НФО"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "ru"),
        ("", "ru"),
        ("de, fr;q=0.9", "ru"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("ru;q=0.5, en;q=0.8", "en"),
        ("ru, en", "ru"),
        ("en;q=0, ru", "ru"),
        ("en;q=0", "ru"),
        ("en;q=nonsense, ru;q=0.1", "ru"),
        (";;;,,=", "ru"),
    ],
)
def test_the_language_asked_for(header: str | None, language: str) -> None:
    assert negotiate(header) == language
