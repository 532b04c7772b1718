"""Clusters and organisations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.directory.domain.clusters import ClusterStatus
from services.directory.models import Cluster
from services.directory.repository import clusters as repository
from services.directory.routers.access import Admin, Reader
from services.directory.schemas.clusters import (
    ClusterCreate,
    ClusterPage,
    ClusterPatch,
    ClusterRead,
)
from services.directory.service import clusters as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1")


@router.post(
    "/clusters",
    status_code=201,
    response_model=ClusterRead,
    responses=problems(401, 403, 409, 422),
    summary="Завести кластер",
    tags=["clusters"],
)
async def create_cluster(
    actor: Admin, wanted: ClusterCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Новый кластер; регион и отрасль должны быть в справочнике."""
    return await once(
        actor.id,
        lambda: service.register_cluster(session, wanted, now=now),
        answer=ClusterRead,
    )


@router.get("/clusters", responses=problems(401, 403, 422), summary="Кластеры", tags=["clusters"])
async def list_clusters(
    actor: Reader,
    session: Session,
    request: Request,
    response: Response,
    region: RegionCode | None = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
    status: ClusterStatus | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ClusterPage:
    """Кластеры по региону и коду."""
    rows = await repository.list_clusters(
        session,
        region=region,
        industry=industry,
        cohort=cohort,
        status=status,
        after=pages.decode(cursor, tuple[str, str]) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: (row.region, row.code), request=request, response=response
    )
    items = [ClusterRead.model_validate(row) for row in page]
    return ClusterPage(items=items, next_cursor=following)


@router.get(
    "/clusters/{cluster_id}",
    response_model=ClusterRead,
    responses=problems(401, 403, 404, 422),
    summary="Кластер",
    tags=["clusters"],
)
async def read_cluster(
    actor: Reader, cluster_id: UUID, session: Session, response: Response
) -> Cluster:
    """Один кластер; ETag — его версия."""
    cluster = await repository.get_cluster(session, cluster_id)
    tag(response, cluster.version)
    return cluster


@router.patch(
    "/clusters/{cluster_id}",
    response_model=ClusterRead,
    responses=problems(401, 403, 404, 422),
    summary="Изменить кластер",
    tags=["clusters"],
)
async def change_cluster(
    actor: Admin,
    cluster_id: UUID,
    wanted: ClusterPatch,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Cluster:
    """Изменить название, состояние или базовый колледж; чего нет в запросе, то остаётся."""
    cluster = await service.change_cluster(
        session, cluster_id, wanted, now=now, expected_version=expected_version
    )
    tag(response, cluster.version)
    return cluster
