"""The scorer: keeps the stored standings like the facts, at once when idle, paced under load."""

import asyncio
from contextlib import suppress
from typing import Final

from services.rating.service import standings as service
from shared.db import transaction
from shared.worker import Context

# At most a few times a second: under load many facts then share one recomputation.
PACE_SECONDS: Final = 0.15
# Mere time changes scores too (a due day ends, a month begins), so look at least this often.
LOOK_SECONDS: Final = 1.0


async def scorer(context: Context) -> None:
    """Score until cancelled. Marks of touched regions are rows: a crash loses none."""
    while True:
        context.heard.clear()
        async with transaction(context.sessions) as session:
            await service.score(session, context.clock.now())
        await asyncio.sleep(PACE_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await context.heard.wait()
