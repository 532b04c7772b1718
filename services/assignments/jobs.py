"""What happens by itself as days pass: work changes hands, falls due, comes again."""

import asyncio
from typing import Final
from uuid import UUID

from services.assignments.service import issuing, overdue, routing
from shared.db import transaction
from shared.worker import Context

# How long a new day may go unnoticed.
LOOK_SECONDS: Final = 1.0


async def handing_over(context: Context) -> None:
    """Tenures begin and end by the calendar: open work goes to the coordinators of today."""
    while True:
        async with transaction(context.sessions) as session:
            moved = await routing.reroute(session, now=context.clock.now())
        if moved:
            context.wake_relay()
        else:
            await asyncio.sleep(LOOK_SECONDS)


async def falling_due(context: Context) -> None:
    """Due days end, region by region."""
    while True:
        after: UUID | None = None
        while True:
            async with transaction(context.sessions) as session:
                after = await overdue.expire(session, now=context.clock.now(), after=after)
            if after is None:
                break
            context.wake_relay()
        context.wake_relay()
        await asyncio.sleep(LOOK_SECONDS)


async def recurring(context: Context) -> None:
    """What recurs is issued when its day has come."""
    while True:
        async with transaction(context.sessions) as session:
            issued = await issuing.issue_recurring(session, context.client, now=context.clock.now())
        if issued:
            context.wake_relay()
        else:
            await asyncio.sleep(LOOK_SECONDS)
