"""What an operator does by hand: `python -m services.meetings.main <command>`."""

import structlog

from services.meetings.service import series
from shared.db import transaction
from shared.worker import Context

logger = structlog.get_logger(__name__)


async def load_series(context: Context) -> int:
    """Enter the programme's own series of meetings; loading twice changes nothing."""
    async with transaction(context.sessions) as session:
        counts = await series.load_series(session, now=context.clock.now())
    logger.info("series loaded", created=counts.created, unchanged=counts.unchanged)
    return 0
