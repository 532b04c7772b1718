"""ЦУР's own pace: how long what was handed in has waited for a decision. It moves no score."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.rating.domain.methodologies import WHOLE
from services.rating.domain.scores import half_up
from shared.workdays import working_days_between


@dataclass(frozen=True, slots=True)
class Review:
    """One hand-in's wait; dates are Moscow's, where ЦУР is. None: not decided yet."""

    region: str
    begun: date
    decided: date | None
    accepted: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """Waits in working days, of what was decided; late is decided, or still waiting, too long."""

    reviews: int
    decided: int
    accepted: int
    waiting: int
    median_days: int | None
    p90_days: int | None
    late: int
    late_bp: int | None


def pace(reviews: Iterable[Review], norm_days: int, today: date) -> Pace:
    """The pace as of `today` against a norm of working days after the day of the hand-in."""
    known = list(reviews)
    waits = sorted(
        working_days_between(one.begun, one.decided) for one in known if one.decided is not None
    )
    late = sum(working_days_between(one.begun, one.decided or today) > norm_days for one in known)
    return Pace(
        len(known),
        len(waits),
        sum(one.accepted for one in known),
        len(known) - len(waits),
        nearest_rank(waits, 50),
        nearest_rank(waits, 90),
        late,
        half_up(late * WHOLE, len(known)) if known else None,
    )


def nearest_rank(ordered: Sequence[int], percent: int) -> int | None:
    """The least value that at least so many percent do not exceed."""
    return ordered[-(-percent * len(ordered) // 100) - 1] if ordered else None
