"""Scores the regions through the rating's own service, once, as its worker would."""

import time
from datetime import UTC, datetime

from services.rating.repository.standings import mark_unscored
from services.rating.service.standings import score
from shared.db import open_sessions, transaction


async def score_all(dsn: str) -> float:
    """Mark every region and work out the current month's standings; gives the seconds."""
    async with open_sessions(dsn, pool_size=2) as sessions:
        async with transaction(sessions) as session:
            await mark_unscored(session)
        began = time.perf_counter()
        async with transaction(sessions) as session:
            await score(session, datetime.now(UTC))
        return time.perf_counter() - began
