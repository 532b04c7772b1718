"""Relations of organisations over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.directory.domain.relations import RelationKind
from services.directory.repository import relations as repository
from services.directory.schemas.fields import Day
from services.directory.schemas.relations import (
    RelationCreate,
    RelationEnd,
    RelationPage,
    RelationRead,
)
from services.directory.service import relations as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["relations"])


@router.post(
    "/relations",
    status_code=201,
    response_model=RelationRead,
    responses=problems(401, 403, 409, 422),
    summary="Связать организацию с регионом или кластером",
)
async def create_relation(
    actor: Acting, wanted: RelationCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Наблюдательный совет, орган власти, управляющая компания, колледж, предприятие: на какие дни.

    Совет, орган, управляющая компания и базовый колледж в один день только одни.
    """

    async def work() -> RelationRead:
        relation = await service.relate(session, wanted, by=actor.id, now=now)
        row = await repository.view_relation(session, relation.id)
        return RelationRead(**row._mapping)

    return await once(actor.id, work, answer=RelationRead)


@router.get("/relations", responses=problems(401, 403, 422), summary="Связи организаций")
async def list_relations(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    kind: RelationKind | None = None,
    organisation: Annotated[UUID | None, Query(description="Чьи места")] = None,
    region: RegionCode | None = None,
    cluster: Annotated[UUID | None, Query(description="Кто в кластере")] = None,
    at: Day | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> RelationPage:
    """Кто где состоит и состоял; `at` — только на дату."""
    rows = await repository.list_relations(
        session,
        repository.Wanted(kind, organisation, region, cluster, at),
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [RelationRead(**row._mapping) for row in page]
    return RelationPage(items=items, next_cursor=following)


@router.get(
    "/relations/{relation_id}",
    responses=problems(401, 403, 404, 422),
    summary="Связь организации",
)
async def read_relation(
    actor: Acting, relation_id: UUID, session: Session, response: Response
) -> RelationRead:
    """Одна связь; ETag — её версия."""
    row = await repository.view_relation(session, relation_id)
    tag(response, row.version)
    return RelationRead(**row._mapping)


@router.post(
    "/relations/{relation_id}/end",
    responses=problems(401, 403, 404, 409, 422),
    summary="Завершить связь организации",
)
async def end_relation(
    actor: Acting,
    relation_id: UUID,
    wanted: RelationEnd,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> RelationRead:
    """Назвать последний день или приблизить его; после него место свободно."""
    await service.end_relation(
        session,
        relation_id,
        wanted.valid_to,
        by=actor.id,
        now=now,
        expected_version=expected_version,
    )
    row = await repository.view_relation(session, relation_id)
    tag(response, row.version)
    return RelationRead(**row._mapping)
