"""Appointments over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.directory.domain.appointments import Office
from services.directory.models import Appointment
from services.directory.repository import appointments as repository
from services.directory.schemas.appointments import (
    AppointmentCreate,
    AppointmentEnd,
    AppointmentPage,
    AppointmentRead,
)
from services.directory.schemas.fields import Day
from services.directory.service import appointments as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1")


@router.post(
    "/appointments",
    status_code=201,
    response_model=AppointmentRead,
    responses=problems(401, 403, 409, 422),
    summary="Назначить",
    tags=["appointments"],
)
async def create_appointment(
    actor: Acting, wanted: AppointmentCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Назначить координатора, заместителя или руководителя органа власти региона.

    Руководитель органа власти назначает в своём регионе координатора и заместителя, с
    сегодняшнего дня (по Москве) или позже; остальное вносит ЦУР. Назначает он тех, кто с его
    регионом работает, и тех, кто ещё нигде не занят; чужой id для него — 422 `unknown_person`,
    как и ничей.
    """
    return await once(
        actor.id,
        lambda: service.appoint(session, wanted, actor, now=now),
        answer=AppointmentRead,
    )


@router.get(
    "/appointments",
    responses=problems(401, 403, 422),
    summary="Назначения",
    tags=["appointments"],
)
async def list_appointments(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    region: RegionCode | None = None,
    office: Office | None = None,
    at: Day | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> AppointmentPage:
    """Назначения; `at` — только действующие на дату."""
    rows = await repository.list_appointments(
        session,
        region=region,
        office=office,
        at=at,
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [AppointmentRead.model_validate(row) for row in page]
    return AppointmentPage(items=items, next_cursor=following)


@router.post(
    "/appointments/{appointment_id}/end",
    response_model=AppointmentRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Завершить назначение",
    tags=["appointments"],
)
async def end_appointment(
    actor: Acting,
    appointment_id: UUID,
    wanted: AppointmentEnd,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Appointment:
    """Назвать последний день или приблизить его; после него место свободно."""
    appointment = await service.end_appointment(
        session, appointment_id, wanted.valid_to, now=now, expected_version=expected_version
    )
    tag(response, appointment.version)
    return appointment
