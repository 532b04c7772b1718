"""Clusters: enter and change them, and tell."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import ChangeKind, EffectiveInFuture
from services.directory.domain.organisations import OrganisationKind, UnknownCollege
from services.directory.domain.regions import UnknownIndustry
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Cluster,
    ClusterTenure,
    Industry,
    Organisation,
)
from services.directory.repository import clusters as repository
from services.directory.repository import rows
from services.directory.schemas.clusters import ClusterCreate, ClusterPatch
from services.directory.service.days import today
from services.directory.service.regions import check_region
from services.directory.service.relations import succeed
from services.directory.service.timeline import event_of, note
from shared import outbox
from shared.errors import expect_version
from shared.events.directory import ClusterChanged, ClusterRegistered
from shared.ids import new_id


async def _check_college(session: AsyncSession, college_id: UUID | None) -> None:
    if college_id is None:
        return
    college = await session.get(Organisation, college_id)
    if college is None or college.kind is not OrganisationKind.COLLEGE:
        raise UnknownCollege("Такого колледжа нет.", field="body.core_college_id")


async def register_cluster(
    session: AsyncSession, wanted: ClusterCreate, *, by: str, now: datetime
) -> Cluster:
    """Enter a cluster, with its first status since the day it says or today.

    Raises `UnknownRegion`, `UnknownIndustry`, `UnknownCollege`, `EffectiveInFuture`,
    `OrganisationNotThere`, `ClusterCodeTaken`.
    """
    await check_region(session, wanted.region)
    if not await rows.existing(session, Industry.code, [wanted.industry]):
        raise UnknownIndustry(f"Отрасли {wanted.industry} нет.", field="body.industry")
    await _check_college(session, wanted.core_college_id)
    since = wanted.since or today(now)
    if since > today(now):
        raise EffectiveInFuture(
            "Первый день кластера ещё не наступил: планируемый кластер заводят состоянием planned.",
            field="body.since",
        )
    facts = wanted.model_dump(exclude={"core_college_id", "since"})
    cluster = Cluster(id=new_id(), registered_at=now, **facts)
    await rows.save(session, cluster)
    session.add(
        ClusterTenure(id=new_id(), cluster_id=cluster.id, status=cluster.status, valid_from=since)
    )
    await note(
        session, cluster, ChangeKind.REGISTERED, on=since, by=by, now=now,
        name=cluster.name, status=cluster.status,
    )  # fmt: skip
    if wanted.core_college_id is not None:
        await succeed(
            session, cluster, RelationKind.CORE_COLLEGE, wanted.core_college_id,
            on=since, by=by, now=now, field="body.core_college_id",
        )  # fmt: skip
    await outbox.add(session, [event_of(cluster, ClusterRegistered, now=now)])
    return cluster


async def change_cluster(
    session: AsyncSession,
    cluster_id: UUID,
    wanted: ClusterPatch,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Change what is named; nothing named, nothing changes and nobody is told.

    Another core college is so from today. Raises `ClusterNotFound`, `VersionMismatch`,
    `UnknownCollege`, `OrganisationNotThere`, `ClusterClosed`, `RelationOverlaps`.
    """
    await outbox.admit(session, now)
    cluster = await repository.get_cluster(session, cluster_id, for_update=True)
    expect_version(cluster.version, expected_version)
    given, day = wanted.model_dump(exclude_unset=True), today(now)
    changed = False
    if "name" in given and given["name"] != cluster.name:
        was, cluster.name, changed = cluster.name, given["name"], True
        await note(
            session, cluster, ChangeKind.RENAMED, on=day, by=by, now=now, was=was, name=cluster.name
        )
    if "core_college_id" in given:
        await _check_college(session, wanted.core_college_id)
        changed |= await succeed(
            session, cluster, RelationKind.CORE_COLLEGE, wanted.core_college_id,
            on=day, by=by, now=now, field="body.core_college_id",
        )  # fmt: skip
    if not changed:
        return cluster
    cluster.version += 1
    await rows.save(session, cluster)
    await outbox.add(session, [event_of(cluster, ClusterChanged, now=now)])
    return cluster
