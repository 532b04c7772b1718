"""Statements about the copies of what the directory tells."""

from collections.abc import Collection, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import KnownCluster, KnownRegion
from shared.errors import NotFound
from shared.events.directory import ClusterEvent, RegionEvent

# Whoever asks is not told whether there is such a region elsewhere.
_NOT_FOUND: Final = "Региона с таким кодом нет, или он вам не открыт."
Known = TypeVar("Known", KnownRegion, KnownCluster)


class RegionNotFound(NotFound):
    """The directory has told of no region with this code."""

    code = "region_not_found"
    title = "Регион не найден"


def check_open(region: str, regions: Collection[str] | None, *, field: str | None = None) -> None:
    """Raise `RegionNotFound` unless the region is one of these (`None`: of all there are)."""
    if regions is not None and region not in regions:
        raise RegionNotFound(_NOT_FOUND, field=field)


async def keep_regions(session: AsyncSession, events: Sequence[RegionEvent]) -> None:
    """Store each unless a newer version of it is known."""
    await _keep(session, KnownRegion, "code", [event.model_dump() for event in events])


async def keep_clusters(session: AsyncSession, events: Sequence[ClusterEvent]) -> None:
    """Store each unless a newer version of it is known."""
    await _keep(session, KnownCluster, "cluster_id", [event.model_dump() for event in events])


async def _keep(
    session: AsyncSession, table: type[Known], key: str, said: Sequence[dict[str, Any]]
) -> None:
    # One statement may not touch a row twice: of several versions heard at once, the newest.
    newest = {one[key]: one for one in sorted(said, key=lambda one: int(one["version"]))}
    rows = [{name: one[name] for name in table.model_fields} for one in newest.values()]
    statement = upsert(table).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={name: statement.excluded[name] for name in table.model_fields},
            where=col(table.version) < statement.excluded.version,
        )
    )


async def lock_region(
    session: AsyncSession, region: str, *, field: str | None = None
) -> KnownRegion:
    """Have the region to oneself, for what is kept of it as a whole. Raises `RegionNotFound`."""
    found = await session.get(KnownRegion, region, with_for_update={"key_share": True})
    if found is None:
        raise RegionNotFound(_NOT_FOUND, field=field)
    return found


async def timezone_of(session: AsyncSession, region: str) -> str:
    """The region's time zone. Raises `RegionNotFound`."""
    found = await session.get(KnownRegion, region)
    if found is None:
        raise RegionNotFound(_NOT_FOUND)
    return found.timezone
