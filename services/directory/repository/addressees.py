"""Statements that find addressees."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, exists, true
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.clusters import ClusterStatus
from services.directory.models import (
    Appointment,
    Cluster,
    ClusterTenure,
    Region,
)
from services.directory.repository.appointments import held_at


@dataclass(frozen=True, slots=True)
class Selector:
    """Whom to address; empty lists restrict nothing, several restrict together."""

    clusters: Sequence[UUID]
    regions: Sequence[str]
    cohorts: Sequence[int]
    industries: Sequence[str]


async def resolve_clusters(
    session: AsyncSession, wanted: Selector, *, at: date, limit: int
) -> Sequence[Row[Any]]:
    """Clusters active on the date that the selector matches, their region and who leads it."""
    clauses: list[ColumnElement[bool]] = [
        exists().where(
            col(ClusterTenure.cluster_id) == col(Cluster.id),
            col(ClusterTenure.status) == ClusterStatus.ACTIVE,
            held_at(at, ClusterTenure),
        )
    ]
    if wanted.clusters:
        clauses.append(col(Cluster.id).in_(wanted.clusters))
    if wanted.regions:
        clauses.append(col(Cluster.region).in_(wanted.regions))
    if wanted.cohorts:
        clauses.append(col(Cluster.cohort).in_(wanted.cohorts))
    if wanted.industries:
        clauses.append(col(Cluster.industry).in_(wanted.industries))
    return await _resolve(
        session,
        [
            col(Cluster.id).label("cluster_id"),
            col(Cluster.code).label("cluster_code"),
            col(Cluster.name).label("cluster_name"),
            col(Cluster.cohort),
            col(Cluster.industry),
        ],
        and_(*clauses),
        at=at,
        limit=limit,
        clusters=True,
    )


async def resolve_authorities(
    session: AsyncSession, regions: Sequence[str], *, at: date, limit: int
) -> Sequence[Row[Any]]:
    """Each region's authority once, with who leads the region on the date."""
    chosen = col(Region.code).in_(regions) if regions else true()
    return await _resolve(session, [], chosen, at=at, limit=limit, clusters=False)


async def _resolve(
    session: AsyncSession,
    columns: list[Any],
    clause: ColumnElement[bool],
    *,
    at: date,
    limit: int,
    clusters: bool,
) -> Sequence[Row[Any]]:
    coordinator, head = aliased(Appointment), aliased(Appointment)
    shown: list[Any] = [
        col(Region.code).label("region"),
        col(Region.name).label("region_name"),
        col(Region.timezone),
        col(coordinator.person_id).label("coordinator_id"),
        col(head.person_id).label("authority_head_id"),
        *columns,
    ]
    statement: Any = select(*shown)
    order = [col(Region.code)]
    if clusters:
        statement = statement.join(Cluster, col(Cluster.region) == col(Region.code))
        order.append(col(Cluster.code))
    for appointment, office in (
        (coordinator, Office.COORDINATOR),
        (head, Office.AUTHORITY_HEAD),
    ):
        statement = statement.outerjoin(
            appointment,
            and_(
                col(appointment.region) == col(Region.code),
                col(appointment.office) == office,
                held_at(at, appointment),
            ),
        )
    found: Sequence[Row[Any]] = (
        await session.exec(statement.where(clause).order_by(*order).limit(limit))
    ).all()
    return found
