"""Meetings and their agenda over HTTP."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.meetings.domain.meetings import MeetingCommand, Series
from services.meetings.models import Meeting
from services.meetings.repository import agendas
from services.meetings.repository import meetings as repository
from services.meetings.schemas.agendas import AgendaItemRead
from services.meetings.schemas.fields import Day, Instant
from services.meetings.schemas.meetings import (
    CancelReason,
    MeetingCreate,
    MeetingDetail,
    MeetingMoveRead,
    MeetingMoveWrite,
    MeetingPage,
    MeetingRead,
)
from services.meetings.service import meetings as service
from shared import pages
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/meetings", tags=["meetings"])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=MOSCOW).astimezone(UTC)


@router.post(
    "",
    status_code=201,
    response_model=MeetingRead,
    responses=problems(401, 403, 409, 422),
    summary="Назначить совещание",
)
async def create_meeting(
    actor: Acting, wanted: MeetingCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Совещание назначено; повестка пополняется до его проведения."""
    return await once(
        actor.id, lambda: service.create_meeting(session, wanted, now=now), answer=MeetingRead
    )


@router.get(
    "",
    responses=problems(401, 403, 422),
    summary="Совещания",
)
async def list_meetings(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    since: Annotated[
        Day | None, Query(alias="from", description="Начиная с этого дня (по Москве)")
    ] = None,
    until: Annotated[
        Day | None, Query(alias="to", description="По этот день включительно (по Москве)")
    ] = None,
    series: Series | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> MeetingPage:
    """Совещания по времени начала; можно отобрать по дням и серии."""
    rows = await repository.list_meetings(
        session,
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
        series=series,
        after=pages.decode(cursor, tuple[Instant, UUID]) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: (row.starts_at, row.id), request=request, response=response
    )
    items = [MeetingRead.model_validate(row) for row in page]
    return MeetingPage(items=items, next_cursor=following)


@router.get(
    "/{meeting_id}",
    responses=problems(401, 403, 404, 422),
    summary="Совещание",
)
async def read_meeting(
    actor: Acting, meeting_id: UUID, session: Session, response: Response
) -> MeetingDetail:
    """Совещание с повесткой; ETag — его версия."""
    meeting = await repository.get_meeting(session, meeting_id)
    agenda = await agendas.list_agenda(session, meeting_id)
    tag(response, meeting.version)
    return MeetingDetail(
        **MeetingRead.model_validate(meeting).model_dump(),
        agenda=[AgendaItemRead.model_validate(item) for item in agenda],
        moves=[
            MeetingMoveRead.model_validate(move)
            for move in await repository.list_moves(session, meeting_id)
        ],
    )


@router.post(
    "/{meeting_id}/schedule",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Назначить черновик",
)
async def schedule_meeting(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Черновик становится назначенным совещанием и появляется в календарях."""
    meeting = await service.change_meeting(
        session, meeting_id, MeetingCommand.SCHEDULE, now=now, expected_version=expected
    )
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/move",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Перенести совещание",
)
async def move_meeting(
    actor: Acting,
    meeting_id: UUID,
    wanted: MeetingMoveWrite,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Другое время одного совещания серии или отдельного; календари обновляют ту же запись.

    Ответы на приглашение были к прежнему времени: с ним они снимаются, и участники отвечают снова.
    """
    meeting = await service.move_meeting(
        session, meeting_id, wanted, actor=actor.id, now=now, expected_version=expected
    )
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/start",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Начать совещание",
)
async def start_meeting(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Совещание идёт — не раньше чем за час до назначенного времени.

    Повестка зафиксирована, если не была раньше. Начатое по ошибке отменяют.
    """
    meeting = await service.change_meeting(
        session, meeting_id, MeetingCommand.START, now=now, expected_version=expected
    )
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/close",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Закрыть совещание",
)
async def close_meeting(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Каждый вопрос повестки имеет результат; иначе отказ перечисляет, какие — нет.

    Закрывается совещание без протокола или то, протокол которого утверждён.
    """
    meeting = await service.close_meeting(session, meeting_id, now=now, expected_version=expected)
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/hold",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Отметить проведённым",
)
async def hold_meeting(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Совещание состоялось; до времени начала отметить его проведённым нельзя."""
    meeting = await service.change_meeting(
        session, meeting_id, MeetingCommand.HOLD, now=now, expected_version=expected
    )
    tag(response, meeting.version)
    return meeting


@router.post(
    "/{meeting_id}/cancel",
    response_model=MeetingRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Отменить совещание",
)
async def cancel_meeting(
    actor: Acting,
    meeting_id: UUID,
    wanted: CancelReason,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Meeting:
    """Совещание не состоится; причина обязательна.

    Начатое — прервалось: его посещаемость не в счёт.
    """
    meeting = await service.change_meeting(
        session,
        meeting_id,
        MeetingCommand.CANCEL,
        now=now,
        reason=wanted.reason,
        expected_version=expected,
    )
    tag(response, meeting.version)
    return meeting
