"""Statements about what happened around an execution."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import Execution, ExecutionStep, KnownCluster


async def co_executors_added(
    session: AsyncSession, lead_id: UUID
) -> Sequence[tuple[datetime, str | None]]:
    """When each co-executor of the lead came, and its name where the directory told it."""
    statement = (
        select(ExecutionStep.at, KnownCluster.name)
        .join(Execution, col(Execution.id) == col(ExecutionStep.execution_id))
        .outerjoin(KnownCluster, col(KnownCluster.cluster_id) == col(Execution.cluster_id))
        .where(col(Execution.lead_id) == lead_id, col(ExecutionStep.version) == 1)
        .order_by(col(Execution.id))
    )
    return (await session.exec(statement)).all()
