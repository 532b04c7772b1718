"""Clusters over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.directory.domain.clusters import ClusterStatus
from services.directory.repository import clusters as repository
from services.directory.repository.clusters import Lacking, Wanted
from services.directory.schemas.clusters import (
    ClusterChangeRead,
    ClusterCreate,
    ClusterPage,
    ClusterPatch,
    ClusterRead,
    ClusterTimeline,
)
from services.directory.schemas.fields import Day
from services.directory.service import clusters as service
from services.directory.service.days import today
from services.directory.service.timeline import text_of
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["clusters"])
_Organisation = Query(description="Организация, состоящая так в кластере на дату")


async def as_of(now: Now, at: Day | None = None) -> repository.Day:
    """The day the request asks about."""
    return repository.Day(at, today(now))


AsOf = Annotated[repository.Day, Depends(as_of)]


async def _wanted(
    region: RegionCode | None = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
    status: ClusterStatus | None = None,
    core_college: Annotated[UUID | None, _Organisation] = None,
    managing_company: Annotated[UUID | None, _Organisation] = None,
    college: Annotated[UUID | None, _Organisation] = None,
    enterprise: Annotated[UUID | None, _Organisation] = None,
    without: Annotated[Lacking | None, Query(description="Чего у кластера нет на дату")] = None,
) -> Wanted:
    """The filter of the list."""
    return Wanted(
        region,
        industry,
        cohort,
        status,
        core_college,
        managing_company,
        college,
        enterprise,
        without,
    )


@router.post(
    "/clusters",
    status_code=201,
    response_model=ClusterRead,
    responses=problems(401, 403, 409, 422),
    summary="Завести кластер",
)
async def create_cluster(
    actor: Acting, wanted: ClusterCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Новый кластер; регион и отрасль должны быть в справочнике."""

    async def work() -> ClusterRead:
        cluster = await service.register_cluster(session, wanted, by=actor.id, now=now)
        return await read_now(session, cluster.id, now)

    return await once(actor.id, work, answer=ClusterRead)


@router.get("/clusters", responses=problems(401, 403, 422), summary="Кластеры")
async def list_clusters(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    wanted: Annotated[Wanted, Depends(_wanted)],
    day: AsOf,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ClusterPage:
    """Кластеры по региону и коду; `at` — какими они были на дату."""
    after = pages.decode(cursor, tuple[str, str]) if cursor else None
    rows = await repository.list_clusters(session, wanted, day, after=after, limit=limit + 1)
    page, following = pages.paginate(
        rows, limit, lambda row: (row.region, row.code), request=request, response=response
    )
    items = [ClusterRead(**row._mapping) for row in page]
    return ClusterPage(items=items, next_cursor=following)


@router.get("/clusters/{cluster_id}", responses=problems(401, 403, 404, 422), summary="Кластер")
async def read_cluster(
    actor: Acting, cluster_id: UUID, session: Session, response: Response, day: AsOf
) -> ClusterRead:
    """Один кластер; ETag — его версия; `at` — каким он был на дату."""
    row = await repository.view_cluster(session, cluster_id, day)
    tag(response, row.version)
    return ClusterRead(**row._mapping)


@router.get(
    "/clusters/{cluster_id}/timeline",
    responses=problems(401, 403, 404, 422),
    summary="История кластера",
)
async def read_cluster_timeline(
    actor: Acting,
    cluster_id: UUID,
    session: Session,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ClusterTimeline:
    """Вся жизнь кластера по дням: состояния, названия, кто в нём состоял."""
    await repository.get_cluster(session, cluster_id)
    after = pages.decode(cursor, tuple[date, UUID]) if cursor else None
    rows = await repository.timeline(session, cluster_id, after=after, limit=limit + 1)
    page, following = pages.paginate(
        rows, limit, lambda row: (row.effective_on, row.id), request=request, response=response
    )
    items = [ClusterChangeRead(**row.model_dump(), text=text_of(row)) for row in page]
    return ClusterTimeline(items=items, next_cursor=following)


@router.patch(
    "/clusters/{cluster_id}",
    responses=problems(401, 403, 404, 409, 422),
    summary="Изменить кластер",
)
async def change_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterPatch,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """Изменить название или (с сегодняшнего дня) базовый колледж; остальное остаётся."""
    await service.change_cluster(
        session, cluster_id, wanted, by=actor.id, now=now, expected_version=expected_version
    )
    return await answer(session, cluster_id, now, response)


async def answer(session: Session, cluster_id: UUID, now: Now, response: Response) -> ClusterRead:
    """The changed cluster and its version."""
    cluster = await read_now(session, cluster_id, now)
    tag(response, cluster.version)
    return cluster


async def read_now(session: Session, cluster_id: UUID, now: Now) -> ClusterRead:
    """The cluster as it stands."""
    row = await repository.view_cluster(session, cluster_id, repository.Day(None, today(now)))
    return ClusterRead(**row._mapping)
