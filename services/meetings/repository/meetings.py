"""Statements of meetings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import MeetingNotFound, Series
from services.meetings.models import Meeting


async def find_meeting(
    session: AsyncSession, meeting_id: UUID, *, for_update: bool = False
) -> Meeting | None:
    """The meeting, where there is one."""
    statement = select(Meeting).where(col(Meeting.id) == meeting_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).first()


async def get_meeting(
    session: AsyncSession, meeting_id: UUID, *, for_update: bool = False
) -> Meeting:
    """Raises `MeetingNotFound`."""
    found = await find_meeting(session, meeting_id, for_update=for_update)
    if found is None:
        raise MeetingNotFound("Совещание не найдено.")
    return found


async def list_meetings(
    session: AsyncSession,
    *,
    since: datetime | None,
    until: datetime | None,
    series: Series | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Meeting]:
    """Meetings starting at `since` or later and before `until`, by start and id."""
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(col(Meeting.starts_at) >= since)
    if until is not None:
        wanted.append(col(Meeting.starts_at) < until)
    if series is not None:
        wanted.append(col(Meeting.series) == series)
    if after is not None:
        wanted.append(tuple_(col(Meeting.starts_at), col(Meeting.id)) > after)
    statement = (
        select(Meeting)
        .where(*wanted)
        .order_by(col(Meeting.starts_at), col(Meeting.id))
        .limit(limit)
    )
    return (await session.exec(statement)).all()
