"""What the directory does by itself: long lists are entered, posts go out, terms run out."""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from pgqueuer import Job, RetryRequested

from services.directory.service import channels, imports, posts, retention
from services.directory.service.messengers import system_resolve
from shared import queue
from shared.db import connect, transaction
from shared.errors import Unavailable
from shared.seals import Seals
from shared.worker import Context

# How long a job of a worker that died stays with it.
_STALE: Final = timedelta(seconds=5)
_LATER: Final = timedelta(seconds=2)
_REQUEUE_SECONDS: Final = 15.0
_TIDY_SECONDS: Final = 3600.0

logger = structlog.get_logger(__name__)


async def working(context: Context) -> None:
    """Do what is queued: lists are checked and entered, one at a time; posts go out."""
    connection = await connect(context.settings.database_dsn)
    try:
        queuer = queue.worker(connection)

        @queuer.entrypoint(imports.ENTRYPOINT, concurrency_limit=1)
        async def carry_on(job: Job) -> None:
            await _carry_on(context, UUID((job.payload or b"").decode()))

        @queuer.entrypoint(posts.ENTRYPOINT, concurrency_limit=8)
        async def deliver(job: Job) -> None:
            await _deliver(context, UUID((job.payload or b"").decode()))

        await queuer.run(
            dequeue_timeout=timedelta(seconds=1), batch_size=16, heartbeat_timeout=_STALE
        )
    finally:
        connection.terminate()


async def _carry_on(context: Context, import_id: UUID) -> None:
    try:
        told = await imports.carry_on(context.sessions, import_id, now=context.clock.now())
    except (OSError, Unavailable) as error:
        logger.warning("an import waits", import_id=str(import_id), error=repr(error)[:500])
        raise RetryRequested(_LATER) from error
    if told:
        context.wake_relay()


async def _deliver(context: Context, delivery_id: UUID) -> None:
    async with transaction(context.sessions) as session:
        pause = await posts.deliver(
            session,
            delivery_id,
            context.settings,
            system_resolve,
            Seals.of(context.settings),
            now=context.clock.now(),
        )
    if pause is not None:
        raise RetryRequested(pause)


async def requeueing(context: Context) -> None:
    """What waits without a place in the queue gets one again."""
    while True:
        async with transaction(context.sessions) as session:
            await imports.requeue(session)
            await posts.requeue(session)
        await asyncio.sleep(_REQUEUE_SECONDS)


async def tidying(context: Context) -> None:
    """Once an hour: delete what has outlived its term, renew seals."""
    terms = retention.Terms.of(context.settings)
    seals = Seals.of(context.settings)
    while True:
        async with transaction(context.sessions) as session:
            await retention.forget(session, terms, now=context.clock.now())
            await channels.renew_seals(session, seals)
        await asyncio.sleep(_TIDY_SECONDS)
