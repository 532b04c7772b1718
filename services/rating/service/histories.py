"""How a region's score went through a period."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.histories import Point, history, instants
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.models import Region
from services.rating.repository import directory, positions
from services.rating.repository import facts as repository
from services.rating.service.methodologies import methodology_of, mu_of


@dataclass(frozen=True, slots=True)
class History:
    """A region's points of a period, and what is needed to work them out again."""

    region: Region
    period: Period
    complete_through: datetime | None
    methodology: Methodology
    mu_bp: int
    points: list[Point]


async def tell_history(session: AsyncSession, code: str, period: Period, now: datetime) -> History:
    """A point per day that has begun. Costs what the region's own versions do.

    Raises `RegionNotFound`.
    """
    region = await directory.get_region(session, code)
    methodology = await methodology_of(session, period)
    moments = instants(period, region.timezone, now)
    versions = await repository.versions_of(session, code, moments[-1][1]) if moments else []
    return History(
        region,
        period,
        await positions.complete_through(session),
        methodology,
        await mu_of(session, period, methodology),
        history(versions, moments, period, methodology, region.timezone),
    )
