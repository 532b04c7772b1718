"""Agendas over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.meetings.schemas.agendas import AgendaItemCreate, AgendaItemRead
from services.meetings.service import agendas as service
from shared.auth import Actor, Role, demand
from shared.db import Session
from shared.idempotency import Idempotent
from shared.problems import problems

router = APIRouter(prefix="/v1/meetings", tags=["meetings"])
Reader = Annotated[Actor, Depends(demand(*Role))]
Organiser = Annotated[Actor, Depends(demand(Role.SECRETARY, Role.CUR_ADMIN))]


@router.post(
    "/{meeting_id}/agenda-items",
    status_code=201,
    response_model=AgendaItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Добавить вопрос в повестку",
)
async def add_agenda_item(
    actor: Organiser,
    meeting_id: UUID,
    wanted: AgendaItemCreate,
    session: Session,
    once: Idempotent,
) -> Response:
    """Вопрос встаёт в конец повестки; после проведения или отмены повестка закрыта."""
    return await once(
        actor.id,
        lambda: service.add_agenda_item(session, meeting_id, wanted),
        answer=AgendaItemRead,
    )
