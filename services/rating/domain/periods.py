"""The months, quarters and years that are rated."""

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from shared.errors import Invalid
from shared.workdays import FIRST_YEAR, LAST_YEAR


class PeriodInvalid(Invalid):
    """The text names no month, quarter or year."""

    code = "period_invalid"
    title = "Неверный период"


@dataclass(frozen=True, slots=True)
class Period:
    """A month, a quarter or a year; both ends belong to it."""

    name: str
    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> "Period":
        """`2023-10`, `2023-Q4` or `2023`. Raises `PeriodInvalid`."""
        found = _PERIOD.fullmatch(text)
        if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise PeriodInvalid(
                "Период — месяц (2023-10), квартал (2023-Q4) или год (2023)"
                f" с {FIRST_YEAR} по {LAST_YEAR}.",
                field="query.period",
            )
        year = int(found[1])
        if found[2]:
            first = last = int(found[2])
        elif found[3]:
            first = int(found[3]) * 3 - 2
            last = first + 2
        else:
            first, last = 1, 12
        end = date(year, last, calendar.monthrange(year, last)[1])
        return cls(text, date(year, first, 1), end)

    @classmethod
    def month_of(cls, day: date) -> "Period":
        return cls.parse(f"{day:%Y-%m}")

    @classmethod
    def all_of(cls, day: date) -> tuple["Period", "Period", "Period"]:
        """The day's month, quarter and year."""
        quarter = cls.parse(f"{day.year}-Q{(day.month + 2) // 3}")
        return cls.month_of(day), quarter, cls.parse(str(day.year))

    @property
    def is_month(self) -> bool:
        return (self.start.year, self.start.month) == (self.end.year, self.end.month)

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return self.name


_PERIOD: Final = re.compile(r"([0-9]{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?")
