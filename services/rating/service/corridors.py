"""How far a region's score and place may still go by the end of the period."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.corridors import Contender, Corridor, Span, corridor, span
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
    days = {row.region.code: date_in(row.region.timezone, as_of) for row in rating.rows}
    corridors = {
        name: corridor(facts[name], period, rating.methodology, days[name], rating.mu_bp)
        for name in days
    }
    own = corridors.pop(code)
    moving = [other.contender for other in corridors.values()]
    standing = [
        Contender.standing_still(row.tally, rating.mu_bp, rating.methodology)
        for row in rating.rows
        if row.region.code != code
    ]
    return Prospect(
        rating,
        next(row for row in rating.rows if row.region.code == code),
        days[code],
        own,
        span(own.contender, moving, rating.methodology),
        span(own.contender_with_returns, moving, rating.methodology),
        span(own.contender, standing, rating.methodology),
    )
