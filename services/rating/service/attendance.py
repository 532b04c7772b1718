"""Attendance beside a frozen slice."""

from collections.abc import Mapping

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.attendance import Attendance
from services.rating.domain.periods import Period
from services.rating.models import Slice
from services.rating.repository.attendance import attendance_in


async def attended_by_end(session: AsyncSession, one: Slice) -> Mapping[str, Attendance]:
    """By region, attendance at the month's meetings as told by the slice's cut-off.

    Read off what was heard, as an explanation is: no line and no hash holds it, no slice waits
    for it. What is told later is in the rating of the month, not here.
    """
    return await attendance_in(session, Period.parse(one.period), one.cut_off)
