"""Mentorships: agreed, completed with an outcome, confirmed by the cluster that was helped."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import check_constituted
from services.directory.domain.mentorships import (
    MentorshipCompletedAlready,
    SameCluster,
    check_confirmable,
    status_of,
)
from services.directory.models import Mentorship
from services.directory.repository import associated
from services.directory.repository.associated import RowNotOfAssociation
from services.directory.schemas.practices import MentorshipCreate
from services.directory.service.associations import (
    association_with,
    open_cluster_of,
    reaches,
    reaches_cluster,
)
from shared.auth import Actor
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.ids import new_id


async def agree(
    session: AsyncSession, code: str, wanted: MentorshipCreate, actor: Actor
) -> Mentorship:
    """Agree a mentorship; a cluster offers its own help only.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `UnknownCluster`, `SameCluster`,
    `ClusterOfAnotherIndustry`, `ClusterClosed`.
    """
    association = await association_with(
        session, code, actor, wanted.from_cluster_id, field="body.from_cluster_id"
    )
    check_constituted(association.name, association.constituted_on, wanted.started_on)
    if wanted.from_cluster_id == wanted.to_cluster_id:
        raise SameCluster("Назовите два разных кластера.", field="body.to_cluster_id")
    # In the order of ids, so that two who agree to help each other wait and do not die.
    named = {
        wanted.from_cluster_id: "body.from_cluster_id",
        wanted.to_cluster_id: "body.to_cluster_id",
    }
    for one in sorted(named):
        await open_cluster_of(session, code, one, field=named[one])
    mentorship = Mentorship(id=new_id(), association=code, **wanted.model_dump())
    session.add(mentorship)
    await session.flush()
    return mentorship


async def complete(
    session: AsyncSession,
    code: str,
    mentorship_id: UUID,
    outcome: str,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Mentorship:
    """The mentor, or the association, says what came of it.

    Raises `RowNotOfAssociation`, `VersionMismatch`, `MentorshipCompletedAlready`.
    """
    mentorship = await associated.get_own(session, Mentorship, code, mentorship_id)
    if not reaches(actor, code) and not reaches_cluster(actor, mentorship.from_cluster_id):
        raise RowNotOfAssociation("У этой ассоциации такой записи нет.")
    expect_version(mentorship.version, expected_version)
    if mentorship.completed_on is not None:
        raise MentorshipCompletedAlready("Итог этого наставничества уже назван.")
    mentorship.outcome = outcome
    mentorship.completed_on = now.astimezone(MOSCOW).date()
    mentorship.version += 1
    await session.flush()
    return mentorship


async def confirm(
    session: AsyncSession,
    code: str,
    mentorship_id: UUID,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Mentorship:
    """The cluster that was helped says that it was; nobody can say so for it.

    Raises `RowNotOfAssociation`, `VersionMismatch`, `OutcomeMissing`,
    `MentorshipConfirmedAlready`.
    """
    mentorship = await associated.get_own(session, Mentorship, code, mentorship_id)
    if not reaches_cluster(actor, mentorship.to_cluster_id):
        raise RowNotOfAssociation("У этой ассоциации такой записи нет.")
    expect_version(mentorship.version, expected_version)
    check_confirmable(status_of(mentorship.completed_on, mentorship.confirmed_on))
    mentorship.confirmed_on = now.astimezone(MOSCOW).date()
    mentorship.version += 1
    await session.flush()
    return mentorship
