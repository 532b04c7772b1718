"""Statements of posts, who is to acknowledge them, and how they go out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import DeliveryState, PostNotFound
from services.directory.models import (
    Channel,
    ChannelPost,
    ChannelTarget,
    Person,
    PostDelivery,
    PostSeat,
    Region,
)


@dataclass(frozen=True, slots=True)
class Sight:
    """Whose posts somebody sees: all, or those that expect their seats, or of their industries."""

    all: bool = False
    seats: frozenset[str] = frozenset()
    industries: frozenset[str] = frozenset()

    @property
    def clause(self) -> ColumnElement[bool]:
        mine = select(col(PostSeat.post_id)).where(col(PostSeat.seat).in_(self.seats))
        channels = select(col(Channel.id)).where(col(Channel.industry).in_(self.industries))
        return or_(col(ChannelPost.id).in_(mine), col(ChannelPost.channel_id).in_(channels))


@dataclass(slots=True)
class Tally:
    """How many were to acknowledge a post and have, and how it went out."""

    expected: int = 0
    acknowledged: int = 0
    prepared: int = 0
    sent: int = 0
    failed: int = 0


async def list_posts(
    session: AsyncSession, channel_id: UUID, sight: Sight, *, after: UUID | None, limit: int
) -> Sequence[ChannelPost]:
    """The newest first."""
    statement = (
        select(ChannelPost)
        .where(col(ChannelPost.channel_id) == channel_id)
        .order_by(col(ChannelPost.id).desc())
        .limit(limit)
    )
    if not sight.all:
        statement = statement.where(sight.clause)
    if after is not None:
        statement = statement.where(col(ChannelPost.id) < after)
    return (await session.exec(statement)).all()


async def get_post(
    session: AsyncSession, channel_id: UUID, post_id: UUID, sight: Sight
) -> ChannelPost:
    """Raises `PostNotFound`, also for a post that is not for the caller."""
    statement = select(ChannelPost).where(
        col(ChannelPost.id) == post_id, col(ChannelPost.channel_id) == channel_id
    )
    if not sight.all:
        statement = statement.where(sight.clause)
    found = (await session.exec(statement)).first()
    if found is None:
        raise PostNotFound("Такого сообщения в канале нет.")
    return found


async def tallies(session: AsyncSession, post_ids: Collection[UUID]) -> dict[UUID, Tally]:
    """The counts of these posts."""
    found = {post_id: Tally() for post_id in post_ids}
    seats = (
        select(col(PostSeat.post_id), func.count(), func.count(col(PostSeat.acknowledged_at)))
        .where(col(PostSeat.post_id).in_(post_ids))
        .group_by(col(PostSeat.post_id))
    )
    for post_id, expected, acknowledged in await session.exec(seats):
        found[post_id].expected, found[post_id].acknowledged = expected, acknowledged
    deliveries = (
        select(col(PostDelivery.post_id), col(PostDelivery.state), func.count())
        .where(col(PostDelivery.post_id).in_(post_ids))
        .group_by(col(PostDelivery.post_id), col(PostDelivery.state))
    )
    for post_id, state, count in await session.exec(deliveries):
        setattr(found[post_id], state.value, count)
    return found


async def list_seats(
    session: AsyncSession,
    post_id: UUID,
    *,
    acknowledged: bool | None,
    after: str | None,
    limit: int,
) -> Sequence[tuple[PostSeat, str, str | None]]:
    """Seats with the people's and the regions' names, by seat."""
    statement = (
        select(PostSeat, col(Person.full_name), col(Region.short_name))
        .join(Person, col(Person.id) == col(PostSeat.person_id))
        .outerjoin(Region, col(Region.code) == col(PostSeat.region))
        .where(col(PostSeat.post_id) == post_id)
        .order_by(col(PostSeat.seat))
        .limit(limit)
    )
    if acknowledged is not None:
        at = col(PostSeat.acknowledged_at)
        statement = statement.where(at.is_not(None) if acknowledged else at.is_(None))
    if after is not None:
        statement = statement.where(col(PostSeat.seat) > after)
    return (await session.exec(statement)).all()


async def acknowledge(
    session: AsyncSession, post_id: UUID, seats: Collection[str], *, by: str, now: datetime
) -> None:
    """Note it for those of the seats that have not done so."""
    await session.exec(
        update(PostSeat)
        .where(
            col(PostSeat.post_id) == post_id,
            col(PostSeat.seat).in_(seats),
            col(PostSeat.acknowledged_at).is_(None),
        )
        .values(acknowledged_at=now, acknowledged_by=by)
    )


async def list_deliveries(
    session: AsyncSession, post_id: UUID, *, for_update: bool = False
) -> Sequence[tuple[PostDelivery, ChannelTarget]]:
    """How the post went out to each messenger."""
    statement = (
        select(PostDelivery, ChannelTarget)
        .join(ChannelTarget, col(ChannelTarget.id) == col(PostDelivery.target_id))
        .where(col(PostDelivery.post_id) == post_id)
        .order_by(col(PostDelivery.id))
    )
    if for_update:
        statement = statement.with_for_update(of=PostDelivery)
    return (await session.exec(statement)).all()


async def lock_delivery(
    session: AsyncSession, delivery_id: UUID
) -> tuple[PostDelivery, ChannelPost, ChannelTarget, Channel]:
    """The delivery, locked, with what goes where. Raises `PostNotFound`."""
    statement = (
        select(PostDelivery, ChannelPost, ChannelTarget, Channel)
        .join(ChannelPost, col(ChannelPost.id) == col(PostDelivery.post_id))
        .join(ChannelTarget, col(ChannelTarget.id) == col(PostDelivery.target_id))
        .join(Channel, col(Channel.id) == col(ChannelPost.channel_id))
        .where(col(PostDelivery.id) == delivery_id)
        .with_for_update(of=PostDelivery)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise PostNotFound("Такой отправки нет.")
    return found


async def waiting(session: AsyncSession) -> Sequence[tuple[UUID, int]]:
    """Deliveries that wait for their sending, and the turn of each."""
    statement = (
        select(col(PostDelivery.id), col(PostDelivery.turn))
        .where(col(PostDelivery.state) == DeliveryState.PREPARED)
        .order_by(col(PostDelivery.id))
    )
    return (await session.exec(statement)).all()
