"""What happens by itself as days pass: meetings of series are made, agendas are frozen."""

import asyncio
from typing import Final

from services.meetings.service import agendas, retention, series
from shared.db import transaction
from shared.worker import Context

# How long a new day, or an agenda whose moment has come, may go unnoticed.
LOOK_SECONDS: Final = 1.0
_TIDY_SECONDS: Final = 3600.0


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


async def tidying(context: Context) -> None:
    """Delete what has outlived its term, once an hour."""
    terms = retention.Terms.of(context.settings)
    while True:
        async with transaction(context.sessions) as session:
            await retention.forget(session, terms, now=context.clock.now())
        await asyncio.sleep(_TIDY_SECONDS)
