"""What the season consists of: clusters, people's habits, meetings, items, and who does what when.

Everything here is a pure function of the seed: the same seed gives the same facts on any
machine. Numbers are plausible, not official; names of regions come from the directory.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from shared.workdays import add_working_days, is_working_day, preceding_working_day

MOSCOW: Final = ZoneInfo("Europe/Moscow")
FIRST_DAY: Final = date(2023, 9, 1)
FIRST_RATED: Final = date(2023, 10, 1)
LAST_DAY: Final = date(2024, 3, 29)
FIRST_UNIFIED: Final = date(2023, 10, 4)
COHORTS: Final = (2022, 2023, 2024)
_COHORT_WEIGHTS: Final = (19, 41, 40)

# How many clusters a region tends to have, relative to the rest (1): large industrial regions.
_LARGE: Final = {
    "77": 9, "50": 8, "16": 7, "66": 7, "74": 6, "02": 6, "78": 6, "52": 6, "61": 5, "63": 5,
    "59": 5, "23": 5, "54": 4, "24": 4, "38": 4, "42": 4, "36": 4, "31": 4, "34": 4, "64": 4,
    "55": 3, "71": 3, "33": 3, "56": 3, "22": 3, "72": 3, "47": 3, "26": 3, "25": 3, "27": 3,
    "18": 3, "73": 3, "40": 3, "76": 3, "69": 2, "35": 2, "29": 2, "51": 2, "70": 2, "05": 2,
}  # fmt: skip


class Habit(Enum):
    """How a region's people work: (days before due, spread, delay of coordinator, chance of return,
    chance of not answering at all, chance of being late).
    """

    PROMPT = (5, 3, 0, 0.04, 0.003, 0.01)
    STEADY = (3, 3, 1, 0.08, 0.010, 0.06)
    LATE = (0, 3, 2, 0.10, 0.030, 0.30)
    SLOPPY = (2, 3, 1, 0.35, 0.030, 0.12)
    SILENT = (0, 4, 4, 0.12, 0.300, 0.35)


_HABIT_WEIGHTS: Final = (34, 32, 14, 13, 7)


@dataclass(frozen=True, slots=True)
class Region:
    """A region with its habit and the day its coordinator is appointed."""

    code: str
    name: str
    habit: Habit
    coordinator_from: date
    deputy: bool


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster to be entered in the directory."""

    code: str
    name: str
    region: str
    industry: str
    cohort: int


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a protocol; without cohorts and industries it goes to all clusters."""

    text: str
    priority: str
    due_on: date | None
    cohorts: tuple[int, ...] = ()
    industries: tuple[str, ...] = ()
    authorities: bool = False
    closes_on: str | None = None


@dataclass(frozen=True, slots=True)
class Meeting:
    """A meeting with what it resolves (nothing, where only the agenda was heard)."""

    on: date
    series: str
    title: str
    items: tuple[Item, ...]

    @property
    def starts_at(self) -> datetime:
        return datetime.combine(self.on, time(10), MOSCOW)


@dataclass(frozen=True, slots=True)
class Step:
    """One command: when (aware, Moscow), whose, which."""

    at: datetime
    by: str  # cluster | coordinator | controller
    command: str
    until: date | None = None  # of a request for a later date


@dataclass(frozen=True, slots=True)
class Season:
    """The whole plan."""

    seed: int
    regions: tuple[Region, ...]
    clusters: tuple[Cluster, ...]
    meetings: tuple[Meeting, ...]


def make_season(
    seed: int,
    clusters: int,
    regions: Sequence[tuple[str, str]],
    industries: Sequence[tuple[str, str]],
) -> Season:
    """Plan a season for these regions and industries, given as (code, name)."""
    people = tuple(_region(seed, code, name) for code, name in regions)
    planned = tuple(_clusters(seed, clusters, people, industries))
    # An industry without clusters cannot be addressed.
    taken = {cluster.industry for cluster in planned}
    meetings = _meetings(seed, [code for code, _ in industries if code in taken])
    return Season(seed, people, planned, tuple(meetings))


def _region(seed: int, code: str, name: str) -> Region:
    dice = Random(f"{seed}:region:{code}")
    habit = dice.choices(list(Habit), _HABIT_WEIGHTS)[0]
    # The letter went out with the protocol of 13 September; most answer within its two weeks.
    days = min(int(dice.expovariate(0.25)) + 1, 14)
    late = 10 if habit is Habit.SILENT else 0
    appointed = preceding_working_day(date(2023, 9, 13) + timedelta(days=days + late))
    return Region(code, name, habit, max(appointed, date(2023, 9, 14)), dice.random() < 0.4)


def _clusters(
    seed: int, total: int, regions: Sequence[Region], industries: Sequence[tuple[str, str]]
) -> Iterator[Cluster]:
    dice = Random(f"{seed}:clusters")
    homes = [region.code for region in regions]
    spare = max(0, total - len(homes))
    weights = [_LARGE.get(code, 1) for code in homes]
    homes += dice.choices(homes, weights, k=spare)
    numbers: dict[str, int] = {}
    for region in sorted(homes):
        numbers[region] = numbers.get(region, 0) + 1
        industry, name = dice.choice(industries)
        cohort = dice.choices(COHORTS, _COHORT_WEIGHTS)[0]
        yield Cluster(
            f"{region}-{cohort}-{numbers[region]:02d}",
            f"Кластер «{name}» № {numbers[region]}",
            region,
            industry,
            cohort,
        )


_AUTUMN: Final = (
    "Представить план загрузки мастерских на учебный год",
    "Внести в личный кабинет кластера сведения о наборе",
    "Подтвердить софинансирование партнёров-работодателей",
    "Провести профориентационные мероприятия со школами региона",
    "Представить отчёт о трудоустройстве выпускников",
    "Согласовать образовательные программы с работодателями",
    "Обеспечить обучение педагогов на производстве",
    "Представить сведения о расходовании гранта",
    "Разместить материалы кластера на странице проекта",
    "Подготовить предложения в план закупки оборудования",
    "Провести заседание управляющей компании и прислать протокол",
    "Представить отчёт об исполнении показателей за период",
    "Утвердить план мероприятий на первый квартал 2024 года",
)
_TO_EVERYBODY: Final = frozenset({0, 5, 9})
_SPRING: Final = (
    ("Представить план набора на 2024/25 учебный год", date(2024, 1, 24), (2022,)),
    ("Уточнить сведения об оснащении мастерских", date(2024, 2, 7), (2023,)),
    ("Представить план первого года участия", date(2024, 2, 21), (2024,)),
    ("Представить итоги первого квартала", date(2024, 3, 6), ()),
)
_SOME: Final = (
    "Устранить замечания к отчёту о приёмке оборудования",
    "Представить кандидатуры экспертов отраслевой ассоциации",
    "Подтвердить участие в отраслевом мероприятии",
    "Представить лучшую практику для отбора",
    "Завершить брендирование площадок",
    "Провести сверку контингента обучающихся",
)


def _meetings(seed: int, industries: Sequence[str]) -> Iterator[Meeting]:
    dice = Random(f"{seed}:meetings")
    first = Item(
        "Назначить регионального координатора, ответственного за реализацию проекта в субъекте "
        "Российской Федерации",
        "urgent",
        date(2023, 9, 27),
        authorities=True,
        closes_on="coordinator_appointed",
    )
    # Until 4 October the three series of winners go on unchanged.
    for offset, cohort in enumerate(COHORTS):
        day = date(2023, 9, 5) + timedelta(days=offset)
        while day < FIRST_UNIFIED:
            items: tuple[Item, ...] = ()
            if (day, cohort) == (date(2023, 9, 20), 2023):
                items = (_some(dice, day, cohorts=(cohort,)),)
            yield Meeting(day, f"cohort-{cohort}", f"Совещание с победителями {cohort} года", items)
            day += timedelta(days=7)
    yield Meeting(
        date(2023, 9, 13), "other", "Совещание с регионами о новой модели управления", (first,)
    )
    day = FIRST_UNIFIED
    for number, text in enumerate(_AUTUMN):
        due = add_working_days(day, dice.choice((5, 6, 8, 10, 12)))
        # Once a month an item goes to everybody; the others are some industries' business.
        whose = () if number in _TO_EVERYBODY else _industries(dice, industries, 6)
        priority = dice.choices(("planned", "important", "urgent"), (4, 4, 2))[0]
        items = (Item(text, priority, due, industries=whose),)
        if number % 2:
            items += (_some(dice, day, industries=_industries(dice, industries, 3)),)
        elif number % 4 == 2:
            items += (_some(dice, day, cohorts=(COHORTS[number % 3],)),)
        yield Meeting(day, "unified", f"Еженедельное совещание № {number + 1}", items)
        day += timedelta(days=7)
    # The new year begins with what is left of the old one, and resolves something now and then.
    number = len(_AUTUMN)
    while day <= LAST_DAY:
        if is_working_day(day):
            number += 1
            items = tuple(_spring(dice, day))
            yield Meeting(day, "unified", f"Еженедельное совещание № {number}", items)
        day += timedelta(days=7)


def _industries(dice: Random, industries: Sequence[str], number: int) -> tuple[str, ...]:
    return tuple(sorted(dice.sample(industries, min(number, len(industries)))))


def _spring(dice: Random, day: date) -> Iterator[Item]:
    """What is resolved between January and March: the first of it for one cohort each."""
    for text, on, cohorts in _SPRING:
        if on == day:
            due = add_working_days(day, dice.choice((6, 8, 10)))
            yield Item(text, dice.choice(("planned", "important", "urgent")), due, cohorts)


def _some(
    dice: Random, day: date, *, cohorts: tuple[int, ...] = (), industries: tuple[str, ...] = ()
) -> Item:
    text = dice.choice(_SOME)
    priority = dice.choice(("planned", "important", "urgent"))
    # Now and then without a date: the control policy then gives a month.
    due = None if dice.random() < 0.2 else add_working_days(day, dice.choice((4, 7, 9)))
    return Item(text, priority, due, cohorts, industries)


def script(
    season: Season, region: Region, cluster_code: str, item: str, issued: date, due: date
) -> list[Step]:
    """What will be done about one execution: commands in order, each on a working day.

    Depends on the seed, the cluster's code and the item's number only; a coordinator acknowledges
    an item for all clusters of the region at one sitting.
    """
    dice = Random(f"{season.seed}:{cluster_code}:{item}")
    before, spread, delay, chance_of_return, chance_of_silence, chance_of_late = region.habit.value
    start = max(issued + timedelta(days=1), region.coordinator_from)
    sitting = Random(f"{season.seed}:{region.code}:{item}")
    acknowledged = _later(start, sitting.randint(0, 1 + delay))
    steps = [_step(sitting, acknowledged, "coordinator", "acknowledge")]
    if dice.random() < chance_of_silence:
        return steps
    begun = _later(acknowledged, dice.randint(0, 2))
    wanted = due - timedelta(days=before + dice.randint(0, spread))
    if dice.random() < chance_of_late:
        wanted = due + timedelta(days=dice.randint(1, 12))
    submitted = max(_later(begun, 0), _later(wanted, 0))
    asked, granted = _extension(season, cluster_code, item, begun, submitted, due)
    if granted:
        submitted = _later(submitted, 2)
    steps += [
        _step(dice, begun, "cluster", "start"),
        *asked,
        _step(dice, submitted, "cluster", "submit"),
    ]
    day = submitted
    if dice.random() < 0.06:  # the coordinator's own pre-check, free of charge
        returned = _later(day, dice.randint(0, 1))
        again = _later(returned, dice.randint(0, 1))
        steps += _rework(dice, returned, again, "coordinator")
        day = again
    forwarded = _later(day, dice.randint(0, delay + 1))
    steps.append(_step(dice, forwarded, "coordinator", "forward"))
    day = forwarded
    while dice.random() < chance_of_return:
        returned = _later(day, dice.randint(1, 3))
        again = _later(returned, dice.randint(1, 4))
        steps += _rework(dice, returned, again, "controller")
        day = _later(again, dice.randint(0, delay))
        steps.append(_step(dice, day, "coordinator", "forward"))
        chance_of_return /= 2
    steps.append(_step(dice, _later(day, dice.randint(1, 5)), "controller", "accept"))
    return _in_order(steps)


def _extension(
    season: Season, cluster_code: str, item: str, begun: date, submitted: date, due: date
) -> tuple[list[Step], bool]:
    """Now and then a later date is asked for, mostly in time, and mostly granted."""
    dice = Random(f"{season.seed}:{cluster_code}:{item}:extension")
    asked = _later(begun, 1)
    answered = _later(asked, 1)
    if dice.random() > 0.04 or answered >= submitted:
        return [], False
    granted = dice.random() < 0.7
    until = add_working_days(max(due, asked), 5)
    answer = _step(dice, answered, "controller", "grant" if granted else "refuse")
    return [replace(_step(dice, asked, "cluster", "ask"), until=until), answer], granted


def _rework(dice: Random, returned: date, again: date, by: str) -> list[Step]:
    return [
        _step(dice, returned, by, "return"),
        _step(dice, again, "cluster", "start"),
        _step(dice, again, "cluster", "submit"),
    ]


def attended(dice: Random, habit: Habit) -> str:
    """Whether somebody of such a region came to a meeting, and in time."""
    absent = {Habit.SILENT: 0.35, Habit.SLOPPY: 0.12, Habit.LATE: 0.08}.get(habit, 0.03)
    tardy = 0.2 if habit is Habit.LATE else 0.03
    drawn = dice.random()
    if drawn < absent:
        return "absent"
    return "late" if drawn < absent + tardy else "attended"


def _later(day: date, working_days: int) -> date:
    """That many working days later; the first working day from `day` on for zero."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return add_working_days(day, working_days) if working_days else day


def _step(dice: Random, day: date, by: str, command: str) -> Step:
    # Noon hours of Moscow: the same calendar date from Kaliningrad to Kamchatka.
    moment = time(dice.randint(8, 13), dice.randint(0, 59), dice.randint(0, 59))
    return Step(datetime.combine(day, moment, MOSCOW), by, command)


def _in_order(steps: list[Step]) -> list[Step]:
    """Later steps of the same day come later on it."""
    ordered: list[Step] = []
    for step in steps:
        if ordered and step.at <= ordered[-1].at:
            step = replace(step, at=ordered[-1].at + timedelta(minutes=1))
        ordered.append(step)
    return ordered
