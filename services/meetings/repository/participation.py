"""Statements of participation and attendance."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.domain.participation import AttendanceImportNotFound, Tally
from services.meetings.models import (
    AttendanceImport,
    AttendanceTally,
    Meeting,
    Participation,
)


async def list_participations(session: AsyncSession, meeting_id: UUID) -> dict[UUID, Participation]:
    """What is known of those expected at the meeting, by participant."""
    statement = select(Participation).where(col(Participation.meeting_id) == meeting_id)
    return {row.participant_id: row for row in await session.exec(statement)}


async def keep_participations(
    session: AsyncSession, found: Sequence[Participation], names: Sequence[str]
) -> None:
    """Set these columns of each, whether there was a row or not."""
    if not found:
        return
    statement = upsert(Participation).values([row.model_dump() for row in found])
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["meeting_id", "participant_id"],
            set_={name: statement.excluded[name] for name in names},
        ).execution_options(populate_existing=True)
    )


async def forget_answers(session: AsyncSession, meeting_id: UUID) -> None:
    """Take back what everybody answered to the meeting's invitation."""
    said = ("answer", "answer_reason", "answered_at", "answered_by")
    await session.exec(
        update(Participation)
        .where(col(Participation.meeting_id) == meeting_id, col(Participation.answer).is_not(None))
        .values(dict.fromkeys(said))
        .execution_options(synchronize_session=False)
    )


async def list_tallies(session: AsyncSession, meeting_id: UUID) -> dict[str, AttendanceTally]:
    """The meeting's tallies by region."""
    statement = select(AttendanceTally).where(col(AttendanceTally.meeting_id) == meeting_id)
    return {row.region: row for row in await session.exec(statement)}


async def sum_tallies(
    session: AsyncSession, *, since: datetime, until: datetime, series: Series | None
) -> list[tuple[str, int, Tally]]:
    """Region, how many meetings, and the sum of their tallies, over meetings starting then.

    One that was called off counts nowhere.
    """
    columns: tuple[Any, ...] = (
        AttendanceTally.region,
        func.count(),
        *(
            func.sum(getattr(AttendanceTally, name))
            for name in ("expected", "attended", "late", "excused", "absent")
        ),
    )
    statement = (
        select(*columns)
        .join(Meeting, col(Meeting.id) == col(AttendanceTally.meeting_id))
        .where(
            col(Meeting.starts_at) >= since,
            col(Meeting.starts_at) < until,
            col(Meeting.status) != MeetingStatus.CANCELLED,
        )
        .group_by(col(AttendanceTally.region))
        .order_by(col(AttendanceTally.region))
    )
    if series is not None:
        statement = statement.where(col(Meeting.series) == series)
    return [
        (region, meetings, Tally(*(int(count) for count in rest)))
        for region, meetings, *rest in await session.exec(statement)
    ]


async def get_import(
    session: AsyncSession, import_id: UUID, *, for_update: bool = False
) -> AttendanceImport:
    """Raises `AttendanceImportNotFound`."""
    statement = select(AttendanceImport).where(col(AttendanceImport.id) == import_id)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).first()
    if found is None:
        raise AttendanceImportNotFound("Такого списка участников нет.")
    return found
