"""The score «РЭРУ-1»: a pure function of facts, methodology, period and date; integers only.

Amounts are basis points (10000 = 100 %). Every rounding is one final division, half up, so any
replay in any order gives the same numbers. The caller brings the facts as of an instant and
`today`, the calendar date of that instant in the region's zone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import repeat

from services.rating.domain.cohorts import left_out
from services.rating.domain.credits import credit
from services.rating.domain.facts import Scored
from services.rating.domain.methodologies import WHOLE, Methodology
from services.rating.domain.periods import Period


class Zone(StrEnum):
    """How a region stands, by its raw score."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


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

    def __sub__(self, part: "Tally") -> "Tally":
        """What is left without a part that was added."""
        return Tally(
            self.numerator - part.numerator,
            self.weight - part.weight,
            self.executions - part.executions,
            self.on_time - part.on_time,
            self.debts - part.debts,
            self.provisional - part.provisional,
            self.delay - part.delay,
            self.returns - part.returns,
            self.extensions - part.extensions,
        )

    @property
    def raw_bp(self) -> int | None:
        """The score itself; None where nothing counts, which is not 0."""
        return half_up(self.numerator, self.weight) if self.weight else None

    @property
    def on_time_bp(self) -> int | None:
        """The share of executions handed in on time."""
        return half_up(self.on_time * WHOLE, self.executions) if self.executions else None

    @property
    def mean_delay_hundredths(self) -> int | None:
        """Working days late per execution, debts included up to the date; 100 are a day."""
        return half_up(self.delay * 100, self.executions) if self.executions else None

    def stabilised_bp(self, mu_bp: int, methodology: Methodology) -> int | None:
        """The score drawn towards μ by κ units of weight; places are given by it."""
        if not self.weight:
            return None
        kappa = methodology.kappa
        return half_up(self.numerator + kappa * mu_bp, self.weight + kappa)

    def zone(self, methodology: Methodology) -> Zone | None:
        raw = self.raw_bp
        if raw is None:
            return None
        if raw >= methodology.green_from:
            return Zone.GREEN
        return Zone.YELLOW if raw >= methodology.yellow_from else Zone.RED


def half_up(numerator: int, denominator: int) -> int:
    """The one division: rounded to a whole number, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def tally(facts: Iterable[Scored], period: Period, methodology: Methodology, today: date) -> Tally:
    """Add up what counts in the period as of `today`."""
    return tally_counted(zip(facts, repeat(1), strict=False), period, methodology, today)


def tally_counted(
    counted: Iterable[tuple[Scored, int]], period: Period, methodology: Methodology, today: date
) -> Tally:
    """The same of facts that so many executions have each."""
    numerator = weight = executions = on_time = debts = provisional = 0
    delay = returns = extensions = 0
    for one, count in counted:
        if left_out(one, period) is not None:
            continue
        worth = credit(one, methodology, today)
        if worth is None:
            continue
        numerator += one.weight * worth.value * count
        weight += one.weight * count
        executions += count
        on_time += worth.on_time * count
        debts += worth.debt * count
        provisional += worth.provisional * count
        delay += worth.late * count
        returns += one.returns * count
        extensions += one.extensions * count
    return Tally(
        numerator, weight, executions, on_time, debts, provisional, delay, returns, extensions
    )
