"""A cluster's life: opened, reorganised, closed, merged, moved under another company."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import (
    ChangeKind,
    ClusterAction,
    ClusterStatus,
    EffectiveInFuture,
    EffectiveTooEarly,
    MergeImpossible,
    UnknownCluster,
    next_status,
)
from services.directory.domain.relations import RelationKind
from services.directory.models import Cluster, ClusterTenure
from services.directory.repository import clusters as repository
from services.directory.repository import relations, rows
from services.directory.repository.clusters import ClusterNotFound
from services.directory.schemas.clusters import ClusterMerge, ClusterMove, ClusterStep
from services.directory.service.days import today
from services.directory.service.departures import leave_all
from services.directory.service.relations import DAY, hand_over, part, succeed
from services.directory.service.timeline import event_of, note
from shared import outbox
from shared.errors import expect_version
from shared.events.directory import (
    ClusterActivated,
    ClusterChanged,
    ClusterClosed,
    ClusterEvent,
    ClusterMerged,
    ClusterReorganised,
)
from shared.ids import new_id

TOLD: Final[dict[ClusterAction, tuple[ChangeKind, type[ClusterEvent]]]] = {
    ClusterAction.ACTIVATE: (ChangeKind.ACTIVATED, ClusterActivated),
    ClusterAction.REORGANISE: (ChangeKind.REORGANISED, ClusterReorganised),
    ClusterAction.CLOSE: (ChangeKind.CLOSED, ClusterClosed),
    ClusterAction.MERGE: (ChangeKind.MERGED, ClusterMerged),
}


async def take_step(
    session: AsyncSession,
    cluster_id: UUID,
    action: ClusterAction,
    wanted: ClusterStep,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Open, reorganise or close a cluster from a day on, and tell.

    Closing ends its relations, its membership and its curator's mandate the day before.
    Raises `ClusterNotFound`, `VersionMismatch`, `ClusterActionNotAllowed`, `EffectiveInFuture`,
    `EffectiveTooEarly`.
    """
    await outbox.admit(session, now)
    cluster = await repository.get_cluster(session, cluster_id, for_update=True)
    expect_version(cluster.version, expected_version)
    on = await _move(session, cluster, action, wanted.on, now=now)
    kind, event = TOLD[action]
    await note(session, cluster, kind, on=on, by=by, now=now, reason=wanted.reason)
    if cluster.status is ClusterStatus.CLOSED:
        await _part_all(session, cluster, on=on, by=by, now=now)
    await _save(session, cluster)
    await outbox.add(session, [event_of(cluster, event, now=now)])
    return cluster


async def merge(
    session: AsyncSession,
    cluster_id: UUID,
    wanted: ClusterMerge,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Close the cluster into another of its region, which gets its colleges and enterprises.

    Its membership and its curator it does not get: it joins by itself.
    Raises `ClusterNotFound`, `VersionMismatch`, `UnknownCluster`, `MergeImpossible`,
    `ClusterActionNotAllowed`, `EffectiveInFuture`, `EffectiveTooEarly`.
    """
    await outbox.admit(session, now)
    if wanted.into == cluster_id:
        raise MergeImpossible("Кластер нельзя присоединить к нему самому.", field="body.into")
    cluster, heir = await _lock_both(session, cluster_id, wanted.into)
    expect_version(cluster.version, expected_version)
    if heir.region != cluster.region:
        raise MergeImpossible("Объединять можно кластеры одного региона.", field="body.into")
    if heir.status is ClusterStatus.CLOSED:
        raise MergeImpossible(f"Кластер {heir.code} сам закрыт.", field="body.into")
    on = await _move(session, cluster, ClusterAction.MERGE, wanted.on, now=now)
    if await repository.born_on(session, heir.id) > on:
        raise MergeImpossible(f"Кластера {heir.code} на эту дату ещё нет.", field="body.on")
    cluster.merged_into = heir.id
    await note(
        session, cluster, ChangeKind.MERGED, on=on, by=by, now=now, reason=wanted.reason,
        code=heir.code, name=heir.name, cluster_id=heir.id,
    )  # fmt: skip
    await note(
        session, heir, ChangeKind.ABSORBED, on=on, by=by, now=now, reason=wanted.reason,
        code=cluster.code, name=cluster.name, cluster_id=cluster.id,
    )  # fmt: skip
    gone = await relations.standing(session, cluster.id, since=on)
    await hand_over(session, gone, heir, on=on, by=by, now=now)
    await _part_all(session, cluster, on=on, by=by, now=now)
    await _save(session, cluster)
    await _save(session, heir)
    told = [
        event_of(cluster, ClusterMerged, now=now),
        event_of(heir, ClusterChanged, now=now),
    ]
    await outbox.add(session, told)
    return cluster


async def move(
    session: AsyncSession,
    cluster_id: UUID,
    wanted: ClusterMove,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Put the cluster under another managing company from a day on; that of today is no move.

    Raises `ClusterNotFound`, `VersionMismatch`, `UnknownOrganisation`, `WrongOrganisationKind`,
    `OrganisationNotThere`, `ClusterClosed`, `RelationOverlaps`.
    """
    await outbox.admit(session, now)
    cluster = await repository.get_cluster(session, cluster_id, for_update=True)
    expect_version(cluster.version, expected_version)
    changed = await succeed(
        session, cluster, RelationKind.MANAGING_COMPANY, wanted.managing_company_id,
        on=wanted.on or today(now), by=by, now=now, field="body.managing_company_id",
        reason=wanted.reason,
    )  # fmt: skip
    if changed:
        await _save(session, cluster)
        await outbox.add(session, [event_of(cluster, ClusterChanged, now=now)])
    return cluster


async def _lock_both(
    session: AsyncSession, cluster_id: UUID, heir_id: UUID
) -> tuple[Cluster, Cluster]:
    """In the order of ids, so that two who merge into each other wait and do not die."""
    found = {}
    for one in sorted((cluster_id, heir_id)):
        try:
            found[one] = await repository.get_cluster(session, one, for_update=True)
        except ClusterNotFound as error:
            if one == cluster_id:
                raise
            raise UnknownCluster("Такого кластера нет.", field="body.into") from error
    return found[cluster_id], found[heir_id]


async def _move(
    session: AsyncSession,
    cluster: Cluster,
    action: ClusterAction,
    wanted: date | None,
    *,
    now: datetime,
) -> date:
    """The cluster's next status from the day on. One that would have lasted no day never was."""
    status = next_status(cluster.status, action)
    on = wanted or today(now)
    if on > today(now):
        raise EffectiveInFuture(
            "Состояние записывают в день, когда оно наступило, или позже.", field="body.on"
        )
    tenure = await repository.tenure_of(session, cluster.id)
    next_one = follow(tenure, status, on=on)
    # Before the next one is inserted: they may not overlap even for a moment.
    await rows.save(session, tenure)
    if next_one is not None:
        await rows.save(session, next_one)
    cluster.status = status
    return on


def follow(tenure: ClusterTenure, status: ClusterStatus, *, on: date) -> ClusterTenure | None:
    """End the newest status for the next one from the day on, which is returned.

    One that began that very day becomes the next one itself. Raises `EffectiveTooEarly`.
    """
    if on < tenure.valid_from:
        raise EffectiveTooEarly(
            f"Предыдущее изменение состояния — {tenure.valid_from:%d.%m.%Y}, раньше него нельзя.",
            field="body.on",
        )
    if on == tenure.valid_from:
        tenure.status = status
        return None
    tenure.valid_to = on - DAY
    return ClusterTenure(id=new_id(), cluster_id=tenure.cluster_id, status=status, valid_from=on)


async def _part_all(
    session: AsyncSession, cluster: Cluster, *, on: date, by: str, now: datetime
) -> None:
    for one in await relations.standing(session, cluster.id, since=on):
        await part(session, cluster, one, on=on, by=by, now=now)
    await leave_all(session, cluster, on=on, now=now)


async def _save(session: AsyncSession, cluster: Cluster) -> None:
    cluster.version += 1
    await rows.save(session, cluster)
