"""The outbox of messages over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.repository import notifications as repository
from services.assignments.repository.rows import regions_open_to
from services.assignments.routers.access import COMMAND_PROBLEMS
from services.assignments.schemas.dates import Day
from services.assignments.schemas.notifications import NotificationPage, NotificationRead
from services.assignments.service import delivery
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/notifications", tags=["notifications"])


@router.get("", responses=problems(401, 403, 422), summary="Напоминания")
async def list_notifications(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    region: RegionCode | None = None,
    state: NotificationState | None = None,
    channel: Channel | None = None,
    day: Day | None = None,
    execution_id: UUID | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> NotificationPage:
    """Что и кому написано: подготовлено, отправлено, не удалось, некому. Новые — первыми."""
    rows = await repository.list_notifications(
        session,
        regions=regions_open_to(actor),
        region=region,
        state=state,
        channel=channel,
        day=day,
        execution_id=execution_id,
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [NotificationRead.model_validate(row) for row in page]
    return NotificationPage(items=items, next_cursor=following)


@router.get("/{notification_id}", responses=problems(401, 403, 404, 422), summary="Напоминание")
async def read_notification(
    actor: Acting, notification_id: UUID, session: Session
) -> NotificationRead:
    """Одно сообщение и что с ним стало."""
    row = await repository.get_visible(session, notification_id, regions_open_to(actor))
    return NotificationRead.model_validate(row)


@router.post("/{notification_id}/resend", responses=COMMAND_PROBLEMS, summary="Отправить ещё раз")
async def resend_notification(
    actor: Acting, notification_id: UUID, session: Session, now: Now
) -> NotificationRead:
    """Поставить сообщение в очередь заново: адрес исправлен, письмо потерялось или залежалось.

    Сообщение вакантной должности уходит тому, кто занимает её сегодня.
    """
    row = await delivery.resend(session, notification_id, now=now)
    return NotificationRead.model_validate(row)
