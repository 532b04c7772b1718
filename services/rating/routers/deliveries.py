"""Deliveries over HTTP: each message to a subscription, and every attempt at it."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.rating.domain.webhooks import DeliveryState
from services.rating.models import Delivery
from services.rating.repository import deliveries as repository
from services.rating.repository import subscriptions
from services.rating.routers.access import own_subscriptions
from services.rating.schemas.deliveries import AttemptRead, DeliveryPage, DeliveryRead
from services.rating.service import deliveries as service
from shared.clock import Now
from shared.db import Session
from shared.pages import Cursor, Limit, decode, paginate
from shared.permissions import Acting
from shared.problems import problems

_ATTEMPTS: Final = 20

router = APIRouter(prefix="/v1/subscriptions/{subscription_id}/deliveries", tags=["subscriptions"])


@router.get("", responses=problems(401, 403, 404, 422), summary="Доставки подписки")
async def list_deliveries(
    actor: Acting,
    subscription_id: UUID,
    request: Request,
    response: Response,
    session: Session,
    state: DeliveryState | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> DeliveryPage:
    """Новейшие первыми, с попытками. Итоги рейтинга хранятся 7 суток, срезов — 400."""
    await subscriptions.get_subscription(session, subscription_id, own_subscriptions(actor))
    rows = await repository.list_deliveries(
        session,
        subscription_id,
        state=state,
        after=decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    items, next_cursor = paginate(
        rows, limit, lambda one: one.id, request=request, response=response
    )
    return DeliveryPage(items=await _with_attempts(session, items), next_cursor=next_cursor)


@router.get("/{delivery_id}", responses=problems(401, 403, 404, 422), summary="Доставка")
async def read_delivery(
    actor: Acting, subscription_id: UUID, delivery_id: UUID, session: Session
) -> DeliveryRead:
    """Одна доставка и её попытки."""
    await subscriptions.get_subscription(session, subscription_id, own_subscriptions(actor))
    found = await repository.delivery_of(session, subscription_id, delivery_id)
    [read] = await _with_attempts(session, [found])
    return read


@router.post(
    "/{delivery_id}/retry",
    responses=problems(401, 403, 404, 409, 422),
    summary="Повторить доставку сейчас",
)
async def retry_delivery(
    actor: Acting, subscription_id: UUID, delivery_id: UUID, session: Session, now: Now
) -> DeliveryRead:
    """Ждущую — не дожидаясь срока, неудавшуюся — со всеми попытками заново."""
    owner = own_subscriptions(actor)
    found = await service.retry(session, subscription_id, delivery_id, owner, now=now)
    [read] = await _with_attempts(session, [found])
    return read


async def _with_attempts(session: Session, rows: Sequence[Delivery]) -> list[DeliveryRead]:
    tried = await repository.attempts_of(session, [one.id for one in rows], most=_ATTEMPTS)
    found = []
    for one in rows:
        read = DeliveryRead.model_validate(one)
        read.attempts = [AttemptRead.model_validate(attempt) for attempt in tried[one.id]]
        found.append(read)
    return found
