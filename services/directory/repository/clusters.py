"""Statements of clusters: rows to change, and views as of a day."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, exists, func, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Cluster,
    ClusterChange,
    ClusterTenure,
    Mandate,
    Relation,
)
from services.directory.repository.appointments import held_at
from shared.errors import NotFound


class ClusterNotFound(NotFound):
    """No cluster has this id."""

    code = "cluster_not_found"
    title = "Кластер не найден"


class Lacking(StrEnum):
    """What a cluster may be without."""

    MANAGING_COMPANY = "managing_company"
    CORE_COLLEGE = "core_college"
    CURATOR = "curator"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which clusters; what is None restricts nothing. Organisations are those of the day.

    A core college is one of the cluster's colleges.
    """

    region: str | None = None
    industry: str | None = None
    cohort: int | None = None
    status: ClusterStatus | None = None
    core_college: UUID | None = None
    managing_company: UUID | None = None
    college: UUID | None = None
    enterprise: UUID | None = None
    without: Lacking | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """As of which day: `at` where one is asked for, and otherwise the newest as of `today`."""

    at: date | None
    today: date

    @property
    def day(self) -> date:
        return self.at or self.today

    @property
    def status(self) -> ColumnElement[bool]:
        """Which of a cluster's statuses is meant."""
        if self.at is None:
            return col(ClusterTenure.valid_to).is_(None)
        return held_at(self.at, ClusterTenure)


async def get_cluster(
    session: AsyncSession, cluster_id: UUID, *, for_update: bool = False
) -> Cluster:
    """Raises `ClusterNotFound`."""
    found = await session.get(
        Cluster, cluster_id, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise ClusterNotFound("Кластер не найден.")
    return found


async def tenure_of(session: AsyncSession, cluster_id: UUID) -> ClusterTenure:
    """The newest status, with the day it began."""
    statement = select(ClusterTenure).where(
        col(ClusterTenure.cluster_id) == cluster_id, col(ClusterTenure.valid_to).is_(None)
    )
    return (await session.exec(statement)).one()


async def tenures_of(
    session: AsyncSession, cluster_ids: Collection[UUID]
) -> dict[UUID, ClusterTenure]:
    """Cluster → its newest status, for changing."""
    if not cluster_ids:
        return {}
    statement = (
        select(ClusterTenure)
        .where(
            col(ClusterTenure.cluster_id).in_(cluster_ids), col(ClusterTenure.valid_to).is_(None)
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return {row.cluster_id: row for row in await session.exec(statement)}


async def born_on(session: AsyncSession, cluster_id: UUID) -> date:
    """The first day the cluster had a status."""
    statement: Any = select(func.min(ClusterTenure.valid_from)).where(
        col(ClusterTenure.cluster_id) == cluster_id
    )
    first: date = (await session.exec(statement)).one()
    return first


def viewed(day: Day) -> Any:
    """Clusters as of the day: status, core college and managing company of then."""
    college, company = aliased(Relation), aliased(Relation)
    shown: list[Any] = [
        col(Cluster.id).label("id"),
        col(Cluster.code).label("code"),
        col(Cluster.name).label("name"),
        col(Cluster.region).label("region"),
        col(Cluster.industry).label("industry"),
        col(Cluster.cohort).label("cohort"),
        col(ClusterTenure.status).label("status"),
        col(ClusterTenure.valid_from).label("status_since"),
        case((col(ClusterTenure.status) == ClusterStatus.CLOSED, col(Cluster.merged_into))).label(
            "merged_into"
        ),
        col(college.organisation_id).label("core_college_id"),
        col(company.organisation_id).label("managing_company_id"),
        col(Cluster.registered_at).label("registered_at"),
        col(Cluster.version).label("version"),
    ]
    statement: Any = select(*shown).join(
        ClusterTenure, and_(col(ClusterTenure.cluster_id) == col(Cluster.id), day.status)
    )
    for relation, kind in (
        (college, RelationKind.CORE_COLLEGE),
        (company, RelationKind.MANAGING_COMPANY),
    ):
        statement = statement.outerjoin(
            relation,
            and_(
                col(relation.cluster_id) == col(Cluster.id),
                col(relation.kind) == kind,
                held_at(day.day, relation),
            ),
        )
    return statement


async def view_cluster(session: AsyncSession, cluster_id: UUID, day: Day) -> Row[Any]:
    """Raises `ClusterNotFound`, also for a day when it was not there yet."""
    found: Row[Any] | None = (
        await session.exec(viewed(day).where(col(Cluster.id) == cluster_id))
    ).first()
    if found is None:
        raise ClusterNotFound(
            f"На {day.at:%d.%m.%Y} такого кластера нет." if day.at else "Кластер не найден."
        )
    return found


async def list_clusters(
    session: AsyncSession,
    wanted: Wanted,
    day: Day,
    *,
    after: tuple[str, str] | None,
    limit: int | None,
) -> Sequence[Row[Any]]:
    """Ordered by region and code; without a limit all of them."""
    statement = viewed(day).order_by(col(Cluster.region), col(Cluster.code)).limit(limit)
    for column, value in (
        (Cluster.region, wanted.region),
        (Cluster.industry, wanted.industry),
        (Cluster.cohort, wanted.cohort),
        (ClusterTenure.status, wanted.status),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    for kinds, organisation_id in (
        ([RelationKind.CORE_COLLEGE], wanted.core_college),
        ([RelationKind.MANAGING_COMPANY], wanted.managing_company),
        ([RelationKind.COLLEGE, RelationKind.CORE_COLLEGE], wanted.college),
        ([RelationKind.ENTERPRISE], wanted.enterprise),
    ):
        if organisation_id is not None:
            statement = statement.where(related(kinds, day.day, organisation_id))
    if wanted.without is not None:
        statement = statement.where(~_having(wanted.without, day.day))
    if after is not None:
        statement = statement.where(tuple_(col(Cluster.region), col(Cluster.code)) > after)
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found


def _having(what: Lacking, at: date) -> ColumnElement[bool]:
    return curated(at) if what is Lacking.CURATOR else related([RelationKind(what)], at)


def curated(at: date) -> ColumnElement[bool]:
    """Whether the cluster has a curator on the day."""
    found: ColumnElement[bool] = (
        exists()
        .where(
            col(Mandate.cluster_id) == col(Cluster.id),
            col(Mandate.kind) == MandateKind.CURATOR,
            held_at(at, Mandate),
        )
        .correlate(Cluster)
    )
    return found


def related(
    kinds: Sequence[RelationKind], at: date, organisation_id: UUID | None = None
) -> ColumnElement[bool]:
    """Whether the cluster has such a relation on the day: to the organisation, or to any."""
    clauses = [
        col(Relation.cluster_id) == col(Cluster.id),
        col(Relation.kind).in_(kinds),
        held_at(at, Relation),
    ]
    if organisation_id is not None:
        clauses.append(col(Relation.organisation_id) == organisation_id)
    found: ColumnElement[bool] = exists().where(*clauses).correlate(Cluster)
    return found


async def timeline(
    session: AsyncSession, cluster_id: UUID, *, after: tuple[date, UUID] | None, limit: int
) -> Sequence[ClusterChange]:
    """By the day a change came into force, then by the time it was entered."""
    statement = (
        select(ClusterChange)
        .where(col(ClusterChange.cluster_id) == cluster_id)
        .order_by(col(ClusterChange.effective_on), col(ClusterChange.id))
        .limit(limit)
    )
    if after is not None:
        key = tuple_(col(ClusterChange.effective_on), col(ClusterChange.id))
        statement = statement.where(key > after)
    return (await session.exec(statement)).all()
