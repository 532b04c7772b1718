"""Deliveries: made of what was told, sent at least once each, accounted for to the end.

Events are noted in their own transaction and become deliveries in another, so a slow receiver or
any number of them costs whoever tells nothing. An attempt is a row before it is sent.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import (
    PING,
    STANDARD,
    Answer,
    AttemptOutcome,
    DeliveryKind,
    DeliveryPolicy,
    DeliveryState,
    DisabledBecause,
    EventType,
    Push,
    SubscriptionStatus,
    judge,
    message,
)
from services.rating.models import Delivery, DeliveryAttempt, Subscription
from services.rating.repository import announcements, subscriptions
from services.rating.repository import deliveries as repository
from shared.errors import Conflict
from shared.events.rating import SliceEvent, StandingChanged
from shared.ids import new_id
from shared.observability import WEBHOOK_ATTEMPTS, WEBHOOK_DELIVERIES, WEBHOOKS_DISABLED
from shared.tables import OutboxRecord

NOTES_AT_ONCE: Final = 200
GATHERED_AT_ONCE: Final = 10
INTERRUPTED: Final = "Обработчик остановлен посреди отправки; ответ неизвестен, отправляем снова."
DISABLED: Final = "Подписка отключена."

logger = structlog.get_logger(__name__)


class DeliveryDone(Conflict):
    """What was delivered is sent again by a replay only; standings come by themselves."""

    code = "delivery_done"
    title = "Повторять нечего"


async def dispatch(session: AsyncSession, *, now: datetime) -> int:
    """Make deliveries of what was noted; returns how many events there were.

    Only one transaction at a time does, so that lines of standings are numbered in the order of
    commits; the others find nothing to do.
    """
    if not await announcements.lead(session):
        return 0
    ids = await announcements.take(session, limit=NOTES_AT_ONCE)
    events = await announcements.events_of(session, ids)
    await announcements.keep_lines(
        session, [one for one in events if one.topic == StandingChanged.topic]
    )
    slices = [one for one in events if one.topic == SliceEvent.topic]
    if slices:
        for subscription in await subscriptions.listeners(session):
            wanted = of_interest(subscription, slices)
            await repository.enqueue(session, subscription.id, wanted, now=now)
    return len(events)


def of_interest(subscription: Subscription, events: Iterable[OutboxRecord]) -> list[OutboxRecord]:
    """Those events the subscription asks for."""
    return [event for event in events if event.type in subscription.event_types]


async def claim(
    session: AsyncSession, *, now: datetime, limit: int, policy: DeliveryPolicy = STANDARD
) -> list[Push]:
    """Begin an attempt at each delivery that is due; whoever gets them sends them after commit.

    An attempt whose worker died is seen by its lease that ran out, and is made again.
    """
    await _gather(session, policy, now=now)
    due = await repository.lock_due(session, now=now, limit=limit)
    attempts = [DeliveryAttempt(delivery_id=one.id, started_at=now) for one in due]
    await repository.begin_attempts(session, attempts, lease=policy.lease, interrupted=INTERRUPTED)
    owners = await subscriptions.by_id(session, {one.subscription_id for one in due})
    told = await announcements.events_of(session, [one.message_id for one in due])
    events = {event.id: event for event in told}
    return [
        Push(
            subscription_id=delivery.subscription_id,
            delivery_id=delivery.id,
            attempt_id=attempt.id,
            message_id=delivery.message_id,
            url=owners[delivery.subscription_id].url,
            secrets=_secrets(owners[delivery.subscription_id], now),
            body=_body(delivery, events),
        )
        for delivery, attempt in zip(due, attempts, strict=True)
    ]


async def _gather(session: AsyncSession, policy: DeliveryPolicy, *, now: datetime) -> None:
    """Put the newest lines on their way wherever none are.

    What a delivery carries never changes once it is made: the receiver may have had it, and would
    drop another text under the same id. News meanwhile gather for the next.
    """
    for subscription in await subscriptions.awaiting_standings(session, limit=GATHERED_AT_ONCE):
        lines = await announcements.lines_after(
            session, subscription.lines_told, subscription.regions, limit=policy.most_lines
        )
        events = [line.event for line in lines]
        items = ",".join(map(_line, events))
        at = max(one.occurred_at for one in events)
        delivery = Delivery(
            subscription_id=subscription.id,
            kind=DeliveryKind.STANDINGS,
            type=EventType.STANDINGS_CHANGED,
            message_id=new_id(),
            position=lines[-1].number,
            due_at=now,
            body=message(EventType.STANDINGS_CHANGED, at, f'{{"items":[{items}]}}'),
            lines_from=subscription.lines_told,
            created_at=now,
        )
        subscription.lines_told = lines[-1].number
        session.add_all([subscription, delivery])
    await session.flush()


def _line(event: OutboxRecord) -> str:
    """The event's facts with its id before them: text put together, as it is many times over."""
    return f'{{"event_id":"{event.id}",{event.data[1:]}'


def _secrets(subscription: Subscription, now: datetime) -> tuple[str, ...]:
    until = subscription.previous_secret_until
    if subscription.previous_secret is not None and until is not None and now < until:
        return (subscription.secret, subscription.previous_secret)
    return (subscription.secret,)


def _body(delivery: Delivery, events: Mapping[UUID, OutboxRecord]) -> str:
    match delivery.kind:
        case DeliveryKind.SLICE:
            # The outbox is kept: it is the log.
            event = events[delivery.message_id]
            return message(event.type, event.occurred_at, event.data)
        case DeliveryKind.STANDINGS:
            assert delivery.body is not None, "kept while it is under way"
            return delivery.body
        case DeliveryKind.PING:
            data = f'{{"subscription_id":"{delivery.subscription_id}"}}'
            return message(PING, delivery.created_at, data)


async def record(
    session: AsyncSession,
    push: Push,
    answer: Answer,
    *,
    now: datetime,
    chance: float,
    policy: DeliveryPolicy = STANDARD,
) -> DeliveryState:
    """Keep what came of the attempt, and decide what becomes of the delivery; its state.

    `chance` from 0 to 1 is the jitter's. Of an attempt taken over by another worker only a
    success counts.
    """
    subscription = await subscriptions.lock_any(session, push.subscription_id)
    delivery = await repository.lock_delivery(session, push.delivery_id)
    attempt = await repository.get_attempt(session, push.attempt_id)
    attempt.outcome = AttemptOutcome.DELIVERED if answer.is_delivered else AttemptOutcome.FAILED
    attempt.duration_ms, attempt.status_code = answer.duration_ms, answer.status
    attempt.error, attempt.excerpt = answer.error, answer.excerpt
    session.add(attempt)
    WEBHOOK_ATTEMPTS.labels(attempt.outcome).inc()
    is_ours = delivery.claimed_by == push.attempt_id
    if is_ours:
        delivery.claimed_by = delivery.claimed_until = None
        session.add(delivery)
    if not answer.is_delivered and (delivery.state is not DeliveryState.PENDING or not is_ours):
        return delivery.state
    verdict = judge(
        policy,
        answer,
        kind=delivery.kind,
        attempts=delivery.attempts_made,
        failing_since=subscription.failing_since,
        now=now,
        chance=chance,
    )
    if delivery.kind is not DeliveryKind.PING:
        if answer.is_delivered:
            subscription.failing_since, subscription.delivered_at = None, now
        elif subscription.failing_since is None:
            subscription.failing_since = now
    delivery.last_error = answer.error
    if verdict.pause is not None:
        delivery.due_at = now + verdict.pause
    else:
        _decide(subscription, delivery, verdict.state, now=now)
    session.add_all([subscription, delivery])
    await session.flush()
    if verdict.disable is not None:
        await disable(session, subscription, verdict.disable, now=now)
    return delivery.state


def _decide(
    subscription: Subscription, delivery: Delivery, state: DeliveryState, *, now: datetime
) -> None:
    delivery.state, delivery.decided_at, delivery.body = state, now, None
    if state is not DeliveryState.DELIVERED and delivery.lines_from is not None:
        # Its lines, as they are by then, come with the next.
        subscription.lines_told = min(subscription.lines_told, delivery.lines_from)
    WEBHOOK_DELIVERIES.labels(state).inc()


async def disable(
    session: AsyncSession, subscription: Subscription, because: DisabledBecause, *, now: datetime
) -> None:
    """Send and gather nothing more; what waits is abandoned."""
    subscription.status, subscription.reason = SubscriptionStatus.DISABLED, because
    subscription.version += 1
    await abandon(session, subscription, DISABLED, now=now)
    WEBHOOKS_DISABLED.inc()
    logger.warning(
        "a subscription is disabled", subscription=str(subscription.id), reason=because.name
    )


async def abandon(
    session: AsyncSession, subscription: Subscription, reason: str, *, now: datetime
) -> None:
    """Give up all that waits for the subscription."""
    given_up = await repository.abandon(session, subscription.id, reason, now=now)
    WEBHOOK_DELIVERIES.labels(DeliveryState.ABANDONED).inc(len(given_up))
    begun = [number for number in given_up if number is not None]
    subscription.lines_told = min([subscription.lines_told, *begun])
    session.add(subscription)
    await session.flush()


async def retry(
    session: AsyncSession,
    subscription_id: UUID,
    delivery_id: UUID,
    owner: str | None,
    *,
    now: datetime,
) -> Delivery:
    """Send it now, with all its attempts before it again, in its own place of the order.

    One that is being sent at this moment is left at it.

    Raises `SubscriptionNotFound`, `DeliveryNotFound`, `DeliveryDone`, `SubscriptionDisabled`.
    """
    subscription = await subscriptions.get_subscription(session, subscription_id, owner, lock=True)
    delivery = await repository.delivery_of(session, subscription_id, delivery_id, lock=True)
    refuse_disabled(subscription)
    if delivery.state is DeliveryState.DELIVERED:
        raise DeliveryDone("Уже доставлено. Отправить ещё раз — replay от этого события.")
    if delivery.state is not DeliveryState.PENDING:
        if delivery.kind is not DeliveryKind.SLICE:
            raise DeliveryDone("Строки рейтинга приходят со следующей доставкой сами.")
        if await repository.pending_of(session, subscription_id, message_id=delivery.message_id):
            raise DeliveryDone("Это событие уже ждёт отправки другой доставкой.")
        delivery.state, delivery.decided_at = DeliveryState.PENDING, None
    if delivery.claimed_by is None:
        delivery.attempts_made, delivery.due_at = 0, now
    session.add(delivery)
    await session.flush()
    return delivery


class SubscriptionDisabled(Conflict):
    """A disabled subscription is enabled first."""

    code = "subscription_disabled"
    title = "Подписка отключена"


def refuse_disabled(subscription: Subscription) -> None:
    """Raises `SubscriptionDisabled`."""
    if subscription.status is SubscriptionStatus.DISABLED:
        raise SubscriptionDisabled("Сначала включите подписку: POST …/enable.")


async def forget(
    session: AsyncSession, *, now: datetime, policy: DeliveryPolicy = STANDARD
) -> None:
    """Drop receipts that are old, and secrets that no longer sign."""
    await repository.forget(session, slices=True, before=now - policy.keep_receipts)
    await repository.forget(session, slices=False, before=now - policy.keep_receipts_of_standings)
    await subscriptions.forget_secrets(session, before=now)
