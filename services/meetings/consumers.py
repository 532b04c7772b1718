"""What the meetings service listens to: the directory, and what executions are owed."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.control import HeardExecution
from services.meetings.repository import directory as repository
from services.meetings.repository import executions
from services.meetings.service.erasures import forget
from shared import erasures
from shared.event_router import EventRouter
from shared.events.assignments import ExecutionEvent
from shared.events.directory import AppointmentEvent, ClusterEvent, PersonErased, RegionEvent

events = EventRouter(urgent=[ExecutionEvent])


@events.on(RegionEvent)
async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Keep the newest facts of each region; duplicates and stragglers change nothing."""
    await repository.keep_regions(session, heard)


@events.on(ClusterEvent)
async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Keep the newest facts of each cluster; duplicates and stragglers change nothing."""
    await repository.keep_clusters(session, heard)


@events.on(AppointmentEvent)
async def keep_appointments(session: AsyncSession, heard: Sequence[AppointmentEvent]) -> None:
    """Keep the newest facts of each tenure; duplicates and stragglers change nothing."""
    await repository.keep_appointments(session, heard)


@events.on_view(HeardExecution, of=ExecutionEvent)
async def keep_executions(session: AsyncSession, heard: Sequence[HeardExecution]) -> None:
    """Keep the newest facts of each execution: the control section is written from them."""
    await executions.keep_executions(session, heard)


@events.on(PersonErased)
async def erase_people(session: AsyncSession, heard: Sequence[PersonErased]) -> None:
    """Whoever the directory erased is erased here, and stays so."""
    await erasures.hear(session, heard, forget)
