"""The score «РЭРУ-1»: a pure function of facts, methodology, period and date; integers only.

Amounts are basis points (10000 = 100 %). Every rounding is one final division, half up, so any
replay in any order gives the same numbers. The caller brings the facts as of an instant and
`today`, the calendar date of that instant in the region's zone.
"""

import calendar
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, TypeVar
from uuid import UUID

from shared.errors import Invalid
from shared.workdays import FIRST_YEAR, LAST_YEAR, add_working_days, working_days_between

WHOLE: Final = 10_000
_GONE: Final = frozenset({"withdrawn", "superseded", "annulled"})

K = TypeVar("K", bound=Hashable)


class PeriodInvalid(Invalid):
    """The text names no month, quarter or year."""

    code = "period_invalid"
    title = "Неверный период"


class Zone(StrEnum):
    """How a region stands, by its raw score."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Left(StrEnum):
    """Why an execution does not count."""

    NOT_PROTOCOL = "not_protocol"
    NOT_LEAD = "not_lead"
    NOT_CLUSTER = "not_cluster"
    GONE = "gone"
    OTHER_PERIOD = "other_period"
    NOT_YET_DUE = "not_yet_due"


@dataclass(frozen=True, slots=True)
class Facts:
    """What the score needs of an execution; dates are in the region's zone."""

    execution_id: UUID
    version: int
    assignment_id: UUID
    cluster_id: UUID | None
    region: str
    cohort: int | None
    industry: str | None
    origin: str
    role: str
    addressee: str
    weight: int
    issued_on: date
    due0: date
    due: date
    status: str
    done: date | None
    returns: int
    returned_on: date | None
    extensions: int


@dataclass(frozen=True, slots=True)
class Methodology:
    """The numbers of a methodology; basis points unless a name says days or a count."""

    code: str = "РЭРУ-1"
    version: int = 1
    effective_from: date = date(2023, 10, 1)
    grace_days: int = 3
    late_first: int = 6000
    late_step: int = 400
    late_floor: int = 1000
    return_step: int = 1000
    return_floor: int = 7000
    free_extensions: int = 1
    extension_step: int = 500
    extension_floor: int = 8500
    kappa: int = 3
    initial_mu: int = 8000
    green_from: int = 9000
    yellow_from: int = 7500
    least_for_place: int = 3


RERU_1: Final = Methodology()


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

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end

    def __str__(self) -> str:
        return self.name


_PERIOD: Final = re.compile(r"([0-9]{4})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])))?")


@dataclass(frozen=True, slots=True)
class Credit:
    """What an execution that is due, or handed in, is worth, and every step on the way there.

    `value` = T·R·E; `late` counts working days after `due_star`.
    """

    value: int
    due_star: date
    late: int
    timeliness: int
    quality: int
    discipline: int
    debt: bool
    provisional: bool

    @property
    def on_time(self) -> bool:
        return not self.debt and self.late == 0


def due_star(facts: Facts, methodology: Methodology) -> date:
    """The date the hand-in is measured against: after a return, not before its days of grace."""
    if facts.returned_on is None:
        return facts.due
    return max(facts.due, add_working_days(facts.returned_on, methodology.grace_days))


def credit(facts: Facts, methodology: Methodology, today: date) -> Credit | None:
    """The credit as of `today`; None while there is neither a hand-in nor an ended due day."""
    due = due_star(facts, methodology)
    if facts.done is None and today <= due:
        return None
    quality = max(methodology.return_floor, WHOLE - methodology.return_step * facts.returns)
    asked = max(0, facts.extensions - methodology.free_extensions)
    discipline = max(methodology.extension_floor, WHOLE - methodology.extension_step * asked)
    if facts.done is None:
        late = working_days_between(due, today)
        return Credit(0, due, late, 0, quality, discipline, debt=True, provisional=False)
    late = 0 if facts.done <= due else max(1, working_days_between(due, facts.done))
    timeliness = WHOLE
    if late:
        lost = methodology.late_step * (late - 1)
        timeliness = max(methodology.late_floor, methodology.late_first - lost)
    return Credit(
        timeliness * quality * discipline // WHOLE**2,
        due,
        late,
        timeliness,
        quality,
        discipline,
        debt=False,
        provisional=facts.status != "accepted",
    )


def never_counts(facts: Facts) -> Left | None:
    """Why the execution counts in no period whatever; None if it can count in some."""
    if facts.origin != "protocol":
        return Left.NOT_PROTOCOL
    if facts.role != "lead":
        return Left.NOT_LEAD
    if facts.addressee != "cluster":
        return Left.NOT_CLUSTER
    if facts.status in _GONE:
        return Left.GONE
    return None


def left_out(facts: Facts, period: Period) -> Left | None:
    """Why the execution cannot count in the period whatever the date; None if it can."""
    never = never_counts(facts)
    if never is not None or facts.due in period:
        return never
    # Debt is carried into a period that began without a hand-in.
    carried = facts.due < period.start and not (facts.done and facts.done < period.start)
    return None if carried else Left.OTHER_PERIOD


@dataclass(frozen=True, slots=True)
class Tally:
    """What a group's executions add up to. Merging groups is adding tallies."""

    numerator: int = 0  # Σ weight · credit
    weight: int = 0  # Σ weight
    executions: int = 0
    on_time: int = 0
    debts: int = 0
    provisional: int = 0
    delay: int = 0  # working days late, debts included up to the date
    returns: int = 0
    extensions: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.numerator + other.numerator,
            self.weight + other.weight,
            self.executions + other.executions,
            self.on_time + other.on_time,
            self.debts + other.debts,
            self.provisional + other.provisional,
            self.delay + other.delay,
            self.returns + other.returns,
            self.extensions + other.extensions,
        )

    @property
    def raw_bp(self) -> int | None:
        """The score itself; None where nothing counts, which is not 0."""
        return _half_up(self.numerator, self.weight) if self.weight else None

    @property
    def on_time_bp(self) -> int | None:
        """The share of executions handed in on time."""
        return _half_up(self.on_time * WHOLE, self.executions) if self.executions else None

    def stabilised_bp(self, mu_bp: int, methodology: Methodology) -> int | None:
        """The score drawn towards μ by κ units of weight; places are given by it."""
        if not self.weight:
            return None
        kappa = methodology.kappa
        return _half_up(self.numerator + kappa * mu_bp, self.weight + kappa)

    def zone(self, methodology: Methodology) -> Zone | None:
        raw = self.raw_bp
        if raw is None:
            return None
        if raw >= methodology.green_from:
            return Zone.GREEN
        return Zone.YELLOW if raw >= methodology.yellow_from else Zone.RED


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)


def tally(facts: Iterable[Facts], period: Period, methodology: Methodology, today: date) -> Tally:
    """Add up what counts in the period as of `today`."""
    numerator = weight = executions = on_time = debts = provisional = 0
    delay = returns = extensions = 0
    for one in facts:
        if left_out(one, period) is not None:
            continue
        worth = credit(one, methodology, today)
        if worth is None:
            continue
        numerator += one.weight * worth.value
        weight += one.weight
        executions += 1
        on_time += worth.on_time
        debts += worth.debt
        provisional += worth.provisional
        delay += worth.late
        returns += one.returns
        extensions += one.extensions
    return Tally(
        numerator, weight, executions, on_time, debts, provisional, delay, returns, extensions
    )


def places(tallies: Mapping[K, Tally], mu_bp: int, methodology: Methodology) -> dict[K, int | None]:
    """Places 1-2-2-4 by stabilised score, then on-time share, then fewer debts.

    None where there are too few executions to say.
    """
    keys: dict[K, tuple[int, int, int]] = {}
    for name, one in tallies.items():
        stabilised, on_time = one.stabilised_bp(mu_bp, methodology), one.on_time_bp
        if one.executions >= methodology.least_for_place and stabilised is not None:
            keys[name] = (-stabilised, -(on_time or 0), one.debts)
    ordered = sorted(keys.values())
    first = {key: len(ordered) - number for number, key in enumerate(reversed(ordered))}
    return {name: first[keys[name]] if name in keys else None for name in tallies}


@dataclass(frozen=True, slots=True)
class Part:
    """One execution's part in a score. The parts' weights and contributions sum to the tally's."""

    facts: Facts
    left: Left | None
    credit: Credit | None
    reason: str

    @property
    def contribution(self) -> int:
        return self.facts.weight * self.credit.value if self.credit else 0

    @property
    def weight(self) -> int:
        return self.facts.weight if self.credit else 0


def explain(
    facts: Iterable[Facts], period: Period, methodology: Methodology, today: date
) -> list[Part]:
    """Every execution's part, counted or left out, with the reason in words, by due date."""
    parts = []
    for one in facts:
        left = left_out(one, period)
        worth = None if left else credit(one, methodology, today)
        if left is None and worth is None:
            left = Left.NOT_YET_DUE
        parts.append(Part(one, left, worth, _reason(one, left, worth)))
    return sorted(parts, key=lambda part: (part.facts.due, part.facts.execution_id))


_LEFT_WORDS: Final[Mapping[Left, str]] = {
    Left.NOT_PROTOCOL: "не учитывается: поручение не протокольное",
    Left.NOT_LEAD: "не учитывается: соисполнитель",
    Left.NOT_CLUSTER: "не учитывается: исполнитель не кластер",
    Left.GONE: "не учитывается: снято с контроля",
    Left.OTHER_PERIOD: "не учитывается: относится к другому периоду",
    Left.NOT_YET_DUE: "пока не учитывается: срок не наступил",
}


def _reason(facts: Facts, left: Left | None, worth: Credit | None) -> str:
    if left is not None or worth is None:
        return _LEFT_WORDS[left or Left.NOT_YET_DUE]
    if worth.debt:
        words = [f"не исполнено, срок истёк {worth.due_star:%d.%m.%Y}"]
    elif worth.late:
        words = [f"опоздание {worth.late} раб. дн. (срок {worth.due_star:%d.%m.%Y})"]
    else:
        words = ["исполнено в срок"]
    if facts.returns:
        words.append(f"возвратов ЦУР: {facts.returns}")
    if facts.extensions:
        words.append(f"продлений: {facts.extensions}")
    if worth.provisional:
        words.append("ожидает рассмотрения")
    return "; ".join(words)


def next_change(facts: Iterable[Facts], methodology: Methodology, today: date) -> date | None:
    """The local date at whose beginning mere time changes the sum; None if it never will.

    An execution becomes a debt the day after its due day; a debt's delay grows by working days.
    """
    coming = None
    for one in facts:
        if one.done is not None or never_counts(one) is not None:
            continue
        moment = due_star(one, methodology) + timedelta(days=1)
        if moment <= today:
            moment = add_working_days(today, 1)
        if coming is None or moment < coming:
            coming = moment
    return coming
