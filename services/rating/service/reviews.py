"""Mutual accountability: ЦУР's pace beside the regions' rating."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.periods import Period
from services.rating.domain.reviews import Pace, Review, pace
from services.rating.models import Region
from services.rating.repository import directory, positions
from services.rating.repository import reviews as repository
from shared.clock import MOSCOW


@dataclass(frozen=True, slots=True)
class Accountability:
    """The pace of all reviews of a period, and of each region's."""

    period: Period
    as_of: datetime
    complete_through: datetime | None
    norm_days: int
    whole: Pace
    regions: Sequence[tuple[Region, Pace]]


async def account(
    session: AsyncSession, period: Period, as_of: datetime, norm_days: int
) -> Accountability:
    """How ЦУР reviewed, as of the instant, what was handed in within the period."""
    # First: what is heard while reviews are read may be missing from them.
    heard = await positions.complete_through(session)
    regions = await directory.list_regions(session)
    reviews = await repository.list_reviews(session, period, as_of)
    today = as_of.astimezone(MOSCOW).date()
    groups: dict[str, list[Review]] = defaultdict(list)
    for one in reviews:
        groups[one.region].append(one)
    return Accountability(
        period,
        as_of,
        heard,
        norm_days,
        pace(reviews, norm_days, today),
        [(regions[code], pace(groups[code], norm_days, today)) for code in regions],
    )
