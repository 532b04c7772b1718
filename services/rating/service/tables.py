"""Ratings as tables: the columns of regions, groups, clusters and executions, and what they are of.

Lines are taken as clients see them; scores are basis points, shown with two decimals.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from services.rating.domain.explanations import Part
from services.rating.domain.methodologies import Methodology
from services.rating.domain.scores import Zone
from services.rating.models import Slice, SliceRow
from services.rating.service.names import Names
from services.rating.service.regions import Rating
from shared.clock import MOSCOW
from shared.spreadsheets import Cell, Column, Kind, Notes, Shape, Sheet, hundredths, write_whole

ZONES: Final[Mapping[Zone | None, str | None]] = {
    Zone.GREEN: "зелёная",
    Zone.YELLOW: "жёлтая",
    Zone.RED: "красная",
    None: None,
}
METHODOLOGY_WORDS: Final[Mapping[str, str]] = {
    "grace_days": "Рабочих дней на доработку после возврата",
    "late_first": "Своевременность при опоздании на день, %",
    "late_step": "Снимает каждый следующий рабочий день, %",
    "late_floor": "Меньше этого опоздание не снимает, %",
    "return_step": "Снимает возврат ЦУР, %",
    "return_floor": "Меньше этого возвраты не снимают, %",
    "free_extensions": "Продлений, которые ничего не снимают",
    "extension_step": "Снимает следующее продление, %",
    "extension_floor": "Меньше этого продления не снимают, %",
    "kappa": "κ: вес балла страны",
    "initial_mu": "μ, пока нет ни одного среза",
    "green_from": "Зелёная зона с балла",
    "yellow_from": "Жёлтая зона с балла",
    "least_for_place": "Исполнений, чтобы было место",
}
_COUNTED: Final = frozenset({"grace_days", "free_extensions", "kappa", "least_for_place"})
_SCORES: Final = (
    Column("Балл", Shape.POINTS, 10, lambda row: row.stabilised_bp),
    Column("Исходный балл", Shape.POINTS, 14, lambda row: row.raw_bp),
    Column("Зона", Shape.TEXT, 10, lambda row: ZONES[row.zone]),
)
_COUNTS: Final = (
    Column("Учтено исполнений", Shape.NUMBER, 18, lambda row: row.executions),
    Column("Вес", Shape.NUMBER, 8, lambda row: row.weight),
    Column("Сдано в срок, %", Shape.POINTS, 16, lambda row: row.on_time_bp),
    Column("Долги", Shape.NUMBER, 8, lambda row: row.debts),
    Column("Ожидают рассмотрения", Shape.NUMBER, 22, lambda row: row.provisional),
)
# Shown, and of no weight.
_ATTENDANCE: Final = (
    Column("Участие в совещаниях, %", Shape.POINTS, 22, lambda row: row.attendance_bp),
    Column("Совещаний", Shape.NUMBER, 12, lambda row: row.meetings),
)
# Shown, and of no weight; of `POINTS` are hundredths, here of a day.
_CARE: Final = (
    Column("Среднее опоздание, раб. дн.", Shape.POINTS, 26, lambda row: row.mean_delay_hundredths),
    Column("Возвраты", Shape.NUMBER, 10, lambda row: row.returns),
    Column("Продления", Shape.NUMBER, 10, lambda row: row.extensions),
)
_PLACE: Final = Column("Место", Shape.NUMBER, 8, lambda row: row.place)
_REGION: Final = (
    _PLACE,
    Column("Код региона", Shape.TEXT, 12, lambda row: row.region),
    Column("Регион", Shape.TEXT, 36, lambda row: row.name),
    Column("Федеральный округ", Shape.TEXT, 20, lambda row: row.federal_district),
    *_SCORES,
    Column("К прошлому срезу", Shape.POINTS, 18, lambda row: row.change_bp),
    Column("Место в прошлом срезе", Shape.NUMBER, 22, lambda row: row.place_before),
    *_COUNTS,
    *_CARE,
)
REGIONS: Final = (*_REGION, *_ATTENDANCE)
SLICE: Final = (
    *_REGION,
    Column("Опоздание всего, раб. дн.", Shape.NUMBER, 24, lambda row: row.delay),
    *_ATTENDANCE,
)
GROUPS: Final = (
    _PLACE,
    Column("Группа", Shape.TEXT, 36, lambda row: row.name),
    Column("Регионов", Shape.NUMBER, 10, lambda row: row.regions),
    Column("Кластеров", Shape.NUMBER, 10, lambda row: row.clusters),
    *_SCORES,
    *_COUNTS,
)
CLUSTERS: Final = (
    _PLACE,
    Column("Код кластера", Shape.TEXT, 16, lambda row: row.code),
    Column("Кластер", Shape.TEXT, 44, lambda row: row.name),
    Column("Код региона", Shape.TEXT, 12, lambda row: row.region),
    Column("Отрасль", Shape.TEXT, 26, lambda row: row.industry),
    Column("Год отбора", Shape.NUMBER, 12, lambda row: row.cohort),
    *_SCORES,
    *_COUNTS,
)


@dataclass(frozen=True, slots=True)
class Named:
    """An execution's part and what it is called."""

    part: Part
    names: Names

    def credit(self, name: str) -> Any:
        """A number of its credit; None where it does not count."""
        return getattr(self.part.credit, name) if self.part.credit else None

    def called(self, name: str) -> Any:
        """The assignment's number or words; None while it has not been heard of."""
        return getattr(self.names.assignment(self.part.facts), name, None)


def _cluster(row: Named) -> Cell:
    found = row.names.cluster(row.part.facts)
    return found.name if found else None


def _yes(value: bool) -> str:
    return "да" if value else "нет"


PARTS: Final = (
    Column("Номер поручения", Shape.TEXT, 18, lambda row: row.called("number")),
    Column("Поручение", Shape.TEXT, 60, lambda row: row.called("text")),
    Column("Кластер", Shape.TEXT, 40, _cluster),
    Column("Учтено", Shape.TEXT, 8, lambda row: _yes(row.part.credit is not None)),
    Column("Вес", Shape.NUMBER, 8, lambda row: row.part.facts.weight),
    Column("Срок", Shape.DATE, 12, lambda row: row.part.facts.due),
    Column("Срок с доработкой", Shape.DATE, 18, lambda row: row.credit("due_star")),
    Column("Сдано", Shape.DATE, 12, lambda row: row.part.facts.done),
    Column("Опоздание, раб. дн.", Shape.NUMBER, 20, lambda row: row.credit("late")),
    Column("Возвраты", Shape.NUMBER, 10, lambda row: row.part.facts.returns),
    Column("Продления", Shape.NUMBER, 10, lambda row: row.part.facts.extensions),
    Column("Своевременность, %", Shape.POINTS, 20, lambda row: row.credit("timeliness")),
    Column("Качество, %", Shape.POINTS, 12, lambda row: row.credit("quality")),
    Column("Дисциплина, %", Shape.POINTS, 14, lambda row: row.credit("discipline")),
    Column("Зачёт, %", Shape.POINTS, 10, lambda row: row.credit("value")),
    Column("Вклад (вес · зачёт)", Shape.POINTS, 18, lambda row: row.part.contribution),
    Column("Почему", Shape.TEXT, 60, lambda row: row.part.reason),
    Column("Исполнение", Shape.TEXT, 38, lambda row: str(row.part.facts.execution_id)),
)


def notes_of(rating: Rating) -> Notes:
    """What a live rating is of."""
    return Notes(
        "Методика",
        [
            ("Период", str(rating.period)),
            ("На момент (МСК)", _moment(rating.as_of)),
            ("Услышано всё до (МСК)", _moment(rating.complete_through)),
            *_numbers(rating.methodology, rating.mu_bp),
        ],
        rating.as_of,
    )


def notes_of_slice(one: Slice, methodology: Methodology) -> Notes:
    """What a frozen slice is of, and the hashes it is verified by."""
    assert one.mu_bp is not None, "a frozen slice has it"
    assert one.frozen_at is not None, "a frozen slice has it"
    return Notes(
        "Методика",
        [
            ("Период", one.period),
            ("Ревизия", one.revision),
            ("Причина ревизии", one.reason),
            ("Срез сделан (МСК)", _moment(one.frozen_at)),
            ("Услышано всё до (МСК)", _moment(one.complete_through)),
            ("Хеш входов", one.inputs_hash),
            ("Хеш результата", one.result_hash),
            *_numbers(methodology, one.mu_bp),
        ],
        one.frozen_at,
    )


def notes_of_region(one: Slice, row: SliceRow, methodology: Methodology) -> Notes:
    """What a region's line of a slice is made of: the executions add up to it."""
    whole = notes_of_slice(one, methodology)
    lines: list[tuple[str, Cell]] = [
        ("Регион", row.name),
        ("Место в срезе", row.place),
        ("Балл региона", None if row.stabilised_bp is None else hundredths(row.stabilised_bp)),
        ("Исходный балл региона", None if row.raw_bp is None else hundredths(row.raw_bp)),
        ("Σ вес · зачёт", hundredths(row.numerator)),
        ("Σ вес", row.weight),
    ]
    return Notes(whole.title, [*lines, *whole.lines], whole.made_at)


def _numbers(methodology: Methodology, mu_bp: int) -> list[tuple[str, Cell]]:
    return [
        ("Методика", methodology.code),
        ("Версия методики", methodology.version),
        ("μ, балл страны", hundredths(mu_bp)),
        ("Балл", "(Σ вес · зачёт + κ · μ) / (Σ вес + κ): по нему даётся место"),
        ("Исходный балл", "Σ вес · зачёт / Σ вес: по нему зона"),
        *(
            (said, _number(name, getattr(methodology, name)))
            for name, said in METHODOLOGY_WORDS.items()
        ),
    ]


def _number(name: str, value: int) -> Cell:
    return value if name in _COUNTED else hundredths(value)


def _moment(instant: datetime | None) -> datetime | None:
    return instant.astimezone(MOSCOW).replace(tzinfo=None, microsecond=0) if instant else None


async def table(
    kind: Kind, title: str, columns: Sequence[Column], rows: Iterable[Any], notes: Notes
) -> IO[bytes]:
    """The rows as a file without a name, at its beginning; who gets it closes it."""
    return await asyncio.to_thread(write_whole, kind, Sheet(title, columns, notes), list(rows))
