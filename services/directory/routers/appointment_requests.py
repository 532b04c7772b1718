"""Requests to authorities to appoint, over HTTP."""

from collections.abc import Collection
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.directory.domain.appointments import Office
from services.directory.repository import appointment_requests as repository
from services.directory.schemas.appointment_requests import (
    AppointmentReminder,
    AppointmentRequestCreate,
    AppointmentRequestPage,
    AppointmentRequestRead,
    AppointmentsReminded,
    AppointmentsRequested,
)
from services.directory.service import appointment_requests as service
from services.directory.service.days import today
from shared import pages
from shared.auth import Actor, Rows
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/appointment-requests", tags=["appointments"])


def _seen_by(actor: Actor) -> Collection[str] | None:
    """The regions whose requests the operation reaches; None for all."""
    if actor.reaches_all:
        return None
    return actor.regions if Rows.REGION in actor.rows else ()


@router.post(
    "",
    status_code=201,
    response_model=AppointmentsRequested,
    responses=problems(401, 403, 409, 422),
    summary="Запросить назначения",
)
async def request_appointments(
    actor: Acting, wanted: AppointmentRequestCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Письмо органам власти: по запросу на каждый регион без координатора, ещё не запрошенный."""

    async def work() -> AppointmentsRequested:
        made = await service.request_appointments(session, wanted, by=actor.id, now=now)
        items = [
            AppointmentRequestRead(
                **one.model_dump(), appointment_id=None, appointed_from=None, answered_at=None
            )
            for one in made
        ]
        return AppointmentsRequested(requested=len(items), items=items)

    return await once(actor.id, work, answer=AppointmentsRequested)


@router.get("", responses=problems(401, 403, 422), summary="Запросы о назначении")
async def list_appointment_requests(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    now: Now,
    answered: Annotated[bool | None, Query(description="Последовало ли назначение")] = None,
    overdue: Annotated[bool | None, Query(description="Срок прошёл, а назначения нет")] = None,
    region: RegionCode | None = None,
    office: Office | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 100,
) -> AppointmentRequestPage:
    """Кого просили назначить и кто ответил; ответ — само назначение. Регион видит свои."""
    rows = await repository.list_requests(
        session,
        repository.Wanted(_seen_by(actor), region, office, answered, overdue),
        day=today(now),
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [AppointmentRequestRead(**row._mapping) for row in page]
    return AppointmentRequestPage(items=items, next_cursor=following)


@router.post("/remind", responses=problems(401, 403, 422), summary="Напомнить не ответившим")
async def remind_appointment_requests(
    actor: Acting, wanted: AppointmentReminder, session: Session, now: Now
) -> AppointmentsReminded:
    """Всем, кто не ответил, или только тем, чей срок прошёл."""
    reminded = await service.remind_all(session, wanted.office, overdue=wanted.overdue, now=now)
    return AppointmentsReminded(reminded=reminded)


@router.get("/{request_id}", responses=problems(401, 403, 404, 422), summary="Запрос о назначении")
async def read_appointment_request(
    actor: Acting, request_id: UUID, session: Session, response: Response
) -> AppointmentRequestRead:
    """Один запрос; ETag — его версия."""
    row = await repository.view_request(session, request_id, _seen_by(actor))
    tag(response, row.version)
    return AppointmentRequestRead(**row._mapping)


@router.post(
    "/{request_id}/remind",
    responses=problems(401, 403, 404, 409, 422),
    summary="Напомнить о запросе",
)
async def remind_appointment_request(
    actor: Acting,
    request_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> AppointmentRequestRead:
    """Ещё одно напоминание региону, который не ответил."""
    await service.remind(session, request_id, now=now, expected_version=expected_version)
    row = await repository.view_request(session, request_id)
    tag(response, row.version)
    return AppointmentRequestRead(**row._mapping)
