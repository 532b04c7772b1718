"""Statements about assignments."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Assignment
from services.rating.repository.newest import keep_newest
from shared.events.assignments import AssignmentEvent


async def keep_assignments(session: AsyncSession, heard: Sequence[AssignmentEvent]) -> None:
    """Store the newest number and words of assignments."""
    await keep_newest(session, Assignment, "assignment_id", heard)


async def assignments_by_id(
    session: AsyncSession, ids: Iterable[UUID]
) -> Mapping[UUID, Assignment]:
    """Those of the assignments that are known."""
    statement = select(Assignment).where(col(Assignment.assignment_id).in_(set(ids)))
    return {found.assignment_id: found for found in await session.exec(statement)}
