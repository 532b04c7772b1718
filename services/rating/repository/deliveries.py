"""Statements about deliveries and their attempts."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import DeliveryKind, DeliveryState
from services.rating.models import Delivery, DeliveryAttempt
from shared.errors import NotFound
from shared.ids import new_id
from shared.tables import OutboxRecord

# The head of each queue, where it is due and nobody is at it. What waits for its next attempt
# holds up those behind it. The lease runs by the database's clock: it is about dead processes, and
# the service's own clock may stand still or leap.
_DUE: Final = text(
    "select d.id from deliveries d join subscriptions s on s.id = d.subscription_id"
    " where d.state = 'pending' and d.due_at <= :now"
    "  and (d.claimed_until is null or d.claimed_until < clock_timestamp())"
    "  and s.deleted_at is null and (s.status = 'active' or d.kind = 'ping')"
    "  and not exists ("
    "   select from deliveries e where e.subscription_id = d.subscription_id and e.kind = d.kind"
    "    and e.state = 'pending' and (e.position, e.id) < (d.position, d.id))"
    " order by d.due_at limit :limit for update of d skip locked"
)
_CLAIM: Final = text(
    "update deliveries set attempts_made = attempts_made + 1, claimed_by = given.attempt,"
    " claimed_until = clock_timestamp() + :lease"
    " from unnest(cast(:deliveries as uuid[]), cast(:attempts as uuid[]))"
    "  as given (delivery, attempt) where deliveries.id = given.delivery"
)
_INTERRUPT: Final = text(
    "update delivery_attempts set outcome = 'interrupted', error = :error"
    " where delivery_id = any(cast(:deliveries as uuid[])) and outcome = 'running'"
)
_ENQUEUE: Final = text(
    "insert into deliveries (id, subscription_id, kind, type, message_id, position, state,"
    "  attempts_made, due_at, created_at)"
    " select id, :subscription, 'slice', type, message_id, position, 'pending', 0, :now, :now"
    " from unnest(cast(:ids as uuid[]), cast(:types as text[]), cast(:message_ids as uuid[]),"
    "  cast(:positions as bigint[])) as given (id, type, message_id, position)"
    " on conflict do nothing"
)
_ABANDON: Final = text(
    "update deliveries set state = 'abandoned', decided_at = :now, last_error = :reason,"
    " body = null where subscription_id = :subscription and state = 'pending'"
    " returning lines_from"
)
_FORGET: Final = text(
    "with old as ("
    "  select id from deliveries where state <> 'pending' and decided_at < :before"
    "   and (kind = 'slice') = :slices order by decided_at limit :limit"
    " ), attempts as (delete from delivery_attempts where delivery_id in (select id from old))"
    " delete from deliveries where id in (select id from old)"
)


class DeliveryNotFound(NotFound):
    """The subscription has no such delivery."""

    code = "delivery_not_found"
    title = "Доставка не найдена"


async def enqueue(
    session: AsyncSession,
    subscription_id: UUID,
    events: Sequence[OutboxRecord],
    *,
    now: datetime,
) -> int:
    """Deliveries of the slice events, but for those that wait already; returns how many."""
    if not events:
        return 0
    connection = await session.connection()
    given = {
        "subscription": subscription_id,
        "now": now,
        "ids": [new_id() for _ in events],
        "types": [event.type for event in events],
        "message_ids": [event.id for event in events],
        "positions": [event.position for event in events],
    }
    return (await connection.execute(_ENQUEUE, given)).rowcount


async def lock_due(session: AsyncSession, *, now: datetime, limit: int) -> Sequence[Delivery]:
    """The first of each queue that is due, ours until the transaction ends."""
    connection = await session.connection()
    ids = (await connection.execute(_DUE, {"now": now, "limit": limit})).scalars().all()
    statement = select(Delivery).where(col(Delivery.id).in_(ids)).order_by(col(Delivery.due_at))
    return (await session.exec(statement.execution_options(populate_existing=True))).all()


async def begin_attempts(
    session: AsyncSession,
    attempts: Sequence[DeliveryAttempt],
    *,
    lease: timedelta,
    interrupted: str,
) -> None:
    """Claim a delivery for each; what still runs at them was interrupted, and why."""
    if not attempts:
        return
    connection = await session.connection()
    ids = [attempt.delivery_id for attempt in attempts]
    await connection.execute(_INTERRUPT, {"deliveries": ids, "error": interrupted})
    session.add_all(attempts)
    await session.flush()
    claimed = {"deliveries": ids, "attempts": [one.id for one in attempts], "lease": lease}
    await connection.execute(_CLAIM, claimed)


async def lock_delivery(session: AsyncSession, delivery_id: UUID) -> Delivery:
    """The delivery, ours until the transaction ends."""
    statement = (
        select(Delivery)
        .where(col(Delivery.id) == delivery_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).one()


async def get_attempt(session: AsyncSession, attempt_id: UUID) -> DeliveryAttempt:
    """The attempt as it is now."""
    return await session.get_one(DeliveryAttempt, attempt_id, populate_existing=True)


async def delivery_of(
    session: AsyncSession, subscription_id: UUID, delivery_id: UUID, *, lock: bool = False
) -> Delivery:
    """Raises `DeliveryNotFound`."""
    statement = select(Delivery).where(
        col(Delivery.id) == delivery_id, col(Delivery.subscription_id) == subscription_id
    )
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None:
        raise DeliveryNotFound("Такой доставки нет.", field="path.delivery_id")
    return found


async def delivery_by_message(
    session: AsyncSession, subscription_id: UUID, message_id: UUID
) -> Delivery | None:
    """The last delivery of the message to the subscription, if there was one."""
    statement = (
        select(Delivery)
        .where(
            col(Delivery.subscription_id) == subscription_id,
            col(Delivery.message_id) == message_id,
        )
        .order_by(col(Delivery.id).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def pending_of(
    session: AsyncSession, subscription_id: UUID, *, message_id: UUID
) -> Delivery | None:
    """The waiting delivery of the message, if there is one."""
    statement = select(Delivery).where(
        col(Delivery.subscription_id) == subscription_id,
        col(Delivery.message_id) == message_id,
        col(Delivery.state) == DeliveryState.PENDING,
    )
    return (await session.exec(statement)).first()


async def pending_ping(session: AsyncSession, subscription_id: UUID) -> Delivery | None:
    """The ping under way, if there is one."""
    statement = select(Delivery).where(
        col(Delivery.subscription_id) == subscription_id,
        col(Delivery.kind) == DeliveryKind.PING,
        col(Delivery.state) == DeliveryState.PENDING,
    )
    return (await session.exec(statement)).first()


async def list_deliveries(
    session: AsyncSession,
    subscription_id: UUID,
    *,
    state: DeliveryState | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Delivery]:
    """The subscription's deliveries, the newest first."""
    statement = (
        select(Delivery)
        .where(col(Delivery.subscription_id) == subscription_id)
        .order_by(col(Delivery.id).desc())
        .limit(limit)
    )
    if state is not None:
        statement = statement.where(col(Delivery.state) == state)
    if after is not None:
        statement = statement.where(col(Delivery.id) < after)
    return (await session.exec(statement)).all()


async def attempts_of(
    session: AsyncSession, delivery_ids: Sequence[UUID], *, most: int
) -> Mapping[UUID, list[DeliveryAttempt]]:
    """The last attempts at each delivery, in order; no more than so many of each."""
    number = (
        func.row_number()
        .over(
            partition_by=col(DeliveryAttempt.delivery_id),
            order_by=col(DeliveryAttempt.id).desc(),
        )
        .label("number")
    )
    ranked = (
        select(DeliveryAttempt.id, number)
        .where(col(DeliveryAttempt.delivery_id).in_(delivery_ids))
        .subquery()
    )
    statement = (
        select(DeliveryAttempt)
        .join(ranked, col(DeliveryAttempt.id) == ranked.c.id)
        .where(ranked.c.number <= most)
        .order_by(col(DeliveryAttempt.id))
    )
    found: dict[UUID, list[DeliveryAttempt]] = {one: [] for one in delivery_ids}
    for attempt in await session.exec(statement):
        found[attempt.delivery_id].append(attempt)
    return found


async def abandon(
    session: AsyncSession, subscription_id: UUID, reason: str, *, now: datetime
) -> Sequence[int | None]:
    """Give up all that waits; of each where its lines of standings began, if it has any."""
    connection = await session.connection()
    rows = await connection.execute(
        _ABANDON, {"subscription": subscription_id, "reason": reason, "now": now}
    )
    return rows.scalars().all()


async def forget(
    session: AsyncSession, *, slices: bool, before: datetime, limit: int = 10_000
) -> int:
    """Delete decided deliveries, those of slices or the others, with their attempts; how many."""
    connection = await session.connection()
    given = {"slices": slices, "before": before, "limit": limit}
    return (await connection.execute(_FORGET, given)).rowcount
