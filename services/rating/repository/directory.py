"""Statements about regions and clusters."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Cluster, Region
from services.rating.repository import trends
from services.rating.repository.newest import keep_newest
from services.rating.repository.standings import tell_of_change, touch
from shared.errors import NotFound
from shared.events.directory import ClusterEvent, RegionEvent


class RegionNotFound(NotFound):
    """No region has this code."""

    code = "region_not_found"
    title = "Регион не найден"


async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Store the newest facts of regions, and mark them: a time zone moves due moments.

    One that has moved to another zone has all its days worked out anew, as any `as_of` is.
    """
    known = {event.code: event.timezone for event in heard}
    statement = select(Region.code, Region.timezone).where(col(Region.code).in_(known))
    moved = [code for code, zone in await session.exec(statement) if zone != known[code]]
    if moved:
        await trends.reopen(session, moved, None)
    await keep_newest(session, Region, "code", heard)
    await touch(session, {event.code for event in heard})
    # Another name moves no score, and is to be shown all the same.
    await tell_of_change(session)


async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Store the newest facts of clusters."""
    await keep_newest(session, Cluster, "cluster_id", heard)


async def list_regions(session: AsyncSession) -> Mapping[str, Region]:
    """All regions by code."""
    found = (await session.exec(select(Region).order_by(col(Region.code)))).all()
    return {region.code: region for region in found}


async def get_region(session: AsyncSession, code: str) -> Region:
    """Raises `RegionNotFound`."""
    found = await session.get(Region, code)
    if found is None:
        raise RegionNotFound("Такого региона нет.", field="path.code")
    return found


async def clusters_by_id(session: AsyncSession, ids: Iterable[UUID]) -> Mapping[UUID, Cluster]:
    """Those of the clusters that are known."""
    statement = select(Cluster).where(col(Cluster.cluster_id).in_(list(ids)))
    return {found.cluster_id: found for found in await session.exec(statement)}


async def list_clusters(session: AsyncSession) -> Mapping[UUID, Cluster]:
    """All clusters by id, closed ones too."""
    return {found.cluster_id: found for found in await session.exec(select(Cluster))}
