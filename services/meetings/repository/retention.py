"""Statements that delete what has outlived its term."""

from datetime import datetime

from sqlmodel import col, delete
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.models import AttendanceImport, CalendarFeed


async def delete_lists(session: AsyncSession, *, before: datetime) -> None:
    """Conference lists read before the instant: names as people typed them."""
    await session.exec(delete(AttendanceImport).where(col(AttendanceImport.created_at) < before))


async def delete_closed_calendars(session: AsyncSession, *, before: datetime) -> None:
    """Calendars closed before the instant."""
    await session.exec(delete(CalendarFeed).where(col(CalendarFeed.revoked_at) < before))
