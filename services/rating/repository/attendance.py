"""Statements about attendance at meetings."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from pydantic_core import to_json
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.attendance import Attendance
from services.rating.domain.periods import Period
from services.rating.models import AttendanceVersion
from services.rating.repository.standings import tell_of_change
from shared.events.meetings import AttendanceRecorded

_NAMES: Final = frozenset(AttendanceVersion.model_fields)
_COLUMNS: Final = ", ".join(AttendanceVersion.model_fields)
_KEEP: Final = text(
    f"with kept as (insert into attendance_versions ({_COLUMNS})"  # noqa: S608 - our names
    f" select {_COLUMNS}"
    " from jsonb_populate_recordset(null::attendance_versions, cast(:heard as jsonb))"
    " on conflict do nothing returning region)"
    " select exists (select from kept)"
)
# Of each meeting the newest by then. As an array: a join would go through all meetings there are.
_OF_PERIOD: Final = text(
    """
    with newest as (
        select distinct on (meeting_id, region)
            region, held_on, attended + late as present, absent
        from attendance_versions
        where meeting_id = any(array(
                select distinct meeting_id from attendance_versions
                where held_on between :start and :end
            ))
            and (cast(:as_of as timestamptz) is null or occurred_at <= :as_of)
        order by meeting_id, region, version desc
    )
    select region, count(*) as meetings, sum(present) as present, sum(absent) as absent
    from newest
    where held_on between :start and :end and present + absent > 0
    group by region
    """
)


async def keep_attendance(session: AsyncSession, heard: Sequence[AttendanceRecorded]) -> None:
    """Append the versions; where there is a new one, the board is told. Twice changes nothing."""
    rows = [event.model_dump(include=set(_NAMES)) for event in heard]
    connection = await session.connection()
    fresh = await connection.execute(_KEEP, {"heard": to_json(rows).decode()})
    if fresh.scalar_one():
        await tell_of_change(session)


async def attendance_in(
    session: AsyncSession, period: Period, as_of: datetime | None = None
) -> Mapping[str, Attendance]:
    """By region, attendance at the period's meetings: as told by the instant, else the newest.

    A region of which nothing was told by then is not there.
    """
    connection = await session.connection()
    given = {"start": period.start, "end": period.end, "as_of": as_of}
    rows = await connection.execute(_OF_PERIOD, given)
    return {row.region: Attendance(row.meetings, int(row.present), int(row.absent)) for row in rows}
