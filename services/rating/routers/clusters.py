"""Ratings of clusters over HTTP: lines for all, what they are made of for whom it concerns."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import Field

from services.rating.routers.access import AsOf, PeriodName, head_of, own_cluster, when
from services.rating.routers.parts import Links, part_read
from services.rating.routers.selections import Filters, Order, select_clusters
from services.rating.schemas.clusters import (
    ClusterExplanationRead,
    ClusterRating,
    ClusterRowRead,
    ClustersRating,
)
from services.rating.service import clusters as service
from services.rating.service.clusters import Among, ClusterRow
from services.rating.service.names import names_of
from shared import pages
from shared.clock import Instant, Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings/clusters", tags=["ratings"])


async def among_clusters(
    region: RegionCode | None = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
) -> Among:
    """Which clusters are rated beside each other: places are among them."""
    return Among(region, industry, cohort)


Rivals = Annotated[Among, Depends(among_clusters)]


@router.get("", responses=problems(401, 403, 422), summary="Рейтинг кластеров")
async def list_cluster_ratings(
    actor: Acting,
    session: Session,
    now: Now,
    request: Request,
    response: Response,
    among: Rivals,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    sort: Order = "place",
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ClustersRating:
    """Та же формула по исполнениям каждого кластера; места — среди региона, отрасли и года отбора.

    Следующие страницы — на тот же момент, что и первая. Остальной отбор мест не меняет.
    """
    begin = 0
    if cursor:
        as_of, begin = pages.decode(cursor, tuple[Instant, Annotated[int, Field(ge=0)]])
    rating, rows = await service.rate_clusters(session, *when(period, as_of, now), among)
    found = select_clusters([cluster_read(row) for row in rows], wanted, sort)
    lines = list(enumerate(found))[begin : begin + limit + 1]
    page, following = pages.paginate(
        lines, limit, lambda line: (rating.as_of, line[0] + 1), request=request, response=response
    )
    return ClustersRating(
        **head_of(rating),
        items=[row for _, row in page],
        total=len(found),
        next_cursor=following,
    )


@router.get("/{cluster_id}", responses=problems(401, 403, 404, 422), summary="Рейтинг кластера")
async def read_cluster_rating(
    actor: Acting,
    cluster_id: UUID,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> ClusterRating:
    """Строка одного кластера; место — среди всех кластеров."""
    found = await service.explain_cluster(session, cluster_id, *when(period, as_of, now))
    return ClusterRating(**head_of(found.rating), item=cluster_read(found.row))


@router.get(
    "/{cluster_id}/explanation",
    responses=problems(401, 403, 404, 422),
    summary="Почему такой балл у кластера",
)
async def explain_cluster_rating(
    actor: Acting,
    cluster_id: UUID,
    session: Session,
    now: Now,
    links: Links,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> ClusterExplanationRead:
    """Каждое исполнение кластера: вес, зачёт, причина. Кластер видит себя, регион — свои."""
    found = await service.explain_cluster(session, cluster_id, *when(period, as_of, now))
    own_cluster(actor, cluster_id, found.row.region, found.industry)
    names = await names_of(session, (part.facts for part in found.parts))
    return ClusterExplanationRead(
        **head_of(found.rating),
        item=cluster_read(found.row),
        numerator=found.row.tally.numerator,
        denominator=found.row.tally.weight,
        parts=[part_read(part, names, links) for part in found.parts],
    )


def cluster_read(row: ClusterRow) -> ClusterRowRead:
    """A cluster's line as clients see it."""
    known = row.cluster
    return ClusterRowRead(
        cluster_id=row.cluster_id,
        code=known.code if known else None,
        name=known.name if known else None,
        region=row.region,
        industry=known.industry if known else None,
        cohort=known.cohort if known else None,
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
