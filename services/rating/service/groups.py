"""The rating of districts, cohorts and industries: the same formula over another grouping."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.groups import Grouping
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals, Score
from services.rating.domain.scores import Tally, Zone, tally
from services.rating.models import Region
from services.rating.service.regions import Rating, rate_regions
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group's line: of how many regions and clusters it is, and its score."""

    name: str
    regions: int
    clusters: int
    score: Score
    zone: Zone | None


async def rate_groups(
    session: AsyncSession, period: Period, as_of: datetime, by: Grouping
) -> tuple[Rating, list[GroupRow]]:
    """The groups with facts of the period, by place. What has no such mark is in none."""
    rating, facts = await rate_regions(session, period, as_of)
    groups: dict[str, list[Facts]] = defaultdict(list)
    tallies: dict[str, Tally] = defaultdict(Tally)
    for row in rating.rows:
        today = date_in(row.region.timezone, as_of)
        parts: dict[str, list[Facts]] = defaultdict(list)
        for one in facts[row.region.code]:
            name = _name(one, row.region, by)
            if name:
                parts[name].append(one)
        for name, part in parts.items():
            groups[name] += part
            tallies[name] += tally(part, period, rating.methodology, today)
    rivals = Rivals.of(tallies.values(), rating.mu_bp, rating.methodology)
    rows = [
        GroupRow(
            name,
            len({fact.region for fact in groups[name]}),
            len({fact.cluster_id for fact in groups[name]} - {None}),
            rivals.score(one),
            one.zone(rating.methodology),
        )
        for name, one in tallies.items()
    ]
    return rating, sorted(rows, key=lambda row: (row.score.place or len(rows) + 1, row.name))


def _name(one: Facts, region: Region, by: Grouping) -> str | None:
    if by is Grouping.DISTRICTS:
        return region.federal_district
    if by is Grouping.COHORTS:
        return str(one.cohort) if one.cohort is not None else None
    return one.industry
