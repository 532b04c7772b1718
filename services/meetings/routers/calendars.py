"""Calendar feeds over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Path, Response

from services.meetings.domain.calendars import SHOWN_FEEDS
from services.meetings.models import CalendarFeed
from services.meetings.repository import calendars as repository
from services.meetings.schemas.calendars import FeedCreate, FeedCreated, FeedList, FeedRead
from services.meetings.service import calendars as service
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.downloads import file_of
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["calendars"])
_TYPE = "text/calendar"


@router.post(
    "/calendar-feeds",
    status_code=201,
    responses=problems(401, 403, 404, 409, 422),
    summary="Подписаться на календарь",
)
async def create_calendar_feed(
    actor: Acting, wanted: FeedCreate, session: Session, now: Now
) -> FeedCreated:
    """Адрес для программы календаря: серия, регион (свой) или человек (своего региона).

    Секрет хранится только хешем, поэтому повтор запроса открывает ещё один календарь.
    """
    feed, token = await service.create_feed(session, wanted, actor, now=now)
    shown = FeedRead.model_validate(feed).model_dump()
    return FeedCreated(**shown, path=f"/v1/calendars/{token}.ics")


@router.get(
    "/calendar-feeds", responses=problems(401, 403, 422), summary="Мои подписки на календарь"
)
async def list_calendar_feeds(actor: Acting, session: Session) -> FeedList:
    """Кем открыты, того и календари; самих адресов здесь нет. Давно закрытые не показаны."""
    rows = await repository.list_feeds(session, actor.id, limit=SHOWN_FEEDS)
    return FeedList(items=[FeedRead.model_validate(row) for row in rows])


@router.post(
    "/calendar-feeds/{feed_id}/revoke",
    response_model=FeedRead,
    responses=problems(401, 403, 404, 422),
    summary="Закрыть подписку",
)
async def revoke_calendar_feed(
    actor: Acting, feed_id: UUID, session: Session, now: Now
) -> CalendarFeed:
    """По этому адресу календарь больше не отдаётся."""
    return await service.revoke_feed(session, feed_id, actor, now=now)


@router.get(
    "/calendars/{token}.ics",
    dependencies=[Depends(public)],
    response_class=Response,
    responses=file_of(_TYPE) | problems(404, 422),
    summary="Календарь (RFC 5545)",
)
async def read_calendar(
    token: Annotated[str, Path(min_length=20, max_length=100, pattern=r"^[A-Za-z0-9_-]+$")],
    session: Session,
    now: Now,
    if_none_match: Annotated[str | None, Header(max_length=1000)] = None,
) -> Response:
    """Для программ календаря: токен в адресе, ETag, перенос обновляет ту же запись."""
    content, etag = await service.render(session, token, now=now)
    headers = {"ETag": etag, "Cache-Control": "private, max-age=300"}
    if if_none_match and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'inline; filename="meetings.ics"'
    return Response(content, media_type=_TYPE, headers=headers)
