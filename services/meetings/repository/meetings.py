"""Statements of meetings."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, literal_column, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import (
    AHEAD,
    OVER,
    MeetingNotFound,
    MeetingStatus,
    Series,
)
from services.meetings.models import Meeting, MeetingMove


async def find_meeting(
    session: AsyncSession, meeting_id: UUID, *, for_update: bool = False
) -> Meeting | None:
    """The meeting, where there is one."""
    statement = select(Meeting).where(col(Meeting.id) == meeting_id)
    if for_update:
        # What the session read before the lock is not what the lock holds.
        statement = statement.with_for_update().execution_options(populate_existing=True)
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


async def add_occurrence(session: AsyncSession, meeting: Meeting) -> bool:
    """Insert the series' meeting of a day, or say False where it has been made."""
    statement = (
        upsert(Meeting)
        .values(meeting.model_dump())
        .on_conflict_do_nothing(index_elements=["series_id", "occurrence_on"])
        .returning(col(Meeting.id))
    )
    return (await session.exec(statement)).first() is not None


async def occurrence_at(
    session: AsyncSession, series: Series, starts_at: datetime
) -> Meeting | None:
    """The meeting ahead that a series has made for this instant."""
    statement = select(Meeting).where(
        col(Meeting.series) == series,
        col(Meeting.starts_at) == starts_at,
        col(Meeting.series_id).is_not(None),
        col(Meeting.status).in_(AHEAD),
    )
    return (await session.exec(statement)).first()


async def is_entered_by_hand(session: AsyncSession, series: Series, starts_at: datetime) -> bool:
    """Whether somebody has entered a meeting of the same participants for this instant."""
    statement = select(Meeting.id).where(
        col(Meeting.series) == series,
        col(Meeting.starts_at) == starts_at,
        col(Meeting.series_id).is_(None),
        col(Meeting.status) != MeetingStatus.CANCELLED,
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def occurrence_on(session: AsyncSession, series_id: UUID, day: date) -> Meeting | None:
    """What was made of the series' day."""
    statement = select(Meeting).where(
        col(Meeting.series_id) == series_id, col(Meeting.occurrence_on) == day
    )
    return (await session.exec(statement)).first()


async def ahead_of_series(
    session: AsyncSession, series_id: UUID, *, after: date
) -> Sequence[Meeting]:
    """Meetings made for days after this one that have not taken place, locked."""
    statement = (
        select(Meeting)
        .where(
            col(Meeting.series_id) == series_id,
            col(Meeting.occurrence_on) > after,
            col(Meeting.status).in_(AHEAD),
        )
        .order_by(col(Meeting.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def took_place_after(session: AsyncSession, series_id: UUID, day: date) -> bool:
    """Whether a meeting of the series for a later day has begun or been held."""
    statement = select(Meeting.id).where(
        col(Meeting.series_id) == series_id,
        col(Meeting.occurrence_on) > day,
        col(Meeting.status).in_([*OVER, MeetingStatus.IN_PROGRESS]),
    )
    return (await session.exec(statement.limit(1))).first() is not None


async def next_ahead(
    session: AsyncSession, series: Series, *, after: datetime, but: UUID
) -> Meeting | None:
    """The next meeting of the same participants whose agenda is still open, locked."""
    statement = (
        select(Meeting)
        .where(
            col(Meeting.series) == series,
            col(Meeting.starts_at) >= after,
            col(Meeting.id) != but,
            col(Meeting.status).in_(AHEAD),
            col(Meeting.frozen_at).is_(None),
        )
        .order_by(col(Meeting.starts_at), col(Meeting.id))
        .limit(1)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def following(session: AsyncSession, series: Series, *, after: datetime) -> Meeting | None:
    """The next meeting of the same participants that is sure to be: no draft, not called off."""
    statement = (
        select(Meeting)
        .where(
            col(Meeting.series) == series,
            col(Meeting.starts_at) > after,
            col(Meeting.status).not_in([MeetingStatus.DRAFT, MeetingStatus.CANCELLED]),
        )
        .order_by(col(Meeting.starts_at), col(Meeting.id))
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def to_be_frozen(session: AsyncSession, now: datetime) -> Sequence[Meeting]:
    """Meetings whose agenda is to be frozen by now, locked; others' are passed by."""
    lead = func.make_interval(0, 0, 0, 0, 0, col(Meeting.freeze_minutes))
    statement = (
        select(Meeting)
        .where(
            col(Meeting.status) == MeetingStatus.SCHEDULED,
            col(Meeting.frozen_at).is_(None),
            # Without the lead first: what an index can use.
            col(Meeting.starts_at) <= now + literal_column("interval '7 days'"),
            col(Meeting.starts_at) - lead <= now,
        )
        .order_by(col(Meeting.starts_at), col(Meeting.id))
        .limit(20)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def list_moves(session: AsyncSession, meeting_id: UUID) -> Sequence[MeetingMove]:
    """Where the meeting was moved, in order."""
    statement = (
        select(MeetingMove)
        .where(col(MeetingMove.meeting_id) == meeting_id)
        .order_by(col(MeetingMove.sequence))
    )
    return (await session.exec(statement)).all()
