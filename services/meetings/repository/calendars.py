"""Statements of calendar feeds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.calendars import FeedNotFound
from services.meetings.models import CalendarFeed, Meeting


async def find_by_hash(session: AsyncSession, token_hash: str) -> CalendarFeed | None:
    """The feed this secret opens."""
    statement = select(CalendarFeed).where(col(CalendarFeed.token_hash) == token_hash)
    return (await session.exec(statement)).first()


async def get_feed(
    session: AsyncSession, feed_id: UUID, *, for_update: bool = False
) -> CalendarFeed:
    """Raises `FeedNotFound`."""
    statement = select(CalendarFeed).where(col(CalendarFeed.id) == feed_id)
    if for_update:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise FeedNotFound("Такого календаря для вас нет.")
    return found


async def list_feeds(session: AsyncSession, owner: str) -> Sequence[CalendarFeed]:
    """The feeds an actor has opened, in that order."""
    statement = (
        select(CalendarFeed)
        .where(col(CalendarFeed.created_by) == owner)
        .order_by(col(CalendarFeed.id))
    )
    return (await session.exec(statement)).all()


async def shown_meetings(session: AsyncSession, *, since: datetime) -> Sequence[Meeting]:
    """What calendars show: all that was announced, also where it was cancelled since."""
    statement = (
        select(Meeting)
        .where(col(Meeting.starts_at) >= since, col(Meeting.announced_at).is_not(None))
        .order_by(col(Meeting.starts_at), col(Meeting.id))
    )
    return (await session.exec(statement)).all()
