"""Cells of a list as values, and what is wrong with them in words."""

import difflib
import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import date
from typing import Final

from services.directory.domain.imports import Flaw
from shared.listings.cells import Cell, CellKind, ListedRow, as_date

LONGEST_NAME: Final = 300
FIRST_DAY: Final = date(2000, 1, 1)
LAST_DAY: Final = date(2100, 12, 31)
# What people write where there is nothing.
NOTHING: Final = frozenset({"нет", "-", "–", "—"})
_SHOWN: Final = 60
_ALIKE: Final = 0.75
_HINTS: Final = 50
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# What comes along with text copied from elsewhere and nobody sees: soft hyphens, zero widths.
_DUST: Final = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
_BLANKS: Final = re.compile(r"\s+")
_NO_VALUE: Final[Mapping[CellKind, tuple[str, str]]] = {
    CellKind.FORMULA: ("formula", "В ячейке формула: вставьте её значение."),
    CellKind.ERROR: ("cell_error", "В ячейке ошибка Excel: исправьте её."),
    CellKind.BOOLEAN: ("boolean", "В ячейке логическое значение, а нужен текст."),
}


def shown(text: str) -> str:
    """A text as it is quoted in a reason: short, and without what nobody sees."""
    seen = "".join("�" if unicodedata.category(one) in _HIDDEN else one for one in text)
    return f"«{seen[:_SHOWN]}…»" if len(seen) > _SHOWN else f"«{seen}»"


def plain(text: str) -> str:
    """The text as it is compared: composed, single blanks, without what nobody sees."""
    return _BLANKS.sub(" ", _DUST.sub("", unicodedata.normalize("NFC", text))).strip()


class Hints:
    """What somebody may have meant; the same question costs once, and not too many are asked."""

    def __init__(self) -> None:
        self._said: dict[str, str] = {}

    def like(self, text: str, known: Collection[str]) -> str:
        """` Похоже на «…».` where something known is written much alike, else nothing."""
        if text not in self._said:
            if len(self._said) >= _HINTS:
                return ""
            found = difflib.get_close_matches(text[:_SHOWN], known, n=1, cutoff=_ALIKE)
            self._said[text] = f" Похоже на {shown(found[0])}." if found else ""
        return self._said[text]


class RowReader:
    """Takes the values of a row, field by field, and keeps what is wrong with it."""

    def __init__(self, row: ListedRow) -> None:
        self._row = row
        self.flaws: list[Flaw] = []
        if row.stray is not None:
            self.say(
                None,
                "stray_cell",
                f"В колонке {row.stray} есть значение, но у неё нет заголовка:"
                " проверьте разделители и кавычки.",
            )

    def say(self, name: str | None, code: str, reason: str) -> None:
        """Something is wrong with the field, or with the whole row."""
        self.flaws.append(Flaw(name, code, reason))

    def has(self, name: str) -> bool:
        """Whether the list has the column."""
        return name in self._row.cells

    def text(self, name: str, *, required: bool = False, dated: bool = False) -> str:
        """The text of the field; blank where there is none, or it is flawed (and said so).

        A cell Excel has made a date of is a flaw unless the field is `dated`.
        """
        cell = self._row.cells.get(name, Cell(""))
        if cell.kind in _NO_VALUE:
            self.say(name, *_NO_VALUE[cell.kind])
            return ""
        if cell.kind is CellKind.MERGED:
            self.say(
                name, "merged", f"Ячейки {cell.text} объединены: заполните каждую строку отдельно."
            )
            return ""
        if cell.kind is CellKind.DATE and not dated:
            self.say(
                name,
                "date_here",
                "Excel превратил значение в дату: задайте ячейке формат «Текстовый».",
            )
            return ""
        found = plain(cell.text)
        if any(unicodedata.category(one) in _HIDDEN for one in found):
            self.say(name, "hidden_characters", f"Невидимые знаки в тексте {shown(found)}.")
            return ""
        if required and not found:
            self.say(name, "empty", "Не заполнено.")
        return found

    def line(self, name: str, *, required: bool = False) -> str:
        """A text short enough for a name."""
        found = self.text(name, required=required)
        if len(found) > LONGEST_NAME:
            self.say(name, "too_long", f"Длиннее {LONGEST_NAME} знаков.")
            return ""
        return found

    def day(self, name: str, *, required: bool = False) -> date | None:
        """A date; None where there is none, or it is flawed."""
        text = self.text(name, required=required, dated=True)
        if not text:
            return None
        found = as_date(text)
        if found is None:
            self.say(name, "not_a_date", f"Не дата: {shown(text)}. Пишите ДД.ММ.ГГГГ.")
        elif not FIRST_DAY <= found <= LAST_DAY:
            self.say(
                name, "date_out_of_range", f"Дата {found:%d.%m.%Y} вне пределов 2000–2100 годов."
            )
            return None
        return found
