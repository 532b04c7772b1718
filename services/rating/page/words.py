"""What the pages say in each language: messages from catalogues, numbers and dates as written.

A catalogue (`locales/*.json`) is a flat mapping of names to messages; a message that counts is a
mapping of CLDR plural categories. Both catalogues hold the same names: a test compares them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

RUSSIAN: Final = "ru"
ENGLISH: Final = "en"
LANGUAGES: Final = (RUSSIAN, ENGLISH)
ABSENT: Final = "—"
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"
_MINUS: Final = "\N{MINUS SIGN}"
_MOSCOW: Final = ZoneInfo("Europe/Moscow")
_HERE: Final = Path(__file__).parent / "locales"
# What the scripts say begins with these; they get these messages and no others.
_SCRIPT: Final = ("script.", "zone.", "month.", "quarter.", "format.", "district.")


def russian_plural(n: int) -> str:
    """The CLDR category of a whole number: 1 балл, 2 балла, 5 баллов."""
    if n % 10 == 1 and n % 100 != 11:
        return "one"
    if n % 10 in {2, 3, 4} and n % 100 not in {12, 13, 14}:
        return "few"
    return "many"


def english_plural(n: int) -> str:
    return "one" if n == 1 else "other"


class Words:
    """One language: `words("board.title")`, and how it writes scores, shares, dates."""

    def __init__(self, language: str, plural: Callable[[int], str]) -> None:
        self.language = language
        self._plural = plural
        self._messages: Mapping[str, Any] = json.loads(
            (_HERE / f"{language}.json").read_text(encoding="utf-8")
        )

    @property
    def messages(self) -> Mapping[str, Any]:
        return self._messages

    @property
    def for_scripts(self) -> Mapping[str, Any]:
        """The messages that the page's scripts use."""
        return {name: text for name, text in self._messages.items() if name.startswith(_SCRIPT)}

    def __call__(self, name: str, /, **values: object) -> str:
        """The message with its values; `n` chooses the plural. `KeyError` on a wrong name."""
        message = self._messages[name]
        if isinstance(message, Mapping):
            n = values["n"]
            assert isinstance(n, int), "what is counted is a whole number"
            message = message[self._plural(n)]
        return str(message).format(**values)

    def points(self, bp: int | None) -> str:
        """Basis points as a score with two decimals: 9021 → «90,21»."""
        if bp is None:
            return ABSENT
        return f"{bp // 100}{self('format.decimal')}{bp % 100:02}"

    def signed(self, bp: int | None) -> str:
        """A change of a score: −170 → «−1,70», 0 → «0,00»."""
        if bp is None:
            return ABSENT
        sign = "+" if bp > 0 else _MINUS if bp < 0 else ""
        return sign + self.points(abs(bp))

    def percent(self, bp: int | None) -> str:
        """Basis points as a share with one decimal, rounded half up: 9515 → «95,2 %»."""
        if bp is None:
            return ABSENT
        tenths = (bp + 5) // 10
        return self("format.percent", number=f"{tenths // 10}{self('format.decimal')}{tenths % 10}")

    def whole_percent(self, bp: int) -> str:
        """Basis points of a rule, which are whole hundredths: 6000 → «60 %»."""
        return self("format.percent", number=bp // 100)

    def period(self, period: str) -> str:
        """`2023-10` → «октябрь 2023 года», `2023-Q4` → «IV квартал 2023 года»."""
        year, _, part = period.partition("-")
        if not part:
            return self("format.year", year=year)
        if part.startswith("Q"):
            return self("format.quarter", quarter=self(f"quarter.{part[1]}"), year=year)
        return self("format.month", month=self(f"month.{int(part)}"), year=year)

    def month(self, period: str) -> str:
        """The month's name alone: `2023-10` → «октябрь»."""
        return self(f"month.{int(period.partition('-')[2])}")

    def day(self, day: date) -> str:
        """«20 октября 2023»."""
        return self("format.day", day=day.day, month=self(f"month.of.{day.month}"), year=day.year)

    def short_day(self, day: date) -> str:
        """«20 окт» without the year, for an axis."""
        return self("format.short_day", day=day.day, month=self(f"month.of.{day.month}")[:3])

    def moment(self, instant: str | datetime) -> str:
        """An instant as Moscow reads it: «20 октября 2023, 11:59:58 МСК»."""
        found = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
        local = found.astimezone(_MOSCOW)
        return self("format.moment", day=self.day(local.date()), time=f"{local:%H:%M:%S}")

    def zone(self, zone: str | None) -> str:
        return self(f"zone.{zone or 'none'}")

    def district(self, name: str) -> str:
        """A federal district by its Russian abbreviation; one that is not known as it is."""
        found = self._messages.get(f"district.{name}", name)
        return str(found)


WORDS: Final[Mapping[str, Words]] = {
    RUSSIAN: Words(RUSSIAN, russian_plural),
    ENGLISH: Words(ENGLISH, english_plural),
}


def negotiate(accept_language: str | None) -> str:
    """The language of ours that an `Accept-Language` prefers; Russian where it names none."""
    best, weight = RUSSIAN, 0.0
    for choice in (accept_language or "").split(","):
        tag, _, parameter = choice.partition(";")
        language = tag.strip().lower().partition("-")[0]
        if language not in LANGUAGES:
            continue
        quality = _quality(parameter)
        if quality > weight:
            best, weight = language, quality
    return best


def _quality(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
