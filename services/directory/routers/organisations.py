"""Organisations over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.models import Organisation
from services.directory.repository import organisations as repository
from services.directory.schemas.fields import Day
from services.directory.schemas.organisations import (
    OrganisationCreate,
    OrganisationPage,
    OrganisationPatch,
    OrganisationRead,
)
from services.directory.service import organisations as service
from shared import pages
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1")


@router.post(
    "/organisations",
    status_code=201,
    response_model=OrganisationRead,
    responses=problems(401, 403, 409, 422),
    summary="Завести организацию",
    tags=["organisations"],
)
async def create_organisation(
    actor: Acting, wanted: OrganisationCreate, session: Session, once: Idempotent
) -> Response:
    """Новая организация."""
    return await once(
        actor.id,
        lambda: service.create_organisation(session, wanted),
        answer=OrganisationRead,
    )


@router.get(
    "/organisations",
    responses=problems(401, 403, 422),
    summary="Организации",
    tags=["organisations"],
)
async def list_organisations(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    kind: OrganisationKind | None = None,
    level: Level | None = None,
    region: RegionCode | None = None,
    at: Day | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> OrganisationPage:
    """Организации по коду; `at` — только те, что есть на дату."""
    rows = await repository.list_organisations(
        session,
        kind=kind,
        level=level,
        region=region,
        at=at,
        after=pages.decode(cursor, str) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.code, request=request, response=response
    )
    items = [OrganisationRead.model_validate(row) for row in page]
    return OrganisationPage(items=items, next_cursor=following)


@router.get(
    "/organisations/{organisation_id}",
    response_model=OrganisationRead,
    responses=problems(401, 403, 404, 422),
    summary="Организация",
    tags=["organisations"],
)
async def read_organisation(
    actor: Acting, organisation_id: UUID, session: Session, response: Response
) -> Organisation:
    """Одна организация; ETag — её версия."""
    organisation = await repository.get_organisation(session, organisation_id)
    tag(response, organisation.version)
    return organisation


@router.patch(
    "/organisations/{organisation_id}",
    response_model=OrganisationRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Изменить организацию",
    tags=["organisations"],
)
async def change_organisation(
    actor: Acting,
    organisation_id: UUID,
    wanted: OrganisationPatch,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> Organisation:
    """Изменить название, уровень, регион или дни существования; остальное остаётся."""
    organisation = await service.change_organisation(
        session, organisation_id, wanted, expected_version=expected_version
    )
    tag(response, organisation.version)
    return organisation
