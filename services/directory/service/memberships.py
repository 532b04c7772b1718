"""Clusters join and leave associations, one by one or a whole cohort at once."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import (
    AssociationStatus,
    check_constituted,
    status_at,
)
from services.directory.domain.tenures import TenureOverlaps, check_order, end
from services.directory.models import Cluster, Membership
from services.directory.repository import associated
from services.directory.repository import associations as repository
from services.directory.repository.associations import AssociationNotFound
from services.directory.schemas.associations import Expansion, MembershipCreate
from services.directory.service.associations import association_of, open_cluster_of, reaches
from services.directory.service.departures import membership_facts
from shared import outbox
from shared.auth import Actor
from shared.errors import expect_version
from shared.events.directory import MembershipEnded, MembershipStarted
from shared.ids import new_id


async def admit_member(
    session: AsyncSession, code: str, wanted: MembershipCreate, actor: Actor, *, now: datetime
) -> Membership:
    """A cluster of the industry joins.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `UnknownCluster`,
    `ClusterOfAnotherIndustry`, `ClusterClosed`, `DatesReversed`, `TenureOverlaps`.
    """
    association = await association_of(session, code, actor)
    check_constituted(association.name, association.constituted_on, wanted.valid_from)
    check_order(wanted.valid_from, wanted.valid_to)
    # Said before a rival's transaction is waited for.
    await outbox.admit(session, now)
    cluster = await open_cluster_of(session, code, wanted.cluster_id, last=wanted.valid_to)
    membership = Membership(id=new_id(), association=code, **wanted.model_dump())
    if not await associated.insert_free(session, membership):
        raise TenureOverlaps(
            f"Кластер {cluster.code} в эти даты уже состоит в ассоциации.", field="body.valid_from"
        )
    event = MembershipStarted.model_validate(
        membership_facts(membership, cluster) | {"occurred_at": now}
    )
    await outbox.add(session, [event])
    return membership


async def end_membership(
    session: AsyncSession,
    code: str,
    membership_id: UUID,
    valid_to: date,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Membership:
    """A cluster's last day. Raises `AssociationNotFound`, `RowNotOfAssociation`,
    `VersionMismatch`, `TenureEndedAlready`, `DatesReversed`.
    """
    await association_of(session, code, actor)
    membership = await associated.get_own(session, Membership, code, membership_id)
    expect_version(membership.version, expected_version)
    end(membership, valid_to)
    await session.flush()
    cluster = await session.get_one(Cluster, membership.cluster_id)
    event = MembershipEnded.model_validate(
        membership_facts(membership, cluster) | {"occurred_at": now}
    )
    await outbox.add(session, [event])
    return membership


@dataclass(frozen=True, slots=True)
class Expanded:
    """Who joins, how many are members already, and whose association is not there on the day."""

    joining: list[Cluster]
    already: int
    left_out: Counter[str] = field(default_factory=Counter)


async def preview_expansion(
    session: AsyncSession, wanted: Expansion, actor: Actor, *, for_update: bool = False
) -> Expanded:
    """Who would join. Raises `AssociationNotFound`."""
    found = await repository.list_associations(session, codes=wanted.associations)
    found = [row for row in found if reaches(actor, row.code)]
    if wanted.associations and len(found) < len(set(wanted.associations)):
        raise AssociationNotFound("Одной из этих ассоциаций нет.", field="body.associations")
    is_there = {
        row.code: status_at(row.constituted_on, wanted.valid_from) is AssociationStatus.CONSTITUTED
        for row in found
    }
    if for_update:
        await repository.lock_cohort(session, is_there, wanted.cohort)
    expanded = Expanded([], 0)
    already = 0
    listed = await repository.list_joining(session, is_there, wanted.cohort, wanted.valid_from)
    for cluster, is_member in listed:
        if is_member:
            already += 1
        elif is_there[cluster.industry]:
            expanded.joining.append(cluster)
        else:
            expanded.left_out[cluster.industry] += 1
    return Expanded(expanded.joining, already, expanded.left_out)


async def expand(
    session: AsyncSession, wanted: Expansion, actor: Actor, *, now: datetime
) -> Expanded:
    """They join; who is a member already stays one, so twice is the same as once.

    Raises `AssociationNotFound`.
    """
    await outbox.admit(session, now)
    planned = await preview_expansion(session, wanted, actor, for_update=True)
    joining = [
        (
            Membership(
                id=new_id(),
                association=cluster.industry,
                cluster_id=cluster.id,
                valid_from=wanted.valid_from,
            ),
            cluster,
        )
        for cluster in planned.joining
    ]
    joined = await repository.join(session, [membership for membership, _ in joining])
    events = [
        MembershipStarted.model_validate(
            membership_facts(membership, cluster) | {"occurred_at": now}
        )
        for membership, cluster in joining
        if membership.id in joined
    ]
    await outbox.add(session, events)
    clusters = [cluster for membership, cluster in joining if membership.id in joined]
    met = len(joining) - len(clusters)
    return Expanded(clusters, planned.already + met, planned.left_out)
