"""Statements that find what is missing on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Appointment,
    Cluster,
    ClusterTenure,
    Region,
    Relation,
)
from services.directory.repository.appointments import held_at


async def count_regions(session: AsyncSession) -> int:
    """How many regions there are."""
    return (await session.exec(select(func.count()).select_from(Region))).one()


async def count_clusters(session: AsyncSession, at: date) -> int:
    """How many clusters are active on the day."""
    statement = select(func.count()).select_from(ClusterTenure).where(*_active(at))
    return (await session.exec(statement)).one()


async def regions_without_office(
    session: AsyncSession, office: Office, at: date
) -> Sequence[Region]:
    """Regions where nobody holds the office on the day, by name."""
    return await _regions_beside(
        session, select(Appointment.region).where(Appointment.office == office, held_at(at))
    )


async def regions_without_relation(
    session: AsyncSession, kind: RelationKind, at: date
) -> Sequence[Region]:
    """Regions that have no such organisation on the day, by name."""
    held = select(Relation.region).where(
        Relation.kind == kind, col(Relation.region).is_not(None), held_at(at, Relation)
    )
    return await _regions_beside(session, held)


async def _regions_beside(session: AsyncSession, held: Any) -> Sequence[Region]:
    statement = (
        select(Region)
        .where(col(Region.code).not_in(held))
        .order_by(col(Region.sort_key), col(Region.code))
    )
    return (await session.exec(statement)).all()


async def clusters_without(
    session: AsyncSession, has: ColumnElement[bool], at: date, *, limit: int
) -> tuple[int, Sequence[Row[Any]]]:
    """How many active clusters there are that have it not on the day, and the first of them."""
    lacking = [*_active(at), ~has]
    joined = col(ClusterTenure.cluster_id) == col(Cluster.id)
    counted = select(func.count()).select_from(Cluster).join(ClusterTenure, joined)
    total = (await session.exec(counted.where(*lacking))).one()
    shown: list[Any] = [
        col(Cluster.id).label("id"),
        col(Cluster.code).label("code"),
        col(Cluster.name).label("name"),
        col(Cluster.region).label("region"),
    ]
    statement: Any = (
        select(*shown)
        .join(ClusterTenure, joined)
        .where(*lacking)
        .order_by(col(Cluster.region), col(Cluster.code))
        .limit(limit)
    )
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return total, found


def _active(at: date) -> list[ColumnElement[bool]]:
    return [col(ClusterTenure.status) == ClusterStatus.ACTIVE, held_at(at, ClusterTenure)]
