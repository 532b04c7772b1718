"""A methodology beside the one in force, over all months there are facts of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, tally
from services.rating.domain.slices import cut_off, month_after
from services.rating.models import Region
from services.rating.repository import directory, slices
from services.rating.service.methodologies import methodology_of, mu_of
from services.rating.service.months import facts_at_end
from services.rating.service.regions import Row, current_period, rank
from shared.clock import MOSCOW, date_in


@dataclass(frozen=True, slots=True)
class Difference:
    """A region's line under the methodology in force and under the other."""

    region: Region
    now: Row
    then: Row

    @property
    def moved(self) -> bool:
        return self.now.place != self.then.place

    @property
    def zone_changed(self) -> bool:
        return self.now.zone != self.then.zone


@dataclass(frozen=True, slots=True)
class Month:
    """A month under both methodologies, each with its own μ."""

    period: Period
    is_over: bool
    methodology: Methodology
    mu_bp: int
    other_mu_bp: int
    differences: Sequence[Difference]


async def compare(session: AsyncSession, other: Methodology, *, now: datetime) -> list[Month]:
    """Every month from the first fact heard to the one that runs, the latest last.

    The other's μ is its own national raw score of the month before, as if it had always counted.
    """
    first = await slices.first_heard(session)
    if first is None:
        return []
    regions = await directory.list_regions(session)
    zones = {code: region.timezone for code, region in regions.items()}
    period, last = Period.month_of(first.astimezone(MOSCOW).date()), current_period(now)
    other_mu = other.initial_mu
    months: list[Month] = []
    while period.start <= last.start:
        facts = await facts_at_end(session, period, zones, now=now)
        days = {
            code: date_in(zone, min(cut_off(period, zone), now)) for code, zone in zones.items()
        }
        methodology = await methodology_of(session, period)
        mu = await mu_of(session, period, methodology)
        lines = {}
        national = Tally()
        for one, its_mu in ((methodology, mu), (other, other_mu)):
            tallies = {code: tally(facts[code], period, one, days[code]) for code in regions}
            national = sum(tallies.values(), Tally())
            lines[one] = rank(regions, tallies, its_mu, one)
        differences = [
            Difference(before.region, before, after)
            for before, after in zip(lines[methodology], lines[other], strict=True)
        ]
        is_over = all(cut_off(period, zone) < now for zone in zones.values())
        months.append(Month(period, is_over, methodology, mu, other_mu, differences))
        other_mu = other_mu if national.raw_bp is None else national.raw_bp
        period = month_after(period)
    return months


def summary(months: Sequence[Month]) -> Mapping[str, Any]:
    """How much would change, month by month: what is kept when a methodology is adopted."""
    return {
        str(month.period): {
            "places_moved": sum(one.moved for one in month.differences),
            "zones_changed": sum(one.zone_changed for one in month.differences),
        }
        for month in months
    }
