"""Statements of roadmaps: milestones, and the facts by which they are done."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.annual_reports import ReportStatus
from services.directory.domain.association_policies import AssociationPolicy, PolicyNotFound
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.roadmaps import Facts, Term
from services.directory.models import (
    Activity,
    AnnualReport,
    Association,
    AssociationPolicyVersion,
    Cluster,
    Deliverable,
    Direction,
    GroupReport,
    Mandate,
    Membership,
    Milestone,
    WorkingGroup,
)
from shared.clock import MOSCOW
from shared.errors import NotFound


class RoadmapNotFound(NotFound):
    """The association has no roadmap for the year."""

    code = "roadmap_not_found"
    title = "Дорожной карты на этот год нет"


async def policy_version_at(session: AsyncSession, at: date) -> AssociationPolicyVersion:
    """The version in force on the day. Raises `PolicyNotFound`."""
    statement = (
        select(AssociationPolicyVersion)
        .where(AssociationPolicyVersion.effective_from <= at)
        .order_by(col(AssociationPolicyVersion.effective_from).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise PolicyNotFound(f"На {at:%d.%m.%Y} правил работы ассоциаций ещё нет.")
    return found


async def policy_at(session: AsyncSession, at: date) -> AssociationPolicy:
    """The policy in force on the day. Raises `PolicyNotFound`."""
    return AssociationPolicy.model_validate((await policy_version_at(session, at)).document)


async def list_milestones(
    session: AsyncSession, year: int, associations: Collection[str]
) -> Sequence[Milestone]:
    """By association and position."""
    statement = (
        select(Milestone)
        .where(Milestone.year == year, col(Milestone.association).in_(associations))
        .order_by(col(Milestone.association), col(Milestone.position))
    )
    return (await session.exec(statement)).all()


async def list_deliverables(
    session: AsyncSession, milestones: Collection[UUID]
) -> Sequence[Deliverable]:
    """By milestone and position."""
    statement = (
        select(Deliverable)
        .where(col(Deliverable.milestone_id).in_(milestones))
        .order_by(col(Deliverable.milestone_id), col(Deliverable.position))
    )
    return (await session.exec(statement)).all()


async def associations_with_roadmap(session: AsyncSession, year: int) -> set[str]:
    """Which associations have one for the year."""
    statement = select(Milestone.association).where(Milestone.year == year).distinct()
    return set((await session.exec(statement)).all())


async def facts_of_all(session: AsyncSession, codes: Collection[str]) -> dict[str, Facts]:
    """What exists in each of the associations, all days included."""
    found = {code: Facts() for code in codes}

    async def rows(*columns: Any, where: Any = None, group: bool = False) -> Sequence[Any]:
        statement: Any = select(*columns).where(columns[0].in_(codes))
        if where is not None:
            statement = statement.where(where)
        if group:
            statement = statement.group_by(*columns[:-1])
        listed: Sequence[Any] = (await session.exec(statement)).all()
        return listed

    for code, day in await rows(col(Association.code), col(Association.constituted_on)):
        found[code].constituted_on = day
    for code, *term in await rows(
        col(Direction.association), col(Direction.valid_from), col(Direction.valid_to)
    ):
        found[code].directions.append(Term(*term))
    for code, group, *term in await rows(
        col(WorkingGroup.association),
        col(WorkingGroup.id),
        col(WorkingGroup.valid_from),
        col(WorkingGroup.valid_to),
    ):
        found[code].groups[group] = Term(*term)
    for code, *term in await rows(
        col(Mandate.association),
        col(Mandate.valid_from),
        col(Mandate.valid_to),
        where=col(Mandate.kind) == MandateKind.RESPONSIBLE,
    ):
        found[code].responsibles.append(Term(*term))
    for code, milestone, group, day in await rows(
        col(GroupReport.association),
        col(GroupReport.milestone_id),
        col(GroupReport.group_id),
        col(GroupReport.reported_on),
    ):
        found[code].reports[milestone, group] = day
    for code, cluster, cohort, registered in await rows(
        col(Cluster.industry),
        col(Cluster.id),
        col(Cluster.cohort),
        col(Cluster.registered_at),
        where=col(Cluster.status) == ClusterStatus.ACTIVE,
    ):
        found[code].clusters[cluster] = (cohort, registered.astimezone(MOSCOW).date())
    for code, cluster, day in await rows(
        col(Membership.association),
        col(Membership.cluster_id),
        func.min(Membership.valid_from),
        group=True,
    ):
        found[code].joined[cluster] = day
    for code, kind, milestone, day in await rows(
        col(Activity.association),
        col(Activity.kind),
        col(Activity.milestone_id),
        func.min(Activity.ends_on),
        where=col(Activity.milestone_id).is_not(None),
        group=True,
    ):
        found[code].activities[kind, milestone] = day
    for code, year, approved in await rows(
        col(AnnualReport.association),
        col(AnnualReport.year),
        col(AnnualReport.approved_at),
        where=col(AnnualReport.status) != ReportStatus.DRAFT,
    ):
        found[code].approved[year] = approved.astimezone(MOSCOW).date()
    for code, year, day in await rows(
        col(Milestone.association), col(Milestone.year), func.min(Milestone.made_on), group=True
    ):
        found[code].roadmaps[year] = day
    return found
