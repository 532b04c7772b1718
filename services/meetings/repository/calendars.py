"""Statements of calendar feeds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.calendars import FeedNotFound
from services.meetings.models import CalendarFeed, Meeting

# A key of our own among the advisory locks of two keys of this database.
_FEEDS: Final = 7_301_002


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


async def list_feeds(session: AsyncSession, owner: str, *, limit: int) -> Sequence[CalendarFeed]:
    """An actor's feeds as they were opened; past the limit the oldest closed are missing."""
    statement = (
        select(CalendarFeed)
        .where(col(CalendarFeed.created_by) == owner)
        .order_by(col(CalendarFeed.revoked_at).is_not(None), col(CalendarFeed.id).desc())
        .limit(limit)
    )
    return sorted(await session.exec(statement), key=lambda feed: feed.id)


async def lock_feeds(session: AsyncSession, owner: str) -> None:
    """Let the actor's feeds be opened one after another, so that their count holds."""
    await session.exec(select(func.pg_advisory_xact_lock(_FEEDS, func.hashtext(owner))))


async def count_open(session: AsyncSession, owner: str) -> int:
    """How many of the actor's feeds are not closed."""
    statement = select(func.count()).where(
        col(CalendarFeed.created_by) == owner, col(CalendarFeed.revoked_at).is_(None)
    )
    return (await session.exec(statement)).one()


async def shown_meetings(session: AsyncSession, *, since: datetime) -> Sequence[Meeting]:
    """What calendars show: all that was announced, also where it was cancelled since."""
    statement = (
        select(Meeting)
        .where(col(Meeting.starts_at) >= since, col(Meeting.announced_at).is_not(None))
        .order_by(col(Meeting.starts_at), col(Meeting.id))
    )
    return (await session.exec(statement)).all()
