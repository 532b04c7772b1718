"""Series of meetings over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.meetings.models import MeetingSeries
from services.meetings.repository import series as repository
from services.meetings.schemas.series import (
    SeriesCreate,
    SeriesDay,
    SeriesDetail,
    SeriesEnd,
    SeriesExceptionCreate,
    SeriesExceptionRead,
    SeriesLoaded,
    SeriesPage,
    SeriesRead,
)
from services.meetings.service import series as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/series", tags=["series"])


@router.post(
    "",
    status_code=201,
    response_model=SeriesRead,
    responses=problems(401, 403, 409, 422),
    summary="Завести серию совещаний",
)
async def create_series(
    actor: Acting, wanted: SeriesCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Правило повторения, шаблон и участники; совещания на недели вперёд назначаются сами."""
    return await once(
        actor.id, lambda: service.create_series(session, wanted, now=now), answer=SeriesRead
    )


@router.post(
    "/load",
    response_model=SeriesLoaded,
    responses=problems(401, 403, 409),
    summary="Загрузить серии проекта",
)
async def load_series(actor: Acting, session: Session, now: Now) -> service.Counts:
    """Три серии победителей до 3 октября 2023 года и единая со следующего дня; повтор не меняет."""
    return await service.load_series(session, now=now)


@router.get("", responses=problems(401, 403, 422), summary="Серии совещаний")
async def list_series(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    on: Annotated[SeriesDay | None, Query(description="Действующие в этот день")] = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> SeriesPage:
    """Серии в том порядке, в каком их завели."""
    rows = await repository.list_series(
        session, on=on, after=pages.decode(cursor, UUID) if cursor else None, limit=limit + 1
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [SeriesRead.model_validate(row) for row in page]
    return SeriesPage(items=items, next_cursor=following)


@router.get("/{series_id}", responses=problems(401, 403, 404, 422), summary="Серия совещаний")
async def read_series(
    actor: Acting, series_id: UUID, session: Session, response: Response
) -> SeriesDetail:
    """Серия с исключёнными днями; ETag — её версия."""
    series = await repository.get_series(session, series_id)
    left_out = await service.exceptions(session, series_id)
    tag(response, series.version)
    return SeriesDetail(
        **SeriesRead.model_validate(series).model_dump(),
        exceptions=[SeriesExceptionRead.model_validate(one) for one in left_out],
    )


@router.post(
    "/{series_id}/end",
    response_model=SeriesRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Завершить серию",
)
async def end_series(
    actor: Acting,
    series_id: UUID,
    wanted: SeriesEnd,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> MeetingSeries:
    """Последний день серии; назначенное на более поздние дни отменено."""
    series = await service.end_series(
        session, series_id, wanted.ends_on, now=now, expected_version=expected
    )
    tag(response, series.version)
    return series


@router.post(
    "/{series_id}/exceptions",
    status_code=201,
    response_model=SeriesExceptionRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Исключить день из серии",
)
async def leave_out_day(
    actor: Acting,
    series_id: UUID,
    wanted: SeriesExceptionCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """В этот день серия не собирается; уже назначенное совещание отменено с этой причиной."""
    return await once(
        actor.id,
        lambda: service.leave_out(session, series_id, wanted, actor=actor.id, now=now),
        answer=SeriesExceptionRead,
    )
