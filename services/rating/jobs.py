"""What the rating does by itself: it keeps the standings like the facts, and freezes months."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from services.rating.service import slices
from services.rating.service import standings as service
from shared.db import transaction
from shared.worker import Context

# At most a few times a second: under load many facts then share one recomputation.
PACE_SECONDS: Final = 0.15
# Mere time changes scores too (a due day ends, a month begins), so look at least this often.
LOOK_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


async def scorer(context: Context) -> None:
    """Keep the standings like the facts: at once when idle, paced under load.

    Score until cancelled. Marks of touched regions are rows: a crash loses none.
    """
    while True:
        context.heard.clear()
        async with transaction(context.sessions) as session:
            changed = await service.score(session, context.clock.now())
        if changed:
            context.wake_relay()
        await asyncio.sleep(PACE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await context.heard.wait()


async def slicing(context: Context) -> None:
    """Freeze each month once it has ended everywhere and all its facts are heard."""
    while True:
        async with transaction(context.sessions) as session:
            frozen = await slices.advance(session, context.clock.now())
        if frozen is None:
            await asyncio.sleep(LOOK_SECONDS)
        else:
            logger.info("a month is frozen", period=frozen.period, result=frozen.result_hash)
            context.wake_relay()
