"""A region as its page tells it: where it stands, why, how far it may go, what would move it.

Sums alone: whose executions they are is told only to those who may see them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.actions import Action, Move, actions, together
from services.rating.domain.breakdowns import Breakdown, breakdown
from services.rating.domain.corridors import Corridor
from services.rating.domain.explanations import explain
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals, Score
from services.rating.models import Slice, SliceRow
from services.rating.repository import methodologies
from services.rating.repository import slices as repository
from services.rating.service import slices
from services.rating.service.corridors import Prospect, corridors_of, prospect_of
from services.rating.service.histories import tell_history
from services.rating.service.regions import Rating, Row, rate_regions
from shared.clock import date_in

# How many first actions are worked out together, besides all of them.
_STEPS: Final = (1, 3, 5, 10)


@dataclass(frozen=True, slots=True)
class Step:
    """The first actions together, by gain, all done today; the others stand still."""

    actions: int
    forwards: int  # of them wait at the coordinator and only need forwarding
    after: Score


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would move the score today."""

    before: Score
    steps: Sequence[Step]
    open: int
    waiting: int  # at ЦУР: nothing to do about them


@dataclass(frozen=True, slots=True)
class Month:
    """A running period rated once for every region's page."""

    rating: Rating
    facts: Mapping[str, Sequence[Facts]]
    corridors: Mapping[str, Corridor]


class LastMonth:
    """The month rated last, kept for as long as it is asked for by the same key."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._held: tuple[Hashable, Month] | None = None

    async def get(self, key: Hashable, rate: Callable[[], Awaitable[Month]]) -> Month:
        """The month of the key; rated once for all who ask meanwhile."""
        async with self._lock:
            if self._held is None or self._held[0] != key:
                self._held = key, await rate()
            return self._held[1]


@dataclass(frozen=True, slots=True)
class Profile:
    """A region in a period that runs, or whose slice is not frozen yet."""

    month: Month
    row: Row
    breakdown: Breakdown
    prospect: Prospect
    outlook: Outlook


@dataclass(frozen=True, slots=True)
class Frozen:
    """A region in a month's newest slice."""

    slice: Slice
    row: SliceRow
    placed: int
    methodology: Methodology
    breakdown: Breakdown


async def rate_month(session: AsyncSession, period: Period, as_of: datetime) -> Month:
    """Everything the pages of all regions are worked out from. Costs what the period does."""
    rating, facts = await rate_regions(session, period, as_of, waiting=True)
    return Month(rating, facts, corridors_of(rating, facts))


def profile(month: Month, code: str) -> Profile | None:
    """One region's page of a rated period; None for a region that is not in it."""
    rating = month.rating
    row = next((row for row in rating.rows if row.region.code == code), None)
    if row is None:
        return None
    today = date_in(row.region.timezone, rating.as_of)
    parts = explain(month.facts[code], rating.period, rating.methodology, today)
    return Profile(
        month,
        row,
        breakdown(parts, rating.period),
        prospect_of(code, rating, month.corridors),
        _outlook(rating, row, month.facts[code], today),
    )


def _outlook(rating: Rating, row: Row, facts: Sequence[Facts], today: date) -> Outlook:
    others = [other.tally for other in rating.rows if other.region.code != row.region.code]
    rivals = Rivals.of(others, rating.mu_bp, rating.methodology)
    found = actions(facts, rating.period, rating.methodology, today, rivals)
    to_do = [action for action in found if action.move is not Move.WAIT]
    before = rivals.score(row.tally)
    gaining = [action for action in to_do if _gains(action)]
    counts = sorted({count for count in _STEPS if count < len(gaining)} | {len(gaining)} - {0})
    steps = [
        Step(
            count,
            sum(action.move is Move.FORWARD for action in gaining[:count]),
            together(gaining[:count], facts, rating.period, rating.methodology, today, rivals),
        )
        for count in counts
    ]
    return Outlook(before, steps, len(to_do), len(found) - len(to_do))


def _gains(action: Action) -> bool:
    return action.delta_bp is None or action.delta_bp > 0


async def frozen_profile(session: AsyncSession, code: str, period: Period) -> Frozen | None:
    """One region's page of a month as frozen; None while its slice is not, or lacks the region."""
    newest = await repository.newest_of(session, str(period))
    if newest is None:
        return None
    rows = await repository.rows_of(session, newest.id)
    if code not in {row.region for row in rows}:
        return None
    one, row, parts = await slices.explain(session, newest.id, code)
    assert one.methodology_id is not None, "a frozen slice has it"
    document = await methodologies.get_methodology(session, one.methodology_id)
    placed = sum(row.place is not None for row in rows)
    return Frozen(one, row, placed, document.methodology, breakdown(parts, period))


async def course(
    session: AsyncSession, code: str, period: Period, now: datetime
) -> Sequence[tuple[date, int | None, int | None]]:
    """The region's stabilised and raw score at the end of each day of the period that has begun.

    Raises `RegionNotFound`.
    """
    found = await tell_history(session, code, period, now)
    return [
        (
            point.day,
            point.tally.stabilised_bp(found.mu_bp, found.methodology),
            point.tally.raw_bp,
        )
        for point, _ in found.points
    ]
