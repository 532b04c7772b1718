"""Statements about requests for a later date."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Extension


async def open_of(session: AsyncSession, execution_ids: Collection[UUID]) -> dict[UUID, Extension]:
    """The open request of each execution that has one. Their executions are locked already."""
    statement = select(Extension).where(
        col(Extension.execution_id).in_(execution_ids),
        col(Extension.status) == ExtensionStatus.OPEN,
    )
    return {row.execution_id: row for row in await session.exec(statement)}


async def list_extensions(session: AsyncSession, execution_id: UUID) -> Sequence[Extension]:
    """In the order they were asked for."""
    statement = (
        select(Extension)
        .where(col(Extension.execution_id) == execution_id)
        .order_by(col(Extension.id))
    )
    return (await session.exec(statement)).all()
