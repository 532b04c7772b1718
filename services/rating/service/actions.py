"""What a region can do today for its score, each action alone and the first of them together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.actions import Action, Move, actions, together
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals, Score
from services.rating.models import Cluster
from services.rating.repository import directory
from services.rating.service.regions import Rating, Row, rate_regions
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class Agenda:
    """A region's actions by gain, whose executions they are, and the first of them together."""

    rating: Rating
    row: Row
    today: date
    actions: Sequence[Action]
    clusters: Mapping[UUID, Cluster]
    first: int
    before: Score
    after: Score


async def find_actions(
    session: AsyncSession, code: str, period: Period, as_of: datetime, first: int
) -> Agenda:
    """The region's actions on the day of `as_of`. Raises `RegionNotFound`."""
    region = await directory.get_region(session, code)
    rating, facts = await rate_regions(session, period, as_of)
    today = date_in(region.timezone, as_of)
    row = next(row for row in rating.rows if row.region.code == code)
    others = [row.tally for row in rating.rows if row.region.code != code]
    rivals = Rivals.of(others, rating.mu_bp, rating.methodology)
    found = actions(facts[code], period, rating.methodology, today, rivals)
    chosen = [action for action in found if action.move is not Move.WAIT][:first]
    ids = {one.facts.cluster_id for one in found if one.facts.cluster_id is not None}
    return Agenda(
        rating,
        row,
        today,
        found,
        await directory.clusters_by_id(session, ids),
        len(chosen),
        rivals.score(row.tally),
        together(chosen, facts[code], period, rating.methodology, today, rivals),
    )
