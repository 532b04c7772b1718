"""Subscriptions: made, changed, tried, disabled and enabled again, filled from the past."""

import base64
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import (
    PING,
    STANDARD,
    DeliveryKind,
    EventType,
    SubscriptionStatus,
)
from services.rating.models import Delivery, Subscription
from services.rating.repository import announcements, directory
from services.rating.repository import deliveries as queue
from services.rating.repository import subscriptions as repository
from services.rating.service import deliveries
from services.rating.webhooks.targets import Resolve, Rules, TargetRefused, vet
from shared import idempotency
from shared.errors import Conflict, Invalid, expect_version
from shared.events.rating import SliceEvent
from shared.ids import new_id
from shared.seals import Seals

DELETED: Final = "Подписка удалена."
_SECRET_BYTES: Final = 32


class TooManySubscriptions(Conflict):
    """One owner has a bounded number of them."""

    code = "too_many_subscriptions"
    title = "Слишком много подписок"


class SubscriptionDeleted(Conflict):
    """What the repeated request made is there no more."""

    code = "subscription_deleted"
    title = "Подписка удалена"


class SecretReplaced(Conflict):
    """What the repeated request showed signs no more, or only for a while."""

    code = "secret_replaced"
    title = "Секрет сменили"


class EventUnknown(Invalid):
    """There is no such event to begin from."""

    code = "event_unknown"
    title = "Такого события нет"


class RegionUnknown(Invalid):
    """A filter by a region that does not exist would let nothing through."""

    code = "region_unknown"
    title = "Такого региона нет"


class FilterPointless(Invalid):
    """Regions choose among standings; a slice is of all regions."""

    code = "filter_pointless"
    title = "Фильтр не действует"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How much of the past was put on its way."""

    deliveries: int
    standings: bool


def new_secret() -> str:
    """A fresh secret as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


async def create(
    session: AsyncSession,
    rules: Rules,
    resolve: Resolve,
    seals: Seals,
    *,
    url: str,
    description: str | None,
    event_types: Sequence[EventType],
    regions: Sequence[str] | None,
    by: str,
    now: datetime,
) -> Subscription:
    """A subscription to what is told from now on; its secret is sealed.

    Raises `TargetRefused`, `RegionUnknown`, `FilterPointless`, `TooManySubscriptions`,
    `SealBroken`.
    """
    await _vet(url, rules, resolve)
    if await repository.count_of(session, by) >= STANDARD.subscriptions_of_one_owner:
        raise TooManySubscriptions(
            f"У владельца уже {STANDARD.subscriptions_of_one_owner} подписок: удалите лишние."
        )
    one = Subscription(
        owner=by,
        url=url,
        description=description,
        event_types=_ordered(event_types),
        regions=_ordered(regions),
        secret=seals.seal(new_secret()),
        lines_told=await announcements.newest_line(session),
        created_at=now,
    )
    await _check_filter(session, one)
    session.add(one)
    await session.flush()
    return one


async def refuse_outdated(
    session: AsyncSession, subscription_id: UUID, secret: str, seals: Seals
) -> None:
    """Refuse to give again a kept answer, with this secret sealed in it, that holds no more.

    Raises `SubscriptionDeleted`, `SecretReplaced`, `SealBroken`.
    """
    # A key stands for one creation, which has been: its repetition makes no second one, whatever
    # became of the first (draft-ietf-httpapi-idempotency-key-header, 2.6). Nor is the answer of
    # then repeated as true: a retry that cannot succeed is told why, as Stripe's API v2 does. Not
    # a 410, which would say that the address is gone where subscriptions are made.
    one = (await repository.by_id(session, [subscription_id]))[subscription_id]
    if one.deleted_at is not None:
        raise SubscriptionDeleted(
            f"Подписка {one.id}, о которой был ответ, удалена. Для новой нужен новый ключ.",
            field="Idempotency-Key",
        )
    if not secret or seals.open(secret) != seals.open(one.secret):
        raise SecretReplaced(
            f"Секрет подписки {one.id} с тех пор сменили. Если нового у вас нет,"
            " смените ещё раз, с новым ключом.",
            field="Idempotency-Key",
        )


async def _forget_answers(session: AsyncSession, one: Subscription) -> None:
    """No answer kept for a repetition holds a secret of the subscription any more."""

    def blank(answer: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**answer, "secret": ""} if "secret" in answer else answer

    await idempotency.rewrite(session, [str(one.id)], blank)


def _ordered(names: Sequence[str] | None) -> Any:
    return None if names is None else sorted(set(names))


async def _vet(url: str, rules: Rules, resolve: Resolve) -> None:
    try:
        await vet(url, rules, resolve)
    except TargetRefused as refused:
        raise TargetRefused(str(refused), field="body.url") from refused


async def _check_filter(session: AsyncSession, one: Subscription) -> None:
    if one.regions is None:
        return
    if EventType.STANDINGS_CHANGED not in one.event_types:
        raise FilterPointless(
            f"Регионы выбирают строки рейтинга: добавьте {EventType.STANDINGS_CHANGED}.",
            field="body.regions",
        )
    known = await directory.list_regions(session)
    unknown = [code for code in one.regions if code not in known]
    if unknown:
        raise RegionUnknown(f"Нет региона: {', '.join(unknown)}.", field="body.regions")


async def change(
    session: AsyncSession,
    subscription_id: UUID,
    owner: str | None,
    rules: Rules,
    resolve: Resolve,
    *,
    changes: dict[str, Any],
    expected: int | None,
) -> Subscription:
    """Set what is named: `url`, `description`, `event_types`, `regions`, `status`.

    What waits goes to the new address. Raises `SubscriptionNotFound`, `VersionMismatch`,
    `SubscriptionDisabled`, `TargetRefused`, `RegionUnknown`, `FilterPointless`.
    """
    if "url" in changes:
        # Whose it is comes first; a slow name server must not hold the row.
        await repository.get_subscription(session, subscription_id, owner)
        await _vet(changes["url"], rules, resolve)
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    expect_version(one.version, expected)
    if "status" in changes:
        deliveries.refuse_disabled(one)
        if one.status is SubscriptionStatus.PAUSED:
            # Where nothing was sent nothing failed: a receiver has its whole time again.
            one.failing_since = None
    for name, value in changes.items():
        setattr(one, name, _ordered(value) if name in {"event_types", "regions"} else value)
    await _check_filter(session, one)
    return await _keep(session, one)


async def _keep(session: AsyncSession, one: Subscription) -> Subscription:
    one.version += 1
    session.add(one)
    await session.flush()
    return one


async def enable(
    session: AsyncSession, subscription_id: UUID, owner: str | None, *, expected: int | None
) -> Subscription:
    """Let a disabled or paused one gather and send again; what it missed of slices is replayed.

    Raises `SubscriptionNotFound`, `VersionMismatch`.
    """
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    expect_version(one.version, expected)
    if one.status is SubscriptionStatus.ACTIVE:
        return one
    one.status, one.reason, one.failing_since = SubscriptionStatus.ACTIVE, None, None
    return await _keep(session, one)


async def rotate(
    session: AsyncSession,
    subscription_id: UUID,
    owner: str | None,
    overlap: timedelta,
    seals: Seals,
    *,
    expected: int | None,
    now: datetime,
) -> Subscription:
    """A new secret; the one before signs as well for the overlap, and any older one no more.

    Raises `SealBroken`, `SubscriptionNotFound`, `VersionMismatch`.
    """
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    expect_version(one.version, expected)
    one.previous_secret, one.previous_secret_until = None, None
    if overlap:
        one.previous_secret, one.previous_secret_until = one.secret, now + overlap
    one.secret = seals.seal(new_secret())
    await _forget_answers(session, one)
    return await _keep(session, one)


async def delete(
    session: AsyncSession,
    subscription_id: UUID,
    owner: str | None,
    *,
    expected: int | None,
    now: datetime,
) -> None:
    """Nothing more goes out, what waits is abandoned, the secrets are forgotten.

    Raises `SubscriptionNotFound`, `VersionMismatch`.
    """
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    expect_version(one.version, expected)
    one.deleted_at, one.secret, one.previous_secret = now, "", None
    await _forget_answers(session, one)
    await deliveries.abandon(session, one, DELETED, now=now)
    await _keep(session, one)


async def renew_seals(session: AsyncSession, seals: Seals) -> None:
    """Seal secrets with the newest key, and those of a time before seals."""
    for one in await repository.lock_subscriptions(session):
        one.secret = seals.renewed(one.secret)
        if one.previous_secret is not None:
            one.previous_secret = seals.renewed(one.previous_secret)
        session.add(one)
    await session.flush()


async def ping(
    session: AsyncSession, subscription_id: UUID, owner: str | None, *, now: datetime
) -> Delivery:
    """One attempt past all queues, whatever the status; one already under way is that one.

    Raises `SubscriptionNotFound`.
    """
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    under_way = await queue.pending_ping(session, one.id)
    if under_way is not None:
        return under_way
    found = Delivery(
        subscription_id=one.id,
        kind=DeliveryKind.PING,
        type=PING,
        message_id=new_id(),
        position=0,
        due_at=now,
        created_at=now,
    )
    session.add(found)
    await session.flush()
    return found


async def replay(
    session: AsyncSession,
    subscription_id: UUID,
    owner: str | None,
    *,
    event_id: UUID | None,
    since: datetime | None,
    now: datetime,
) -> Replayed:
    """Put on their way again the slice events from that one or that instant on, under their ids.

    Of standings the newest lines changed since then. What waits already is not doubled.
    Raises `SubscriptionNotFound`, `SubscriptionDisabled`, `EventUnknown`.
    """
    one = await repository.get_subscription(session, subscription_id, owner, lock=True)
    deliveries.refuse_disabled(one)
    position, line = None, None
    if event_id is not None:
        position, since, line = await _beginning(session, one, event_id)
    events = await announcements.events_since(
        session, SliceEvent.topic, one.event_types, position=position, since=since
    )
    count = await queue.enqueue(session, one.id, events, now=now)
    if EventType.STANDINGS_CHANGED not in one.event_types:
        return Replayed(count, standings=False)
    if line is None:
        first = await announcements.first_line_since(session, position=position, since=since)
        line = one.lines_told if first is None else first - 1
    one.lines_told = min(one.lines_told, line)
    session.add(one)
    await session.flush()
    left = await announcements.lines_after(session, one.lines_told, one.regions, limit=1)
    return Replayed(count, standings=bool(left))


async def _beginning(
    session: AsyncSession, one: Subscription, event_id: UUID
) -> tuple[int | None, datetime | None, int | None]:
    """(position in the outbox, or the instant; the line of standings before) of a `webhook-id`."""
    event = await announcements.event_of(session, event_id)
    if event is not None:
        return event.position, None, None
    delivery = await queue.delivery_by_message(session, one.id, event_id)
    if delivery is None:
        raise EventUnknown("Такого события подписке не отправляли.", field="body.event_id")
    return None, delivery.created_at, delivery.lines_from
