"""Agendas over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.meetings.domain.agendas import SECTIONS
from services.meetings.models import AgendaItem, Meeting
from services.meetings.repository import agendas as repository
from services.meetings.repository import meetings
from services.meetings.schemas.agendas import (
    AgendaItemCreate,
    AgendaItemRead,
    AgendaOrder,
    AgendaRead,
    AgendaSection,
    ControlLineRead,
    OutcomeWrite,
    ReceiptCounts,
)
from services.meetings.schemas.meetings import MeetingRead
from services.meetings.service import agendas as service
from services.meetings.service import receipts
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/meetings", tags=["agendas"])


@router.get(
    "/{meeting_id}/agenda",
    responses=problems(401, 403, 404, 422),
    summary="Повестка по разделам",
)
async def read_agenda(
    actor: Acting, meeting_id: UUID, session: Session, now: Now, response: Response
) -> AgendaRead:
    """Разделы по порядку; контрольный раздел пишется сам, до фиксации — по состоянию на сейчас."""
    meeting = await meetings.get_meeting(session, meeting_id)
    items = await repository.list_agenda(session, meeting_id)
    control = await service.control_of(session, meeting, now=now)
    read, stale, regions = await repository.count_receipts(
        session, meeting_id, meeting.agenda_revision
    )
    tag(response, meeting.version)
    shown = [AgendaItemRead.model_validate(item) for item in items]
    return AgendaRead(
        meeting_id=meeting_id,
        revision=meeting.agenda_revision,
        frozen_at=meeting.frozen_at,
        duration_minutes=sum(item.duration_minutes or 0 for item in items),
        sections=[
            AgendaSection(kind=kind, items=[item for item in shown if item.kind is kind])
            for kind in SECTIONS
        ],
        control=[ControlLineRead.model_validate(line) for line in control],
        receipts=ReceiptCounts(read=read, regions=regions, stale=stale),
    )


@router.post(
    "/{meeting_id}/agenda-items",
    status_code=201,
    response_model=AgendaItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Добавить вопрос в повестку",
)
async def add_agenda_item(
    actor: Acting,
    meeting_id: UUID,
    wanted: AgendaItemCreate,
    session: Session,
    once: Idempotent,
) -> Response:
    """Вопрос встаёт в конец повестки; после её фиксации он помечен как поздний."""
    return await once(
        actor.id,
        lambda: service.add_agenda_item(session, meeting_id, wanted),
        answer=AgendaItemRead,
    )


@router.put(
    "/{meeting_id}/agenda-items/{item_id}",
    response_model=AgendaItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Изменить вопрос повестки",
)
async def change_agenda_item(
    actor: Acting,
    meeting_id: UUID,
    item_id: UUID,
    wanted: AgendaItemCreate,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> AgendaItem:
    """Другой текст, докладчик, время или раздел, пока повестка не зафиксирована."""
    meeting, item = await service.change_agenda_item(
        session, meeting_id, item_id, wanted, expected_version=expected
    )
    tag(response, meeting.version)
    return item


@router.delete(
    "/{meeting_id}/agenda-items/{item_id}",
    status_code=204,
    responses=problems(401, 403, 404, 409, 422),
    summary="Снять вопрос с повестки",
)
async def remove_agenda_item(
    actor: Acting,
    meeting_id: UUID,
    item_id: UUID,
    session: Session,
    expected: ExpectedVersion,
) -> None:
    """Вопрос снят, следующие сдвигаются; перенесённый вопрос снимает только его решение."""
    await service.remove_agenda_item(session, meeting_id, item_id, expected_version=expected)


@router.put(
    "/{meeting_id}/agenda/order",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Порядок вопросов",
)
async def order_agenda(
    actor: Acting,
    meeting_id: UUID,
    wanted: AgendaOrder,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Все вопросы повестки в том порядке, в каком их рассматривать."""
    meeting = await service.order_agenda(
        session, meeting_id, wanted.items, expected_version=expected
    )
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/agenda/freeze",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Зафиксировать повестку",
)
async def freeze_agenda(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Раньше своего времени; контрольный раздел записан таким, какой он на начало совещания."""
    meeting = await service.freeze_agenda(session, meeting_id, now=now, expected_version=expected)
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/agenda/acknowledge",
    responses=problems(401, 403, 404, 409, 422),
    summary="Ознакомиться с повесткой",
)
async def acknowledge_agenda(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    revision: Annotated[
        int | None,
        Query(
            ge=0,
            le=2**31 - 1,
            description="Прочитанная редакция — revision повестки; без неё — нынешняя",
        ),
    ] = None,
) -> ReceiptCounts:
    """Отметка об ознакомлении с повесткой; повтор ничего не меняет.

    Пока повестку читали, её могли изменить: назовите редакцию, которую прочитали.
    """
    read, stale, regions = await receipts.acknowledge(
        session, meeting_id, actor, now=now, revision=revision
    )
    return ReceiptCounts(read=read, regions=regions, stale=stale)


@router.post(
    "/{meeting_id}/agenda-items/{item_id}/outcome",
    response_model=AgendaItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Результат рассмотрения вопроса",
)
async def record_outcome(
    actor: Acting,
    meeting_id: UUID,
    item_id: UUID,
    wanted: OutcomeWrite,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> AgendaItem:
    """Информация, решение, поручение (есть пункт протокола) или перенос на следующее совещание."""
    meeting, item = await service.record_outcome(
        session,
        meeting_id,
        item_id,
        wanted.outcome,
        note=wanted.note,
        actor=actor.id,
        now=now,
        expected_version=expected,
    )
    tag(response, meeting.version)
    return item
