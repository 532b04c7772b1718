"""What the directory listens to: the rating's frozen months, which propose leaders."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.service import leaders
from shared.event_router import EventRouter
from shared.events.rating import SliceEvent

events = EventRouter()


@events.on(SliceEvent)
async def propose_leaders(session: AsyncSession, heard: Sequence[SliceEvent]) -> None:
    """Propose the best regions of each month; nobody is a leader before a person says so."""
    await leaders.hear_slices(session, heard)
