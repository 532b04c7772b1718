"""Statements of clusters."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import ClusterStatus
from services.directory.models import Cluster
from shared.errors import NotFound


class ClusterNotFound(NotFound):
    """No cluster has this id."""

    code = "cluster_not_found"
    title = "Кластер не найден"


async def get_cluster(
    session: AsyncSession, cluster_id: UUID, *, for_update: bool = False
) -> Cluster:
    """Raises `ClusterNotFound`."""
    found = await session.get(Cluster, cluster_id, with_for_update=for_update)
    if found is None:
        raise ClusterNotFound("Кластер не найден.")
    return found


async def list_clusters(
    session: AsyncSession,
    *,
    region: str | None,
    industry: str | None,
    cohort: int | None,
    status: ClusterStatus | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Cluster]:
    """Ordered by region and code."""
    statement = select(Cluster).order_by(col(Cluster.region), col(Cluster.code)).limit(limit)
    for column, value in (
        (Cluster.region, region),
        (Cluster.industry, industry),
        (Cluster.cohort, cohort),
        (Cluster.status, status),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if after is not None:
        statement = statement.where(tuple_(col(Cluster.region), col(Cluster.code)) > after)
    return (await session.exec(statement)).all()
