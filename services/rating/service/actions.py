"""What a region can do today for its score, each action alone and the first of them together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.actions import Action, Move, actions, together
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals, Score
from services.rating.service.names import Names, names_of
from services.rating.service.regions import Rating, Row, rate_region
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class Agenda:
    """A region's actions by gain, whose executions they are, and the first of them together."""

    rating: Rating
    row: Row
    today: date
    actions: Sequence[Action]
    names: Names
    first: int
    before: Score
    after: Score


async def find_actions(
    session: AsyncSession, code: str, period: Period, as_of: datetime, first: int
) -> Agenda:
    """The region's actions on the day of `as_of`. Raises `RegionNotFound`."""
    rating, facts = await rate_region(session, code, period, as_of)
    row = next(row for row in rating.rows if row.region.code == code)
    today = date_in(row.region.timezone, as_of)
    others = [row.tally for row in rating.rows if row.region.code != code]
    rivals = Rivals.of(others, rating.mu_bp, rating.methodology)
    found = actions(facts, period, rating.methodology, today, rivals)
    chosen = [action for action in found if action.move is not Move.WAIT][:first]
    return Agenda(
        rating,
        row,
        today,
        found,
        await names_of(session, (action.facts for action in found)),
        len(chosen),
        rivals.score(row.tally),
        together(chosen, facts, period, rating.methodology, today, rivals),
    )
