"""A month's facts as of its end, which comes at another instant in each time zone."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period
from services.rating.domain.slices import cut_off
from services.rating.repository import facts as repository


async def facts_at_end(
    session: AsyncSession, period: Period, zones: Mapping[str, str], *, now: datetime | None = None
) -> dict[str, list[Facts]]:
    """Each region's facts as of the period's end in its zone, by region; `zones`: region → zone.

    With `now`: as of then, where the period has not ended yet.
    """
    together: dict[datetime, list[str]] = defaultdict(list)
    for code, zone in zones.items():
        end = cut_off(period, zone)
        together[end if now is None else min(end, now)].append(code)
    found: dict[str, list[Facts]] = {}
    for as_of, codes in sorted(together.items()):
        found |= await repository.facts_as_of(session, period, as_of, sorted(codes))
    return found
