"""Practices: nominated, reviewed by the rubric, selected, replicated."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import check_constituted
from services.directory.domain.organisations import OrganisationKind, UnknownParticipant
from services.directory.domain.practices import (
    OwnPractice,
    PracticeAction,
    PracticeStatus,
    ReplicatedAlready,
    ReviewedAlready,
    after_review,
    check_interest,
    check_points,
    mean_hundredths,
    next_status,
)
from services.directory.models import (
    Cluster,
    Direction,
    Practice,
    PracticeReplication,
    PracticeReview,
)
from services.directory.repository import associated
from services.directory.repository import practices as repository
from services.directory.repository.associations import AssociationNotFound
from services.directory.repository.roadmaps import policy_at
from services.directory.schemas.practices import PracticeCreate, ReplicationCreate, ReviewCreate
from services.directory.service.associations import (
    association_of,
    association_with,
    open_cluster_of,
    reaches,
)
from services.directory.service.leaders import propose_from
from services.directory.service.rows import facts_of
from shared import outbox
from shared.auth import Actor, Rows
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.events.directory import (
    PracticeDeclined,
    PracticeEvent,
    PracticeNominated,
    PracticeReplicated,
    PracticeReviewed,
    PracticeSelected,
)
from shared.ids import new_id

_TOLD: Final[dict[PracticeAction, type[PracticeEvent]]] = {
    PracticeAction.REVIEW: PracticeReviewed,
    PracticeAction.SELECT: PracticeSelected,
    PracticeAction.DECLINE: PracticeDeclined,
    PracticeAction.REPLICATE: PracticeReplicated,
}
_PARTICIPANTS: Final = {OrganisationKind.COLLEGE, OrganisationKind.ENTERPRISE}


@dataclass(frozen=True, slots=True)
class Details:
    """A practice with its reviews, their mean in hundredths of a point, and its replications."""

    practice: Practice
    mean: int | None
    reviews: list[PracticeReview]
    replications: list[PracticeReplication]


async def _tell(
    session: AsyncSession,
    kind: type[PracticeEvent],
    practice: Practice,
    cluster: Cluster,
    now: datetime,
) -> None:
    facts = facts_of(practice, PracticeEvent) | {
        "practice_id": practice.id,
        "region": cluster.region,
        "occurred_at": now,
    }
    await outbox.add(session, [kind.model_validate(facts)])


async def nominate(
    session: AsyncSession, code: str, wanted: PracticeCreate, actor: Actor, *, now: datetime
) -> Practice:
    """Nominate a practice; a cluster only its own.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `UnknownCluster`,
    `ClusterOfAnotherIndustry`, `ClusterClosed`, `RowNotOfAssociation`, `UnknownParticipant`.
    """
    association = await association_with(session, code, actor, wanted.cluster_id)
    day = now.astimezone(MOSCOW).date()
    check_constituted(association.name, association.constituted_on, day)
    cluster = await open_cluster_of(session, code, wanted.cluster_id)
    if wanted.direction_id is not None:
        await associated.get_own(session, Direction, code, wanted.direction_id)
    found = await repository.organisations_of(session, wanted.organisations)
    if {row.id for row in found if row.kind in _PARTICIPANTS} != set(wanted.organisations):
        raise UnknownParticipant(
            "Среди названных есть не колледж и не предприятие.", field="body.organisations"
        )
    values = wanted.model_dump() | {"link": str(wanted.link) if wanted.link else None}
    practice = Practice(
        id=new_id(),
        association=code,
        status=PracticeStatus.NOMINATED,
        nominated_on=day,
        **values,
    )
    session.add(practice)
    await session.flush()
    await _tell(session, PracticeNominated, practice, cluster, now)
    return practice


async def _judged(
    session: AsyncSession, code: str, practice_id: UUID, actor: Actor
) -> tuple[Practice, Cluster]:
    """The practice, locked, for a judge without interest in it. Raises `AssociationNotFound`,
    `RowNotOfAssociation`, `ConflictOfInterest`.
    """
    clusters = await repository.clusters_of(session, actor.clusters)
    is_of_industry = Rows.CLUSTER in actor.rows and any(one.industry == code for one in clusters)
    if not is_of_industry and not reaches(actor, code):
        raise AssociationNotFound("Ассоциации с таким кодом нет.")
    practice = await associated.get_own(session, Practice, code, practice_id)
    cluster = await session.get_one(Cluster, practice.cluster_id)
    check_interest(cluster.region, actor.regions | {one.region for one in clusters})
    return practice, cluster


async def review(
    session: AsyncSession,
    code: str,
    practice_id: UUID,
    wanted: ReviewCreate,
    actor: Actor,
    *,
    now: datetime,
) -> Details:
    """Give the practice points by the rubric in force.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `ConflictOfInterest`, `PointsOffRubric`,
    `PracticeActionNotAllowed`, `ReviewedAlready`.
    """
    practice, cluster = await _judged(session, code, practice_id, actor)
    next_status(practice.status, PracticeAction.REVIEW)
    day = now.astimezone(MOSCOW).date()
    policy = await policy_at(session, day)
    check_points(wanted.points, policy)
    made = PracticeReview(
        id=new_id(),
        practice_id=practice.id,
        reviewer=actor.id,
        points=wanted.points,
        comment=wanted.comment,
        reviewed_on=day,
    )
    if not await associated.insert_free(session, made):
        raise ReviewedAlready("Вы уже дали отзыв об этой практике.")
    reviews = await repository.reviews_of(session, practice.id)
    practice.status = after_review(len(reviews), policy)
    await _changed(session, PracticeAction.REVIEW, practice, cluster, now)
    return await _details(session, practice)


async def _changed(
    session: AsyncSession,
    action: PracticeAction,
    practice: Practice,
    cluster: Cluster,
    now: datetime,
) -> None:
    practice.version += 1
    await session.flush()
    await _tell(session, _TOLD[action], practice, cluster, now)


async def decide(
    session: AsyncSession,
    code: str,
    practice_id: UUID,
    action: PracticeAction,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Practice:
    """Select the practice, or decline it; a selected one proposes its colleges and enterprises.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `ConflictOfInterest`, `VersionMismatch`,
    `PracticeActionNotAllowed`.
    """
    await association_of(session, code, actor)
    practice, cluster = await _judged(session, code, practice_id, actor)
    expect_version(practice.version, expected_version)
    practice.status = next_status(practice.status, action)
    practice.reason = reason
    practice.decided_on = now.astimezone(MOSCOW).date()
    await _changed(session, action, practice, cluster, now)
    if action is PracticeAction.SELECT:
        await propose_from(session, practice, cluster, now=now)
    return practice


async def replicate(
    session: AsyncSession,
    code: str,
    practice_id: UUID,
    wanted: ReplicationCreate,
    actor: Actor,
    *,
    now: datetime,
) -> Details:
    """A cluster of the industry took the practice over; a cluster says so for itself.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `UnknownCluster`,
    `ClusterOfAnotherIndustry`, `ClusterClosed`, `OwnPractice`, `PracticeActionNotAllowed`,
    `ReplicatedAlready`.
    """
    await association_with(session, code, actor, wanted.cluster_id)
    practice = await associated.get_own(session, Practice, code, practice_id)
    await open_cluster_of(session, code, wanted.cluster_id)
    if wanted.cluster_id == practice.cluster_id:
        raise OwnPractice("Практика и так этого кластера.", field="body.cluster_id")
    practice.status = next_status(practice.status, PracticeAction.REPLICATE)
    made = PracticeReplication(
        id=new_id(),
        practice_id=practice.id,
        cluster_id=wanted.cluster_id,
        replicated_on=now.astimezone(MOSCOW).date(),
    )
    if not await associated.insert_free(session, made):
        raise ReplicatedAlready("В этом кластере практика уже есть.", field="body.cluster_id")
    cluster = await session.get_one(Cluster, practice.cluster_id)
    await _changed(session, PracticeAction.REPLICATE, practice, cluster, now)
    return await _details(session, practice)


async def _details(session: AsyncSession, practice: Practice) -> Details:
    reviews = list(await repository.reviews_of(session, practice.id))
    replications = list(await repository.replications_of(session, practice.id))
    mean = mean_hundredths([one.points for one in reviews])
    return Details(practice, mean, reviews, replications)


async def details(session: AsyncSession, code: str, practice_id: UUID, actor: Actor) -> Details:
    """Raises `AssociationNotFound`, `RowNotOfAssociation`."""
    await association_of(session, code, actor)
    practice = await associated.get_own(session, Practice, code, practice_id, for_update=False)
    return await _details(session, practice)
