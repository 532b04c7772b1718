"""Ratings of clusters over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.rating.domain.facts import Facts
from services.rating.routers.access import AsOf, PeriodName, Reader, head_of, when
from services.rating.schemas.clusters import ClusterRowRead, ClustersRating
from services.rating.service import clusters as service
from services.rating.service.clusters import ClusterRow
from shared.clock import Now
from shared.db import Session
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get("/clusters", responses=problems(401, 403, 422), summary="Рейтинг кластеров")
async def list_cluster_ratings(
    actor: Reader,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
    region: RegionCode | None = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
) -> ClustersRating:
    """Та же формула по исполнениям каждого кластера; места — среди отобранных."""

    def wanted(facts: Facts) -> bool:
        return (
            region in (None, facts.region)
            and industry in (None, facts.industry)
            and cohort in (None, facts.cohort)
        )

    rating, rows = await service.rate_clusters(session, *when(period, as_of, now), wanted)
    return ClustersRating(**head_of(rating), items=[_cluster(row) for row in rows])


def _cluster(row: ClusterRow) -> ClusterRowRead:
    return ClusterRowRead(
        cluster_id=row.cluster_id,
        code=row.cluster.code if row.cluster else None,
        name=row.cluster.name if row.cluster else None,
        region=row.region,
        raw_bp=row.raw_bp,
        stabilised_bp=row.stabilised_bp,
        zone=row.zone,
        place=row.place,
        executions=row.tally.executions,
        weight=row.tally.weight,
        on_time_bp=row.tally.on_time_bp,
        debts=row.tally.debts,
        provisional=row.tally.provisional,
    )
