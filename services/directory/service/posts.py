"""Posts: kept with those who are to acknowledge them, and sent out at least once.

Posting queues the deliveries in its own transaction. A delivery is sent under its row's lock, and
one that is sent is not sent again; only a death between the messenger's answer and the commit may
repeat it, under the same number in its text.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import (
    ATTEMPTS,
    CURATOR,
    ChannelClosed,
    ChannelMerged,
    ChannelNotFound,
    DeliveryState,
    MessengerRefused,
    is_open,
    pause_before,
)
from services.directory.models import Channel, ChannelPost, PostDelivery, PostSeat
from services.directory.repository import channels, rows
from services.directory.repository import posts as repository
from services.directory.repository.posts import Sight
from services.directory.service import messengers
from services.directory.service.channels import is_of_industry, members
from services.directory.service.messengers import Limits, NotSent, Resolve
from shared import queue
from shared.auth import Actor, Role, Rows
from shared.clock import MOSCOW
from shared.ids import new_id
from shared.seals import SealBroken, Seals

ENTRYPOINT: Final = "deliver_post"
REMOVED: Final = "Мессенджер убран из канала."
_SEATS: Final = (Role.COORDINATOR, Role.DEPUTY)
_SHORT: Final = 8


def sight_of(actor: Actor) -> Sight:
    """Which posts the operation reaches for the actor."""
    return Sight(
        all=actor.reaches_all,
        seats=seats_of(actor) if Rows.REGION in actor.rows else frozenset(),
        industries=actor.industries if Rows.INDUSTRY in actor.rows else frozenset(),
    )


def seats_of(actor: Actor) -> frozenset[str]:
    """The seats the actor acknowledges for."""
    return frozenset(
        f"{role.value}:{region}"
        for role in _SEATS
        if actor.is_any(role)
        for region in actor.regions
    )


async def post(
    session: AsyncSession,
    channel_id: UUID,
    actor: Actor,
    *,
    title: str,
    text: str,
    now: datetime,
) -> ChannelPost:
    """Say something in the channel; its members of today are to acknowledge it.

    Raises `ChannelNotFound` (an association's actor in another industry's channel too),
    `ChannelMerged` naming where it went, `ChannelClosed`.
    """
    # Locked: a merge must not come in between.
    channel = await channels.get_channel(session, channel_id, for_update=True)
    if not actor.reaches_all and not is_of_industry(actor, channel):
        raise ChannelNotFound("Такого канала нет.")
    today = now.astimezone(MOSCOW).date()
    if not is_open(channel.valid_from, channel.valid_to, today):
        raise await _closed(session, channel)
    found = ChannelPost(
        id=new_id(),
        channel_id=channel.id,
        title=title,
        text=text,
        posted_by=actor.id,
        posted_at=now,
    )
    await rows.save(session, found)
    seats = [
        PostSeat(
            post_id=found.id,
            seat=member.seat,
            office=member.office,
            region=member.region,
            person_id=member.person_id,
        )
        for member in await members(session, channel, today)
        # No token says whose curator it is: they read, and are not waited for.
        if member.office != CURATOR
    ]
    await rows.save(session, *seats)
    await _prepare(session, found)
    return found


async def _closed(session: AsyncSession, channel: Channel) -> ChannelMerged | ChannelClosed:
    if channel.merged_into is None or channel.valid_to is None:
        until = f" по {channel.valid_to:%d.%m.%Y}" if channel.valid_to else ""
        return ChannelClosed(
            f"Канал «{channel.name}» открыт с {channel.valid_from:%d.%m.%Y}{until}."
        )
    into = await channels.get_channel(session, channel.merged_into)
    refusal = ChannelMerged(
        f"Канал «{channel.name}» с {channel.valid_to + timedelta(days=1):%d.%m.%Y}"
        f" объединён с каналом «{into.name}»: пишите туда."
    )
    refusal.current = {"merged_into": str(into.id), "name": into.name}
    return refusal


async def _prepare(session: AsyncSession, found: ChannelPost) -> None:
    """Queue the post for the messengers it has not been meant for yet."""
    known = {
        delivery.target_id for delivery, _ in await repository.list_deliveries(session, found.id)
    }
    prepared = [
        PostDelivery(
            id=new_id(), post_id=found.id, target_id=target.id, state=DeliveryState.PREPARED
        )
        for target in await channels.list_targets(session, found.channel_id)
        if target.id not in known
    ]
    await rows.save(session, *prepared)
    await enqueue(session, [(one.id, one.turn) for one in prepared])


async def enqueue(session: AsyncSession, waiting: Sequence[tuple[UUID, int]]) -> None:
    """Queue deliveries and their turns in the caller's transaction; one queued stays so."""
    if not waiting:
        return
    queries = await queue.of_session(session)
    await queries.enqueue(
        [ENTRYPOINT] * len(waiting),
        [str(delivery_id).encode() for delivery_id, _ in waiting],
        [0] * len(waiting),
        dedupe_key=[f"post:{delivery_id}:{turn}" for delivery_id, turn in waiting],
        on_conflict="skip",
    )


async def requeue(session: AsyncSession) -> None:
    """Queue again whatever waits without a place in the queue: a job was lost to an error."""
    await enqueue(session, await repository.waiting(session))


async def resend(
    session: AsyncSession, channel_id: UUID, post_id: UUID, sight: Sight
) -> ChannelPost:
    """Try again what has failed, and send to messengers added since.

    Raises `ChannelNotFound`, `PostNotFound`.
    """
    # Locked: another who asks for it at the same time would prepare the same deliveries.
    await channels.get_channel(session, channel_id, for_update=True)
    found = await repository.get_post(session, channel_id, post_id, sight)
    failed = [
        delivery
        for delivery, target in await repository.list_deliveries(session, found.id, for_update=True)
        if delivery.state is DeliveryState.FAILED and target.removed_at is None
    ]
    for delivery in failed:
        delivery.state, delivery.attempts, delivery.last_error = DeliveryState.PREPARED, 0, None
        delivery.turn += 1
    await rows.save(session, *failed)
    await enqueue(session, [(one.id, one.turn) for one in failed])
    await _prepare(session, found)
    return found


async def deliver(
    session: AsyncSession,
    delivery_id: UUID,
    limits: Limits,
    resolve: Resolve,
    seals: Seals,
    *,
    now: datetime,
) -> timedelta | None:
    """Try to send; how long to wait before the next attempt, if there is to be one."""
    delivery, said, target, channel = await repository.lock_delivery(session, delivery_id)
    if delivery.state is not DeliveryState.PREPARED:
        return None
    session.add(delivery)
    if target.removed_at is not None:
        delivery.state, delivery.last_error = DeliveryState.FAILED, REMOVED
        return None
    delivery.attempts += 1
    try:
        address = seals.open(target.url)
        await messengers.send(address, said.title, _in_full(said, channel), limits, resolve)
    except (NotSent, MessengerRefused, SealBroken) as error:
        delivery.last_error = str(error)
        if delivery.attempts >= ATTEMPTS:
            delivery.state = DeliveryState.FAILED
            return None
        return timedelta(seconds=pause_before(delivery.attempts + 1))
    delivery.state, delivery.sent_at, delivery.last_error = DeliveryState.SENT, now, None
    return None


def _in_full(said: ChannelPost, channel: Channel) -> str:
    """The text with the channel's name and a number by which a repeated one can be told."""
    return f"{said.text}\n\n{channel.name} · сообщение {said.id.hex[-_SHORT:]}"


async def acknowledge(
    session: AsyncSession, channel_id: UUID, post_id: UUID, actor: Actor, *, now: datetime
) -> ChannelPost:
    """Say that it is read, for the actor's seats; the first time counts. Raises `PostNotFound`."""
    found = await repository.get_post(session, channel_id, post_id, sight_of(actor))
    await repository.acknowledge(session, found.id, seats_of(actor), by=actor.id, now=now)
    return found
