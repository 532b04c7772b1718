"""The rating of clusters: the same formula over another grouping."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, Zone, tally
from services.rating.models import Cluster
from services.rating.repository import directory
from services.rating.service.regions import Rating, rate_regions
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One cluster's line: the same formula over another grouping."""

    cluster_id: UUID
    region: str
    cluster: Cluster | None
    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    zone: Zone | None
    place: int | None


async def rate_clusters(
    session: AsyncSession, period: Period, as_of: datetime, wanted: Callable[[Facts], bool]
) -> tuple[Rating, list[ClusterRow]]:
    """The rating of clusters with facts of the period; places among those that are wanted."""
    rating, facts = await rate_regions(session, period, as_of)
    zones = {row.region.code: row.region.timezone for row in rating.rows}
    groups: dict[UUID, list[Facts]] = {}
    for region in facts.values():
        for one in region:
            if one.cluster_id is not None and wanted(one):
                groups.setdefault(one.cluster_id, []).append(one)
    tallies = {
        cluster_id: tally(found, period, rating.methodology, date_in(zones[found[0].region], as_of))
        for cluster_id, found in groups.items()
    }
    placed = places(tallies, rating.mu_bp, rating.methodology)
    clusters = await directory.clusters_by_id(session, groups)
    rows = [
        ClusterRow(
            cluster_id,
            groups[cluster_id][0].region,
            clusters.get(cluster_id),
            one,
            one.raw_bp,
            one.stabilised_bp(rating.mu_bp, rating.methodology),
            one.zone(rating.methodology),
            placed[cluster_id],
        )
        for cluster_id, one in tallies.items()
    ]
    return rating, sorted(rows, key=lambda row: (row.place or len(rows) + 1, str(row.cluster_id)))
