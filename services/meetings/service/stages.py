"""What the cross-cutting section of an agenda writes itself from: cyclograms and processes."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import AgendaKind, DueStage
from services.meetings.domain.meetings import Series
from services.meetings.domain.series import JOINS_UNIFIED, ZONE, concerns
from services.meetings.models import Meeting
from services.meetings.repository import meetings
from services.meetings.service import cyclograms, processes
from shared.clock import date_in

# Where no next meeting is known: it is a week away.
DAYS_AHEAD: Final = 7


async def due_at(session: AsyncSession, meeting: Meeting) -> Sequence[DueStage]:
    """Checkpoints and stages that fall due from the meeting's day until the next one's.

    Only of the cohorts that meet, and not what all their clusters have done; by date.
    """
    day = date_in(ZONE, meeting.starts_at)
    days = await _days_ahead(session, meeting, day)
    found = [
        DueStage(
            one.checkpoint.section,
            f"Циклограмма {one.cohort} года отбора: {one.checkpoint.title}"
            f" — {one.on:%d.%m.%Y} ({one.checkpoint.owner})",
            one.on,
        )
        for one in await cyclograms.checkpoints_due(session, day, days)
        if concerns(meeting.series, one.cohort)
    ]
    found += [
        DueStage(
            AgendaKind.CROSS_CUTTING,
            f"{stage.process_name}: {stage.stage.name} — победители {stage.cohort} года,"
            f" {stage.on:%d.%m.%Y}, выполнили {stage.done} из {stage.clusters}",
            stage.on,
        )
        for stage in await processes.stages_due(session, day, days)
        if concerns(meeting.series, stage.cohort) and stage.done < stage.clusters
    ]
    return sorted(found, key=lambda one: (one.due_on, one.text))


async def _days_ahead(session: AsyncSession, meeting: Meeting, day: date) -> int:
    """How many days after its own the meeting looks at: those before the next one's."""
    following = await meetings.following(session, meeting.series, after=meeting.starts_at)
    if following is None and meeting.series in JOINS_UNIFIED:
        following = await meetings.following(session, Series.UNIFIED, after=meeting.starts_at)
    if following is None:
        return DAYS_AHEAD
    return max(0, (date_in(ZONE, following.starts_at) - day).days - 1)
