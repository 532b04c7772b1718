"""The rating of clusters: the same formula over another grouping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.explanations import Part, explain
from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, Zone, tally
from services.rating.models import Cluster
from services.rating.repository import directory
from services.rating.service.regions import Rating, rate_regions
from shared.clock import date_in
from shared.errors import NotFound


class ClusterNotFound(NotFound):
    """No such cluster is known here, or it is not the caller's to look into."""

    code = "cluster_not_found"
    title = "Кластер не найден"


@dataclass(frozen=True, slots=True)
class Among:
    """Which clusters are rated beside each other; what is not named restricts nothing."""

    region: str | None = None
    industry: str | None = None
    cohort: int | None = None

    def fits(self, one: Facts | Cluster) -> bool:
        """Whether the cluster, or the execution as it was issued, is one of these."""
        return (
            self.region in (None, one.region)
            and self.industry in (None, one.industry)
            and self.cohort in (None, one.cohort)
        )


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


@dataclass(frozen=True, slots=True)
class ClusterExplanation:
    """A cluster's line, its place among all clusters, and the part of every execution in it."""

    rating: Rating
    row: ClusterRow
    industry: str | None
    parts: Sequence[Part]


async def rate_clusters(
    session: AsyncSession, period: Period, as_of: datetime, among: Among
) -> tuple[Rating, list[ClusterRow]]:
    """The lines of clusters, also of active ones without facts; places among these clusters."""
    rating, facts = await rate_regions(session, period, as_of)
    return rating, _rank(rating, await directory.list_clusters(session), facts, among)


async def explain_cluster(
    session: AsyncSession, cluster_id: UUID, period: Period, as_of: datetime
) -> ClusterExplanation:
    """A cluster's score, execution by execution. Raises `ClusterNotFound`."""
    rating, facts = await rate_regions(session, period, as_of)
    clusters = await directory.list_clusters(session)
    rows = _rank(rating, clusters, facts, Among())
    row = next((row for row in rows if row.cluster_id == cluster_id), None)
    if row is None:
        raise ClusterNotFound("Такого кластера нет.", field="path.cluster_id")
    zones = {one.region.code: one.region.timezone for one in rating.rows}
    parts = [
        part
        for region, known in facts.items()
        for part in explain(
            [one for one in known if one.cluster_id == cluster_id],
            period,
            rating.methodology,
            date_in(zones[region], as_of),
        )
    ]
    known_as = clusters.get(cluster_id)
    industry = known_as.industry if known_as else parts[0].facts.industry
    return ClusterExplanation(rating, row, industry, parts)


def _rank(
    rating: Rating,
    clusters: Mapping[UUID, Cluster],
    facts: Mapping[str, Sequence[Facts]],
    among: Among,
) -> list[ClusterRow]:
    zones = {row.region.code: row.region.timezone for row in rating.rows}
    groups: dict[UUID, list[Facts]] = {
        cluster.cluster_id: []
        for cluster in clusters.values()
        if cluster.status == "active" and among.fits(cluster)
    }
    regions = {cluster.cluster_id: cluster.region for cluster in clusters.values()}
    for region, known in facts.items():
        for one in known:
            if one.cluster_id is not None and among.fits(one):
                groups.setdefault(one.cluster_id, []).append(one)
                # The region is the one at issue, wherever the cluster is today.
                regions[one.cluster_id] = region
    tallies = {
        cluster_id: sum(
            (
                tally(
                    [one for one in found if one.region == region],
                    rating.period,
                    rating.methodology,
                    date_in(zones[region], rating.as_of),
                )
                for region in {one.region for one in found}
            ),
            Tally(),
        )
        for cluster_id, found in groups.items()
    }
    placed = places(tallies, rating.mu_bp, rating.methodology)
    rows = [
        ClusterRow(
            cluster_id,
            regions[cluster_id],
            clusters.get(cluster_id),
            one,
            one.raw_bp,
            one.stabilised_bp(rating.mu_bp, rating.methodology),
            one.zone(rating.methodology),
            placed[cluster_id],
        )
        for cluster_id, one in tallies.items()
    ]
    return sorted(rows, key=lambda row: (row.place or len(rows) + 1, str(row.cluster_id)))
