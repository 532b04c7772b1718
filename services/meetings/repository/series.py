"""Statements of series."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import or_
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.series import SeriesNotFound, SeriesOverlap
from services.meetings.models import MeetingSeries, SeriesException
from services.meetings.models.series import OVERLAP

# A key of our own among the advisory locks of this database.
_CODES: Final = 7_301_001


async def get_series(
    session: AsyncSession, series_id: UUID, *, for_update: bool = False
) -> MeetingSeries:
    """Raises `SeriesNotFound`."""
    statement = select(MeetingSeries).where(col(MeetingSeries.id) == series_id)
    if for_update:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise SeriesNotFound("Такой серии нет.")
    return found


async def find_by_code(session: AsyncSession, code: str) -> MeetingSeries | None:
    """The series of this code, where there is one."""
    statement = select(MeetingSeries).where(col(MeetingSeries.code) == code)
    return (await session.exec(statement)).first()


async def list_series(
    session: AsyncSession, *, on: date | None, after: UUID | None, limit: int
) -> Sequence[MeetingSeries]:
    """Series by id; `on` leaves those that meet around this day."""
    statement = select(MeetingSeries).order_by(col(MeetingSeries.id)).limit(limit)
    if on is not None:
        statement = statement.where(
            col(MeetingSeries.starts_on) <= on,
            or_(col(MeetingSeries.ends_on).is_(None), col(MeetingSeries.ends_on) >= on),
        )
    if after is not None:
        statement = statement.where(col(MeetingSeries.id) > after)
    return (await session.exec(statement)).all()


async def keep_series(session: AsyncSession, row: MeetingSeries) -> None:
    """Insert or update. Raises `SeriesOverlap`."""
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if OVERLAP not in str(error.orig):
            raise
        raise SeriesOverlap(
            "У тех же участников в эти дни уже есть серия. Завершите её днём раньше.",
            field="body.starts_on",
        ) from error


async def to_be_made(session: AsyncSession, today: date) -> Sequence[MeetingSeries]:
    """Series whose meetings of the weeks ahead are not all made, locked; others' are passed by."""
    through = col(MeetingSeries.made_through)
    horizon = today + col(MeetingSeries.weeks_ahead) * 7
    statement = (
        select(MeetingSeries)
        .where(
            or_(col(MeetingSeries.ends_on).is_(None), col(MeetingSeries.ends_on) >= today),
            or_(through.is_(None), through < horizon),
            # Once the last day has been looked at there is nothing left to make.
            or_(
                through.is_(None),
                col(MeetingSeries.ends_on).is_(None),
                through < col(MeetingSeries.ends_on),
            ),
        )
        .order_by(col(MeetingSeries.id))
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).all()


async def list_exceptions(session: AsyncSession, series_id: UUID) -> Sequence[SeriesException]:
    """The days left out, in order."""
    statement = (
        select(SeriesException)
        .where(col(SeriesException.series_id) == series_id)
        .order_by(col(SeriesException.on_date))
    )
    return (await session.exec(statement)).all()


async def lock_codes(session: AsyncSession) -> None:
    """Let whoever enters a series at the same time wait, so that a code is taken once."""
    await session.exec(select(func.pg_advisory_xact_lock(_CODES)))
