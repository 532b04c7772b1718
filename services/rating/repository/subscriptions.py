"""Statements about subscriptions."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, any_, exists, literal, update
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import (
    DeliveryKind,
    DeliveryState,
    EventType,
    SubscriptionStatus,
)
from services.rating.models import Delivery, StandingLine, Subscription
from shared.errors import NotFound


class SubscriptionNotFound(NotFound):
    """There is no such subscription, or it is another's."""

    code = "subscription_not_found"
    title = "Подписка не найдена"


async def get_subscription(
    session: AsyncSession, subscription_id: UUID, owner: str | None, *, lock: bool = False
) -> Subscription:
    """The subscription, of this owner where one is named. Raises `SubscriptionNotFound`."""
    statement = select(Subscription).where(
        col(Subscription.id) == subscription_id, col(Subscription.deleted_at).is_(None)
    )
    if owner is not None:
        statement = statement.where(col(Subscription.owner) == owner)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).first()
    if found is None:
        raise SubscriptionNotFound("Такой подписки нет.", field="path.subscription_id")
    return found


async def lock_any(session: AsyncSession, subscription_id: UUID) -> Subscription:
    """The subscription, be it deleted, ours until the transaction ends."""
    statement = (
        select(Subscription)
        .where(col(Subscription.id) == subscription_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


async def by_id(session: AsyncSession, ids: Collection[UUID]) -> Mapping[UUID, Subscription]:
    """These subscriptions, by id."""
    statement = select(Subscription).where(col(Subscription.id).in_(ids))
    return {one.id: one for one in await session.exec(statement)}


async def list_subscriptions(
    session: AsyncSession,
    owner: str | None,
    *,
    status: SubscriptionStatus | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Subscription]:
    """Subscriptions by age, the newest first; of this owner where one is named."""
    statement = (
        select(Subscription)
        .where(col(Subscription.deleted_at).is_(None))
        .order_by(col(Subscription.id).desc())
        .limit(limit)
    )
    if owner is not None:
        statement = statement.where(col(Subscription.owner) == owner)
    if status is not None:
        statement = statement.where(col(Subscription.status) == status)
    if after is not None:
        statement = statement.where(col(Subscription.id) < after)
    return (await session.exec(statement)).all()


async def count_of(session: AsyncSession, owner: str) -> int:
    """How many the owner has."""
    statement = select(func.count()).where(
        col(Subscription.owner) == owner, col(Subscription.deleted_at).is_(None)
    )
    return (await session.exec(statement)).one()


async def listeners(session: AsyncSession) -> Sequence[Subscription]:
    """Those that gather what is told, kept from being disabled until the transaction ends."""
    statement = (
        select(Subscription)
        .where(
            col(Subscription.deleted_at).is_(None),
            col(Subscription.status) != SubscriptionStatus.DISABLED,
        )
        .order_by(col(Subscription.id))
        .with_for_update(read=True)
    )
    return (await session.exec(statement)).all()


async def awaiting_standings(session: AsyncSession, *, limit: int) -> Sequence[Subscription]:
    """Active ones with lines to hear and none on their way, ours until the transaction ends."""
    news = exists().where(
        col(StandingLine.number) > col(Subscription.lines_told),
        col(Subscription.regions).is_(None)
        | (col(StandingLine.region) == any_(col(Subscription.regions))),
    )
    statement = (
        select(Subscription)
        .where(
            col(Subscription.deleted_at).is_(None),
            col(Subscription.status) == SubscriptionStatus.ACTIVE,
            literal(EventType.STANDINGS_CHANGED.value) == any_(col(Subscription.event_types)),
            news,
            ~_pending(DeliveryKind.STANDINGS),
        )
        .order_by(col(Subscription.lines_told))
        .limit(limit)
        .with_for_update(skip_locked=True, of=Subscription)
    )
    return (await session.exec(statement)).all()


def _pending(kind: DeliveryKind) -> ColumnElement[bool]:
    return exists().where(
        col(Delivery.subscription_id) == col(Subscription.id),
        col(Delivery.kind) == kind,
        col(Delivery.state) == DeliveryState.PENDING,
    )


async def lock_subscriptions(session: AsyncSession) -> Sequence[Subscription]:
    """All that are not deleted, but for those somebody else has hold of."""
    statement = (
        select(Subscription)
        .where(col(Subscription.deleted_at).is_(None))
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).all()


async def forget_secrets(session: AsyncSession, *, before: datetime) -> None:
    """Drop previous secrets whose time has passed."""
    statement = (
        update(Subscription)
        .where(col(Subscription.previous_secret_until) <= before)
        .values(previous_secret=None, previous_secret_until=None)
    )
    await session.exec(statement)
