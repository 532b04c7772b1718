"""Statements of what the directory has told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, or_, true
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import ClusterFacts
from services.meetings.domain.participation import COORDINATORS, Tenure
from services.meetings.models import (
    ClusterVersion,
    KnownAppointment,
    KnownCluster,
    KnownRegion,
)
from shared.events.base import Event
from shared.events.directory import AppointmentEvent, ClusterEvent, RegionEvent

# Assignments are issued to clusters at work; planned, reorganised and closed ones get none.
ADDRESSABLE: Final = "active"
PLANNED: Final = "planned"


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose clusters are seen: all, or those of these regions and these very ones."""

    is_all: bool = False
    regions: frozenset[str] = frozenset()
    clusters: frozenset[UUID] = frozenset()

    def has_region(self, region: str) -> bool:
        """Whether the whole region is seen."""
        return self.is_all or region in self.regions

    def has_cluster(self, cluster_id: UUID, region: str) -> bool:
        """Whether the cluster, which is of that region, is seen."""
        return self.has_region(region) or cluster_id in self.clusters


def within(scope: Scope) -> ColumnElement[bool]:
    """The condition that a known cluster is in the scope."""
    if scope.is_all:
        return true()
    return or_(
        col(KnownCluster.region).in_(scope.regions),
        col(KnownCluster.cluster_id).in_(scope.clusters),
    )


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


async def unknown_industries(session: AsyncSession, codes: Sequence[str]) -> list[str]:
    """Those of the industries we have heard of no cluster of."""
    statement = select(KnownCluster.industry).where(col(KnownCluster.industry).in_(codes))
    known = set(await session.exec(statement.distinct())) if codes else set()
    return [code for code in codes if code not in known]


async def list_regions(session: AsyncSession) -> set[str]:
    """The codes of all regions we have heard of."""
    return set(await session.exec(select(KnownRegion.code)))


async def list_addressable(session: AsyncSession) -> list[ClusterFacts]:
    """All clusters a selector can reach."""
    statement = select(
        KnownCluster.cluster_id, KnownCluster.region, KnownCluster.industry, KnownCluster.cohort
    ).where(col(KnownCluster.status) == ADDRESSABLE)
    return [ClusterFacts(*row) for row in await session.exec(statement)]


async def find_cluster(
    session: AsyncSession, cluster_id: UUID, scope: Scope
) -> KnownCluster | None:
    """The cluster, where it is in the scope and is, or once was, at work."""
    statement = select(KnownCluster).where(
        col(KnownCluster.cluster_id) == cluster_id,
        col(KnownCluster.status) != PLANNED,
        within(scope),
    )
    return (await session.exec(statement)).first()


async def cluster_names(
    session: AsyncSession, ids: Sequence[UUID], *, at: datetime | None = None
) -> dict[UUID, str]:
    """Id → name of those of the clusters we have heard of, as it is or as it was at the instant."""
    if not ids:
        return {}
    if at is None:
        newest = select(KnownCluster.cluster_id, KnownCluster.name)
        return dict((await session.exec(newest.where(col(KnownCluster.cluster_id).in_(ids)))).all())
    statement = (
        select(ClusterVersion.cluster_id, ClusterVersion.name)
        .ext(distinct_on(col(ClusterVersion.cluster_id)))
        .where(col(ClusterVersion.cluster_id).in_(ids), col(ClusterVersion.occurred_at) <= at)
        .order_by(col(ClusterVersion.cluster_id), col(ClusterVersion.version).desc())
    )
    return dict((await session.exec(statement)).all())


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
    """Store the newest facts of clusters, and every version. Saying it twice changes nothing."""
    await _keep_newest(session, KnownCluster, "cluster_id", heard)
    names = set(ClusterVersion.model_fields)
    # One statement may not touch a row twice.
    versions = {(event.cluster_id, event.version): event for event in heard}
    table: Table = ClusterVersion.__table__  # type: ignore[attr-defined]
    said = [event.model_dump(include=names) for event in versions.values()]
    statement = upsert(table).values(said)
    # A version said again may tell what was passed over when it was first heard.
    told = {name: statement.excluded[name] for name in sorted(names - {"cluster_id", "version"})}
    await session.exec(
        statement.on_conflict_do_update(index_elements=["cluster_id", "version"], set_=told)
    )


async def keep_appointments(session: AsyncSession, heard: Sequence[AppointmentEvent]) -> None:
    """Store the newest facts of appointments. Saying it twice changes nothing."""
    await _keep_newest(session, KnownAppointment, "appointment_id", heard)


async def clusters_at(session: AsyncSession, instant: datetime) -> Sequence[ClusterVersion]:
    """Every cluster as it was at the instant."""
    statement = (
        select(ClusterVersion)
        .ext(distinct_on(col(ClusterVersion.cluster_id)))
        .where(col(ClusterVersion.occurred_at) <= instant)
        .order_by(col(ClusterVersion.cluster_id), col(ClusterVersion.version).desc())
    )
    return (await session.exec(statement)).all()


async def cluster_history(session: AsyncSession) -> Sequence[ClusterVersion]:
    """Every version of every cluster, each cluster's in order."""
    statement = select(ClusterVersion).order_by(
        col(ClusterVersion.cluster_id), col(ClusterVersion.version)
    )
    return (await session.exec(statement)).all()


async def coordinators_on(session: AsyncSession, day: date) -> Sequence[KnownAppointment]:
    """Coordinators and deputies of the day."""
    statement = (
        select(KnownAppointment)
        .where(
            col(KnownAppointment.office).in_(COORDINATORS),
            col(KnownAppointment.valid_from) <= day,
            or_(col(KnownAppointment.valid_to).is_(None), col(KnownAppointment.valid_to) >= day),
        )
        .order_by(col(KnownAppointment.region), col(KnownAppointment.office))
    )
    return (await session.exec(statement)).all()


async def tenures_of(session: AsyncSession, person_id: UUID) -> list[Tenure]:
    """The offices a person holds, has held or will hold."""
    statement = select(KnownAppointment).where(col(KnownAppointment.person_id) == person_id)
    return [
        Tenure(row.person_id, row.region, row.office, row.valid_from, row.valid_to)
        for row in await session.exec(statement)
    ]


async def region_zones(session: AsyncSession) -> dict[str, str]:
    """Code → time zone of every region we have heard of."""
    return dict((await session.exec(select(KnownRegion.code, KnownRegion.timezone))).all())


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
