"""Where a score's points went, by cause: sums over executions that name none of them.

An execution's credit is `T·R·E`, so its loss comes in three steps: what lateness takes from the
whole, what returns take from the rest, and what extensions take from what is then left. With the
credit itself they sum to the whole exactly, execution by execution, and so do the causes' points
with the score.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.rating.domain.cohorts import Left
from services.rating.domain.explanations import Part
from services.rating.domain.methodologies import WHOLE
from services.rating.domain.periods import Period
from services.rating.domain.scores import half_up


class Cause(StrEnum):
    """Why points are missing."""

    DEBTS = "debts"
    CARRIED_DEBTS = "carried_debts"
    LATE = "late"
    RETURNS = "returns"
    EXTENSIONS = "extensions"


@dataclass(frozen=True, slots=True)
class Loss:
    """What one cause took. An execution that is late and was returned is under both causes."""

    cause: Cause
    executions: int
    weight: int
    lost: int  # Σ weight · basis points
    points_bp: int  # of the score


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A raw score with all that is missing to the whole: `raw_bp` + Σ `points_bp` = 10000."""

    numerator: int
    weight: int
    executions: int
    raw_bp: int | None
    whole: int  # executions that lost nothing
    whole_weight: int
    provisional: int
    losses: Sequence[Loss]
    left: Mapping[Left, int]


def breakdown(parts: Iterable[Part], period: Period) -> Breakdown:
    """The sums of an explanation, by cause; every cause is named, be it without any loss."""
    executions: Counter[Cause] = Counter()
    weights: Counter[Cause] = Counter()
    lost: Counter[Cause] = Counter()
    left: Counter[Left] = Counter()
    numerator = weight = counted = whole = whole_weight = provisional = 0
    for part in parts:
        if part.left is not None:
            left[part.left] += 1
            continue
        numerator += part.contribution
        weight += part.weight
        counted += 1
        provisional += part.credit is not None and part.credit.provisional
        steps = _steps(part, period)
        if not steps:
            whole += 1
            whole_weight += part.weight
        for cause, amount in steps.items():
            executions[cause] += 1
            weights[cause] += part.weight
            lost[cause] += part.weight * amount
    raw_bp = half_up(numerator, weight) if weight else None
    points = _apportion(WHOLE - raw_bp, lost, weight) if raw_bp is not None else Counter()
    losses = [
        Loss(cause, executions[cause], weights[cause], lost[cause], points[cause])
        for cause in Cause
    ]
    return Breakdown(
        numerator, weight, counted, raw_bp, whole, whole_weight, provisional, losses, left
    )


def _steps(part: Part, period: Period) -> dict[Cause, int]:
    """What each cause took from the whole, in basis points; only causes that took something."""
    credit = part.credit
    assert credit is not None, "what counts has a credit"
    if credit.debt:
        carried = part.facts.due < period.start
        return {Cause.CARRIED_DEBTS if carried else Cause.DEBTS: WHOLE}
    rest = credit.timeliness * credit.quality // WHOLE
    taken = {
        Cause.LATE: WHOLE - credit.timeliness,
        Cause.RETURNS: credit.timeliness - rest,
        Cause.EXTENSIONS: rest - credit.value,
    }
    return {cause: amount for cause, amount in taken.items() if amount}


def _apportion(total: int, lost: Mapping[Cause, int], weight: int) -> Counter[Cause]:
    """Whole basis points per cause that sum to `total`: the largest remainders are rounded up."""
    points = Counter({cause: amount // weight for cause, amount in lost.items()})
    remainders = sorted(lost, key=lambda cause: (-(lost[cause] % weight), cause))
    for cause in remainders[: total - points.total()]:
        points[cause] += 1
    return points
