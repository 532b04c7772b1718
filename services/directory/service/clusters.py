"""Clusters: enter and change them, and tell."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.organisations import OrganisationKind, UnknownCollege
from services.directory.domain.regions import UnknownIndustry
from services.directory.models import (
    Cluster,
    Industry,
    Organisation,
)
from services.directory.repository import clusters as repository
from services.directory.repository import rows
from services.directory.schemas.clusters import ClusterCreate, ClusterPatch
from services.directory.service.regions import check_region
from services.directory.service.rows import facts_of, update
from shared import outbox
from shared.errors import expect_version
from shared.events.directory import (
    ClusterChanged,
    ClusterEvent,
    ClusterRegistered,
)
from shared.ids import new_id


async def _check_college(session: AsyncSession, college_id: UUID | None) -> None:
    if college_id is None:
        return
    college = await session.get(Organisation, college_id)
    if college is None or college.kind is not OrganisationKind.COLLEGE:
        raise UnknownCollege("Такого колледжа нет.", field="body.core_college_id")


async def register_cluster(
    session: AsyncSession, wanted: ClusterCreate, *, now: datetime
) -> Cluster:
    """Enter a cluster. Raises `UnknownRegion`, `UnknownIndustry`, `UnknownCollege`,
    `ClusterCodeTaken`.
    """
    await check_region(session, wanted.region)
    if not await rows.existing(session, Industry.code, [wanted.industry]):
        raise UnknownIndustry(f"Отрасли {wanted.industry} нет.", field="body.industry")
    await _check_college(session, wanted.core_college_id)
    cluster = Cluster(id=new_id(), registered_at=now, **wanted.model_dump())
    await keep(session, registered=[cluster], now=now)
    return cluster


async def change_cluster(
    session: AsyncSession,
    cluster_id: UUID,
    wanted: ClusterPatch,
    *,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Change what is named; nothing named, nothing changes and nobody is told.

    Raises `ClusterNotFound`, `VersionMismatch`, `UnknownCollege`.
    """
    cluster = await repository.get_cluster(session, cluster_id, for_update=True)
    expect_version(cluster.version, expected_version)
    await _check_college(session, wanted.core_college_id)
    if not update(cluster, wanted.model_dump(exclude_unset=True)):
        return cluster
    await keep(session, changed=[cluster], now=now)
    return cluster


async def keep(
    session: AsyncSession,
    *,
    registered: Sequence[Cluster] = (),
    changed: Sequence[Cluster] = (),
    now: datetime,
) -> None:
    """Write clusters that are new and that have changed, and tell of each; however many at once.

    Raises `ClusterCodeTaken`.
    """
    for cluster in changed:
        cluster.version += 1
    await rows.save(session, *registered, *changed)
    await outbox.add(
        session,
        [
            kind(**facts_of(cluster, ClusterEvent), cluster_id=cluster.id, occurred_at=now)
            for kind, clusters in ((ClusterRegistered, registered), (ClusterChanged, changed))
            for cluster in clusters
        ],
    )
