"""Channels: opened, merged into one, and who belongs to them as appointments stand on a date."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import (
    MOST_TARGETS,
    ChannelDatesReversed,
    ChannelKind,
    ChannelMerged,
    ChannelNotFound,
    ChannelOverlaps,
    Member,
    MergeRefused,
    TooManyTargets,
    is_open,
    scope_of,
)
from services.directory.domain.regions import UnknownIndustry
from services.directory.models import Channel, ChannelTarget, Industry
from services.directory.repository import channels as repository
from services.directory.repository import rows
from services.directory.schemas.channels import ChannelCreate, TargetCreate
from services.directory.service import messengers
from services.directory.service.messengers import Limits, Resolve
from services.directory.service.rows import update
from shared.auth import Actor, Rows
from shared.errors import expect_version
from shared.ids import new_id
from shared.seals import Seals

_DAY: Final = timedelta(days=1)

Source = Callable[[AsyncSession, Channel, date], Awaitable[list[Member]]]
# Who belongs to a channel of each kind.
SOURCES: Final[Mapping[ChannelKind, Sequence[Source]]] = {
    ChannelKind.UNIFIED: (repository.officials,),
    ChannelKind.COHORT: (repository.officials,),
    ChannelKind.INDUSTRY: (repository.officials, repository.curators),
}


async def open_channel(
    session: AsyncSession, wanted: ChannelCreate, *, by: str, now: datetime
) -> Channel:
    """A new channel. Raises `ScopeMismatch`, `UnknownIndustry`, `ChannelDatesReversed`,
    `ChannelOverlaps`.
    """
    scope = scope_of(wanted.kind, wanted.cohort, wanted.industry)
    if wanted.industry and not await rows.existing(session, Industry.code, [wanted.industry]):
        raise UnknownIndustry(f"Отрасли {wanted.industry} нет.", field="body.industry")
    _check_order(wanted.valid_from, wanted.valid_to)
    channel = Channel(
        id=new_id(), scope=scope, created_by=by, created_at=now, **wanted.model_dump()
    )
    if not await repository.add_channel(session, channel):
        raise ChannelOverlaps("Такой канал на эти даты уже есть.", field="body.valid_from")
    return channel


def _check_order(valid_from: date, valid_to: date | None) -> None:
    if valid_to is not None and valid_to < valid_from:
        raise ChannelDatesReversed(
            f"Последний день раньше первого ({valid_from:%d.%m.%Y}).", field="body.valid_to"
        )


async def change_channel(
    session: AsyncSession,
    channel_id: UUID,
    changes: Mapping[str, Any],
    *,
    expected_version: int | None,
) -> Channel:
    """Set what is named of `name` and `valid_to`.

    Raises `ChannelNotFound`, `VersionMismatch`, `ChannelMerged`, `ChannelDatesReversed`,
    `ChannelOverlaps`.
    """
    channel = await repository.get_channel(session, channel_id, for_update=True)
    expect_version(channel.version, expected_version)
    if channel.merged_into is not None and "valid_to" in changes:
        raise ChannelMerged("Канал объединён с другим: его даты не меняются.")
    _check_order(channel.valid_from, changes.get("valid_to"))
    if update(channel, changes):
        channel.version += 1
        await rows.save(session, channel)
    return channel


async def merge(
    session: AsyncSession, into_id: UUID, *, on: date, named: Sequence[UUID] | None
) -> tuple[Channel, list[Channel]]:
    """Let the cohorts' channels end the day before and go on in the unified one; all or none.

    None named: all cohorts' that are open then. Repeated, it changes nothing. Raises
    `ChannelNotFound`, `MergeRefused` naming the channel that stands in the way.
    """
    into = await repository.get_channel(session, into_id, for_update=True)
    if into.kind is not ChannelKind.UNIFIED or not is_open(into.valid_from, into.valid_to, on):
        raise MergeRefused(
            f"Объединять можно в единый канал, открытый {on:%d.%m.%Y}: «{into.name}» не такой."
        )
    last = on - _DAY
    if named is None:
        found = await repository.list_channels(
            session, kind=ChannelKind.COHORT, at=last, after=None, limit=None
        )
        named = [channel.id for channel in found]
    locked = await repository.lock_channels(session, named)
    if len(locked) < len(set(named)):
        raise ChannelNotFound("Такого канала нет.")
    if not locked:
        raise MergeRefused(f"Накануне {on:%d.%m.%Y} нет открытых каналов когорт.")
    for channel in locked.values():
        _end(channel, into, last)
    await rows.save(session, *locked.values())
    return into, list(locked.values())


def _end(channel: Channel, into: Channel, last: date) -> None:
    """Raises `MergeRefused`."""
    if (channel.merged_into, channel.valid_to) == (into.id, last):
        return
    said = f"«{channel.name}»"
    if channel.kind is not ChannelKind.COHORT:
        raise MergeRefused(f"Канал {said} — не канал когорты.")
    if channel.merged_into is not None:
        raise MergeRefused(f"Канал {said} уже объединён с другим или с другой даты.")
    if not is_open(channel.valid_from, channel.valid_to, last):
        raise MergeRefused(f"Канал {said} не открыт {last:%d.%m.%Y}: между каналами был бы разрыв.")
    channel.merged_into, channel.valid_to = into.id, last
    channel.version += 1


def is_of_industry(actor: Actor, channel: Channel) -> bool:
    """Whether it is the channel of an industry that is the actor's own."""
    return Rows.INDUSTRY in actor.rows and channel.industry in actor.industries


async def members_for(
    session: AsyncSession, channel_id: UUID, actor: Actor, at: date
) -> list[Member]:
    """The channel's members, for those who watch over it and for one another.

    Raises `ChannelNotFound`, also for a channel where none of the actor's own regions has a seat.
    """
    channel = await repository.get_channel(session, channel_id)
    found = await members(session, channel, at)
    if actor.reaches_all or is_of_industry(actor, channel):
        return found
    # Nobody is there while it is not open, and nobody is told of.
    has_seat = not found or any(member.region in actor.regions for member in found)
    if Rows.REGION not in actor.rows or not has_seat:
        raise ChannelNotFound("Такого канала нет.")
    return found


async def members(session: AsyncSession, channel: Channel, at: date) -> list[Member]:
    """Who belongs to the channel on the date; nobody while it is not open."""
    if not is_open(channel.valid_from, channel.valid_to, at):
        return []
    found: dict[str, Member] = {}
    for source in SOURCES[channel.kind]:
        for member in await source(session, channel, at):
            found.setdefault(member.seat, member)
    return list(found.values())


async def add_target(
    session: AsyncSession,
    channel_id: UUID,
    wanted: TargetCreate,
    limits: Limits,
    resolve: Resolve,
    seals: Seals,
    *,
    by: str,
    now: datetime,
) -> ChannelTarget:
    """Let the channel's posts go out to one more messenger.

    Raises `ChannelNotFound`, `MessengerRefused`, `TooManyTargets`, `SealBroken`.
    """
    await repository.get_channel(session, channel_id)
    url = wanted.url.get_secret_value()
    service = await messengers.vet(url, limits, resolve)
    # After the name server has answered, which may be slow.
    await repository.get_channel(session, channel_id, for_update=True)
    if len(await repository.list_targets(session, channel_id)) >= MOST_TARGETS:
        raise TooManyTargets(f"У канала уже {MOST_TARGETS} мессенджеров.")
    target = ChannelTarget(
        id=new_id(),
        channel_id=channel_id,
        label=wanted.label,
        service=service[:100],
        url=seals.seal(url),
        created_by=by,
        created_at=now,
    )
    await rows.save(session, target)
    return target


async def remove_target(
    session: AsyncSession, channel_id: UUID, target_id: UUID, *, now: datetime
) -> None:
    """Send nothing more there and forget the address; receipts stay. Raises `TargetNotFound`."""
    target = await repository.get_target(session, channel_id, target_id)
    target.removed_at, target.url = now, ""
    await rows.save(session, target)


async def renew_seals(session: AsyncSession, seals: Seals) -> None:
    """Seal addresses with the newest key, and those of a time before seals."""
    for target in await repository.lock_targets(session):
        target.url = seals.renewed(target.url)
        await rows.save(session, target)
