"""Statements of what the directory has told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import ClusterFacts
from services.meetings.models import (
    KnownCluster,
    KnownRegion,
)
from shared.events.base import Event
from shared.events.directory import ClusterEvent, RegionEvent

# Assignments are issued to clusters at work; planned, reorganised and closed ones get none.
ADDRESSABLE: Final = "active"
PLANNED: Final = "planned"


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose clusters are seen: of these regions, or these very ones; None means all."""

    regions: frozenset[str] | None = None
    clusters: frozenset[UUID] | None = None


async def unknown_regions(session: AsyncSession, codes: Sequence[str]) -> list[str]:
    """Those of the regions we have not heard of."""
    statement = select(KnownRegion.code).where(col(KnownRegion.code).in_(codes))
    known = set(await session.exec(statement)) if codes else set()
    return [code for code in codes if code not in known]


async def unknown_clusters(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the clusters we have not heard of."""
    statement = select(KnownCluster.cluster_id).where(col(KnownCluster.cluster_id).in_(ids))
    known = set(await session.exec(statement)) if ids else set()
    return [cluster_id for cluster_id in ids if cluster_id not in known]


async def list_regions(session: AsyncSession) -> set[str]:
    """The codes of all regions we have heard of."""
    return set(await session.exec(select(KnownRegion.code)))


async def list_addressable(session: AsyncSession) -> list[ClusterFacts]:
    """All clusters a selector can reach."""
    statement = select(
        KnownCluster.cluster_id, KnownCluster.region, KnownCluster.industry, KnownCluster.cohort
    ).where(col(KnownCluster.status) == ADDRESSABLE)
    return [ClusterFacts(*row) for row in await session.exec(statement)]


async def list_clusters(
    session: AsyncSession, scope: Scope, *, region: str | None = None
) -> Sequence[KnownCluster]:
    """Clusters within the scope that are, or once were, at work; by region and name."""
    statement = (
        select(KnownCluster)
        .where(col(KnownCluster.status) != PLANNED)
        .order_by(col(KnownCluster.region), col(KnownCluster.name), col(KnownCluster.cluster_id))
    )
    if scope.regions is not None:
        statement = statement.where(col(KnownCluster.region).in_(scope.regions))
    if scope.clusters is not None:
        statement = statement.where(col(KnownCluster.cluster_id).in_(scope.clusters))
    if region is not None:
        statement = statement.where(col(KnownCluster.region) == region)
    return (await session.exec(statement)).all()


async def cluster_names(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Id → name of those of the clusters we have heard of."""
    statement = select(KnownCluster.cluster_id, KnownCluster.name).where(
        col(KnownCluster.cluster_id).in_(ids)
    )
    return dict((await session.exec(statement)).all()) if ids else {}


async def region_names(session: AsyncSession) -> dict[str, str]:
    """Code → name of every region we have heard of."""
    return dict((await session.exec(select(KnownRegion.code, KnownRegion.name))).all())


def _newest(heard: Iterable[E]) -> list[E]:
    """The newest version of each aggregate, in the order of keys (so locks never cross)."""
    found: dict[str, E] = {}
    for event in heard:
        known = found.get(event.key)
        if known is None or known.version < event.version:
            found[event.key] = event
    return [found[key] for key in sorted(found)]


async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Store the newest facts of regions. Saying it twice changes nothing."""
    await _keep_newest(session, KnownRegion, "code", heard)


async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Store the newest facts of clusters. Saying it twice changes nothing."""
    await _keep_newest(session, KnownCluster, "cluster_id", heard)


async def _keep_newest(
    session: AsyncSession, model: type[SQLModel], key: str, heard: Sequence[Event]
) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    names = [column.name for column in table.columns]
    rows = [event.model_dump(include=set(names)) for event in _newest(heard)]
    statement = upsert(table).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={name: statement.excluded[name] for name in names if name != key},
            where=table.c.version < statement.excluded.version,
        )
    )
