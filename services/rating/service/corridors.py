"""How far a region's score and place may still go by the end of the period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.corridors import Contender, Corridor, Span, corridor, span
from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period
from services.rating.repository import directory
from services.rating.service.regions import Rating, Row, rate_regions
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class Prospect:
    """A region's corridor, and its places while the others move too, or stand still."""

    rating: Rating
    row: Row
    today: date
    corridor: Corridor
    places: Span
    places_with_returns: Span
    places_if_others_stand: Span


async def find_corridor(
    session: AsyncSession, code: str, period: Period, as_of: datetime
) -> Prospect:
    """The region's corridor from the day of `as_of`. Raises `RegionNotFound`."""
    await directory.get_region(session, code)
    rating, facts = await rate_regions(session, period, as_of, waiting=True)
    return prospect_of(code, rating, corridors_of(rating, facts))


def corridors_of(rating: Rating, facts: Mapping[str, Sequence[Facts]]) -> Mapping[str, Corridor]:
    """Every region's corridor; `facts` with those of what awaits review, by region."""
    return {
        row.region.code: corridor(
            facts[row.region.code],
            rating.period,
            rating.methodology,
            date_in(row.region.timezone, rating.as_of),
            rating.mu_bp,
        )
        for row in rating.rows
    }


def prospect_of(code: str, rating: Rating, corridors: Mapping[str, Corridor]) -> Prospect:
    """One region's corridor among those of all."""
    own = corridors[code]
    row = next(row for row in rating.rows if row.region.code == code)
    moving = [other.contender for name, other in corridors.items() if name != code]
    standing = [
        Contender.standing_still(other.tally, rating.mu_bp, rating.methodology)
        for other in rating.rows
        if other.region.code != code
    ]
    return Prospect(
        rating,
        row,
        date_in(row.region.timezone, rating.as_of),
        own,
        span(own.contender, moving, rating.methodology),
        span(own.contender_with_returns, moving, rating.methodology),
        span(own.contender, standing, rating.methodology),
    )
