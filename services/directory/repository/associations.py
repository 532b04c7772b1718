"""Statements of associations, of the clusters that may join them and of those without curator."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.models import Association, Cluster, ClusterTenure, Mandate, Membership
from services.directory.repository.appointments import held_at
from shared.errors import NotFound


class AssociationNotFound(NotFound):
    """No association has this code, or it is not for the caller to know."""

    code = "association_not_found"
    title = "Ассоциация не найдена"


async def get_association(
    session: AsyncSession, code: str, *, for_update: bool = False
) -> Association:
    """Raises `AssociationNotFound`."""
    found = await session.get(
        Association, code, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise AssociationNotFound("Ассоциации с таким кодом нет.")
    return found


async def list_associations(
    session: AsyncSession, *, codes: Collection[str] | None = None
) -> Sequence[Association]:
    """By code; all, or these."""
    statement = select(Association).order_by(col(Association.code))
    if codes is not None:
        statement = statement.where(col(Association.code).in_(codes))
    return (await session.exec(statement)).all()


async def standing(
    session: AsyncSession, *cluster_ids: UUID, since: date
) -> Sequence[Membership | Mandate]:
    """The clusters' memberships and their curators' mandates on the day or later, for changing."""
    found = list[Membership | Mandate]()
    for model in (Membership, Mandate):
        # Of mandates only a curator's has a cluster.
        statement: Any = (
            select(model)
            .where(
                col(model.cluster_id).in_(cluster_ids),
                or_(col(model.valid_to).is_(None), col(model.valid_to) >= since),
            )
            .order_by(col(model.id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
        found.extend((await session.exec(statement)).all())
    return found


def _active(at: date) -> ColumnElement[bool]:
    """Whether the cluster's status of the day is to act."""
    found: ColumnElement[bool] = (
        exists()
        .where(
            col(ClusterTenure.cluster_id) == col(Cluster.id),
            col(ClusterTenure.status) == ClusterStatus.ACTIVE,
            held_at(at, ClusterTenure),
        )
        .correlate(Cluster)
    )
    return found


async def list_curated(
    session: AsyncSession, industry: str, at: date
) -> Sequence[tuple[Cluster, UUID | None, UUID | None]]:
    """Clusters of the industry that act on the day, each with its curator and membership then."""
    statement = (
        select(Cluster, Mandate.person_id, Membership.id)
        .outerjoin(
            Mandate,
            (col(Mandate.cluster_id) == Cluster.id)
            & (col(Mandate.association) == Cluster.industry)
            & (col(Mandate.kind) == MandateKind.CURATOR)
            & held_at(at, Mandate),
        )
        .outerjoin(
            Membership,
            (col(Membership.cluster_id) == Cluster.id)
            & (col(Membership.association) == Cluster.industry)
            & held_at(at, Membership),
        )
        .where(Cluster.industry == industry, _active(at))
        .order_by(col(Cluster.region), col(Cluster.code))
    )
    return (await session.exec(statement)).all()


async def lock_cohort(session: AsyncSession, industries: Collection[str], cohort: int) -> None:
    """Nobody closes a cluster of the cohort until commit; in the order of ids, as all lock them."""
    statement = (
        select(Cluster.id)
        .where(col(Cluster.industry).in_(industries), Cluster.cohort == cohort)
        .order_by(col(Cluster.id))
        .with_for_update(read=True)
    )
    await session.exec(statement)


async def list_joining(
    session: AsyncSession, industries: Collection[str], cohort: int, valid_from: date
) -> Sequence[tuple[Cluster, bool]]:
    """Clusters of the cohort, each with whether it is a member from the day on.

    Those that act on the day and have not been closed since.
    """
    member = (
        select(Membership.id)
        .where(
            Membership.cluster_id == Cluster.id,
            Membership.association == Cluster.industry,
            or_(col(Membership.valid_to).is_(None), col(Membership.valid_to) >= valid_from),
        )
        .exists()
    )
    statement = (
        select(Cluster, member)
        .where(
            col(Cluster.industry).in_(industries),
            Cluster.cohort == cohort,
            _active(valid_from),
            Cluster.status != ClusterStatus.CLOSED,
        )
        .order_by(col(Cluster.industry), col(Cluster.region), col(Cluster.code))
    )
    return (await session.exec(statement)).all()


async def join(session: AsyncSession, memberships: Sequence[Membership]) -> set[UUID]:
    """Insert those whose cluster is free; says which these were."""
    if not memberships:
        return set()
    statement = (
        upsert(Membership)
        .values([membership.model_dump() for membership in memberships])
        .on_conflict_do_nothing(constraint="ex_memberships_one_at_a_time")
        .returning(col(Membership.id))
    )
    return {row.id for row in (await session.exec(statement)).all()}
