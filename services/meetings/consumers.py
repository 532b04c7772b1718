"""What the meetings service listens to: the directory's regions and clusters."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.repository import directory as repository
from shared.event_router import EventRouter
from shared.events.directory import ClusterEvent, RegionEvent

events = EventRouter()


@events.on(RegionEvent)
async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Keep the newest facts of each region; duplicates and stragglers change nothing."""
    await repository.keep_regions(session, heard)


@events.on(ClusterEvent)
async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Keep the newest facts of each cluster; duplicates and stragglers change nothing."""
    await repository.keep_clusters(session, heard)
