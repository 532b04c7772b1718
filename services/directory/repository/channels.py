"""Statements of channels, their messengers and their members."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.channels import (
    CURATOR,
    ChannelKind,
    ChannelNotFound,
    Member,
    TargetNotFound,
)
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.models import (
    Appointment,
    Channel,
    ChannelTarget,
    Cluster,
    ClusterTenure,
    Mandate,
    Person,
    Region,
)
from services.directory.repository.appointments import held_at


async def add_channel(session: AsyncSession, channel: Channel) -> bool:
    """Insert the channel, or say False where another of its scope is open on some of its days."""
    statement = (
        upsert(Channel)
        .values(channel.model_dump())
        .on_conflict_do_nothing(constraint="ex_channels_one_at_a_time")
        .returning(col(Channel.id))
    )
    return (await session.exec(statement)).first() is not None


async def get_channel(
    session: AsyncSession, channel_id: UUID, *, for_update: bool = False
) -> Channel:
    """Raises `ChannelNotFound`."""
    found = await session.get(
        Channel, channel_id, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise ChannelNotFound("Такого канала нет.")
    return found


async def lock_channels(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Channel]:
    """Those of the channels that exist, locked in one order for everybody."""
    statement = (
        select(Channel).where(col(Channel.id).in_(ids)).order_by(col(Channel.id)).with_for_update()
    ).execution_options(populate_existing=True)
    return {row.id: row for row in await session.exec(statement)}


def _open_on(day: date) -> ColumnElement[bool]:
    ends = col(Channel.valid_to)
    return (col(Channel.valid_from) <= day) & or_(ends.is_(None), ends >= day)


async def list_channels(
    session: AsyncSession,
    *,
    kind: ChannelKind | None,
    at: date | None,
    after: UUID | None,
    limit: int | None,
) -> Sequence[Channel]:
    """Ordered by id, that is by the time they were made; `at`: those open on the day."""
    statement = select(Channel).order_by(col(Channel.id)).limit(limit)
    if kind is not None:
        statement = statement.where(col(Channel.kind) == kind)
    if at is not None:
        statement = statement.where(_open_on(at))
    if after is not None:
        statement = statement.where(col(Channel.id) > after)
    return (await session.exec(statement)).all()


async def officials(session: AsyncSession, channel: Channel, at: date) -> list[Member]:
    """The coordinators (in the unified channel their deputies too) it is for, on the date."""
    offices = [Office.COORDINATOR]
    of_clusters = (
        select(col(Cluster.region))
        .join(ClusterTenure, col(ClusterTenure.cluster_id) == col(Cluster.id))
        .where(col(ClusterTenure.status) == ClusterStatus.ACTIVE, held_at(at, ClusterTenure))
    )
    statement = (
        select(Appointment, col(Region.short_name), col(Person.full_name))
        .join(Region, col(Region.code) == col(Appointment.region))
        .join(Person, col(Person.id) == col(Appointment.person_id))
        .where(held_at(at))
        .order_by(col(Region.sort_key), col(Appointment.office))
    )
    match channel.kind:
        case ChannelKind.UNIFIED:
            offices.append(Office.DEPUTY)
        case ChannelKind.COHORT:
            regions = of_clusters.where(col(Cluster.cohort) == channel.cohort)
            statement = statement.where(col(Appointment.region).in_(regions))
        case ChannelKind.INDUSTRY:
            regions = of_clusters.where(col(Cluster.industry) == channel.industry)
            statement = statement.where(col(Appointment.region).in_(regions))
    return [
        Member(
            seat=f"{held.office}:{held.region}",
            office=held.office,
            region=held.region,
            region_name=region_name,
            person_id=held.person_id,
            full_name=full_name,
        )
        for held, region_name, full_name in await session.exec(
            statement.where(col(Appointment.office).in_(offices))
        )
    ]


async def curators(session: AsyncSession, channel: Channel, at: date) -> list[Member]:
    """Who curates the industry's clusters on the date: they read, and nobody waits for them."""
    statement = (
        select(col(Person.id), col(Person.full_name))
        .join(Mandate, col(Mandate.person_id) == col(Person.id))
        .where(
            col(Mandate.association) == channel.industry,
            col(Mandate.kind) == MandateKind.CURATOR,
            held_at(at, Mandate),
        )
        .distinct()
        .order_by(col(Person.full_name), col(Person.id))
    )
    return [
        Member(
            seat=f"{CURATOR}:{person_id}",
            office=CURATOR,
            region=None,
            region_name=None,
            person_id=person_id,
            full_name=full_name,
        )
        for person_id, full_name in await session.exec(statement)
    ]


async def list_targets(session: AsyncSession, channel_id: UUID) -> Sequence[ChannelTarget]:
    """The messengers a channel goes out to, in the order they were added."""
    statement = (
        select(ChannelTarget)
        .where(col(ChannelTarget.channel_id) == channel_id, col(ChannelTarget.removed_at).is_(None))
        .order_by(col(ChannelTarget.id))
    )
    return (await session.exec(statement)).all()


async def lock_targets(session: AsyncSession) -> Sequence[ChannelTarget]:
    """The messengers of all channels, but for those somebody else has hold of."""
    statement = (
        select(ChannelTarget)
        .where(col(ChannelTarget.removed_at).is_(None))
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).all()


async def get_target(session: AsyncSession, channel_id: UUID, target_id: UUID) -> ChannelTarget:
    """For changing. Raises `TargetNotFound`."""
    found = await session.get(
        ChannelTarget, target_id, with_for_update=True, populate_existing=True
    )
    if found is None or found.channel_id != channel_id or found.removed_at is not None:
        raise TargetNotFound("У канала нет такого мессенджера.")
    return found
