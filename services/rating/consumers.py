"""What the rating listens to: facts of executions, the directory's names and zones, and titles."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.repository import assignments, directory, facts
from shared.consumer import EventRouter
from shared.events.assignments import AssignmentEvent, ExecutionEvent
from shared.events.directory import ClusterEvent, RegionEvent

events = EventRouter()


@events.on(ExecutionEvent)
async def keep_facts(session: AsyncSession, heard: Sequence[ExecutionEvent]) -> None:
    """Keep every version and the newest of each; duplicates and stragglers change nothing.

    What happened does not matter here, only the facts after it. Lateness needs no event at all.
    """
    await facts.keep_facts(session, heard)


@events.on(RegionEvent)
async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Keep the newest name and time zone of each region."""
    await directory.keep_regions(session, heard)


@events.on(ClusterEvent)
async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Keep the newest facts of each cluster."""
    await directory.keep_clusters(session, heard)


@events.on(AssignmentEvent)
async def keep_assignments(session: AsyncSession, heard: Sequence[AssignmentEvent]) -> None:
    """Keep the newest number and words of each assignment: only sentences depend on them."""
    await assignments.keep_assignments(session, heard)
