"""Statements of roadmaps and of the policy behind them."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.association_policies import AssociationPolicy, PolicyNotFound
from services.directory.models import AssociationPolicyVersion, Deliverable, Milestone
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
