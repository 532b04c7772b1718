"""What an operator runs by hand beside the worker, or instead of it while that is down."""

import asyncio
from contextlib import suppress
from typing import Final

import structlog

from services.rating.domain.reconciliations import Outcome, ReconciliationUnfinished, Trigger
from services.rating.models import Reconciliation
from services.rating.repository import reconciliations as repository
from services.rating.service import reconciliations as service
from shared.db import transaction
from shared.worker import Context

_LOOK_SECONDS: Final = 0.5

logger = structlog.get_logger(__name__)


async def reconcile(context: Context) -> int:
    """Compare the facts with their owner's and heal what differs; 1 where something still does."""
    return await _carry_out(context, rebuild=False)


async def rebuild(context: Context) -> int:
    """Hear everything anew; until that is done, the board keeps the standings it had."""
    return await _carry_out(context, rebuild=True)


async def _carry_out(context: Context, *, rebuild: bool) -> int:
    asked = None
    while asked is None:
        asked = await _ask(context, rebuild=rebuild)
        if asked is None:
            logger.info("another reconciliation is finished first")
            await _advance(context)
    while True:
        await _advance(context)
        async with transaction(context.sessions) as session:
            one = await repository.get_reconciliation(session, asked.id)
        if one.finished_at is not None:
            return int(one.outcome is Outcome.DIFFERING)
        logger.info("not finished yet", outcome=one.outcome.value)


async def _ask(context: Context, *, rebuild: bool) -> Reconciliation | None:
    """A reconciliation of our own, or the like one under way; None while there is another."""
    async with transaction(context.sessions) as session:
        running = await repository.unfinished(session)
        if running is None:
            with suppress(ReconciliationUnfinished):
                now = context.clock.now()
                return await service.request(session, rebuild=rebuild, by="command", now=now)
            return None
        return running if (running.trigger is Trigger.REBUILD) == rebuild else None


async def _advance(context: Context) -> None:
    """Do it ourselves, unless a worker is at it or not everything is heard yet."""
    if not await service.advance(context.sessions, context.client, context.clock):
        await asyncio.sleep(_LOOK_SECONDS)
