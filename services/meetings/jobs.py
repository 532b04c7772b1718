"""What happens by itself as days pass: meetings of series are made, agendas are frozen."""

import asyncio
from typing import Final

from services.meetings.service import agendas, series
from shared.db import transaction
from shared.worker import Context

# How long a new day, or an agenda whose moment has come, may go unnoticed.
LOOK_SECONDS: Final = 1.0


async def making_meetings(context: Context) -> None:
    """Series have their meetings of the weeks ahead."""
    while True:
        async with transaction(context.sessions) as session:
            await series.make_ahead(session, now=context.clock.now())
        await asyncio.sleep(LOOK_SECONDS)


async def freezing_agendas(context: Context) -> None:
    """Agendas are fixed at their moment before the meeting."""
    while True:
        async with transaction(context.sessions) as session:
            frozen = await agendas.freeze_due(session, now=context.clock.now())
        if not frozen:
            await asyncio.sleep(LOOK_SECONDS)
