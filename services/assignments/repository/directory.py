"""Statements about the copies of what the directory tells."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import KnownCluster, KnownRegion
from shared.errors import NotFound
from shared.events.directory import ClusterEvent, RegionEvent

Known = TypeVar("Known", KnownRegion, KnownCluster)


class RegionNotFound(NotFound):
    """The directory has told of no region with this code."""

    code = "region_not_found"
    title = "Регион не найден"


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


async def timezone_of(session: AsyncSession, region: str) -> str:
    """The region's time zone. Raises `RegionNotFound`."""
    found = await session.get(KnownRegion, region)
    if found is None:
        raise RegionNotFound("Региона с таким кодом нет.")
    return found.timezone
