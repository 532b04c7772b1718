"""What of cyclograms and cross-cutting processes a meeting should look at."""

from collections.abc import Sequence
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import AgendaKind, DueStage
from services.meetings.domain.series import ZONE, concerns
from services.meetings.models import Meeting
from services.meetings.service.cyclograms import checkpoints_due
from services.meetings.service.processes import stages_due
from shared.clock import date_in

# This week's and the next: what is due before the meeting after this one is said twice.
DAYS_AHEAD: Final = 14


async def due_stages(session: AsyncSession, meeting: Meeting) -> Sequence[DueStage]:
    """Checkpoints of the section and stages due soon for the cohorts that meet, by date."""
    day = date_in(ZONE, meeting.starts_at)
    found = [
        DueStage(
            text=(
                f"{one.checkpoint.title} (отбор {one.cohort} года): срок {one.on:%d.%m.%Y},"
                f" отвечает {one.checkpoint.owner}."
            ),
            due_on=one.on,
        )
        for one in await checkpoints_due(session, day, DAYS_AHEAD)
        if one.checkpoint.section is AgendaKind.CROSS_CUTTING
        and concerns(meeting.series, one.cohort)
    ]
    found += [
        DueStage(
            text=(
                f"{one.process_name}: «{one.stage.name}» (отбор {one.cohort} года), срок"
                f" {one.on:%d.%m.%Y}."
            ),
            due_on=one.on,
        )
        for one in await stages_due(session, day, DAYS_AHEAD)
        if concerns(meeting.series, one.cohort)
    ]
    return sorted(found, key=lambda stage: (stage.due_on, stage.text))
