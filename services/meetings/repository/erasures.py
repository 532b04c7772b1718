"""Statements of erasures: what is held about one person."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, delete, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import AttendanceImport, CalendarFeed


async def delete_calendars(session: AsyncSession, person_id: UUID, subjects: Sequence[str]) -> None:
    """The person's calendars, and those their accounts have opened."""
    await session.exec(
        delete(CalendarFeed).where(
            or_(
                col(CalendarFeed.person_id) == person_id, col(CalendarFeed.created_by).in_(subjects)
            )
        )
    )


async def lists_of(session: AsyncSession, person_id: UUID) -> Sequence[AttendanceImport]:
    """Conference lists in which a line was taken for the person, ours until commit."""
    line = [{"participant_id": str(person_id)}]
    statement = (
        select(AttendanceImport)
        .where(col(AttendanceImport.rows).contains(line))
        .order_by(col(AttendanceImport.id))
        .with_for_update()
    )
    return (await session.exec(statement)).all()
