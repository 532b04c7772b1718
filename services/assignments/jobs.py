"""What happens by itself as days pass: work changes hands, falls due, comes again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from pgqueuer import Job, RetryRequested

from services.assignments.service import (
    delivery,
    files,
    overdue,
    recurrences,
    reminders,
    retention,
    routing,
)
from services.assignments.store import StoreAway, open_store
from shared import queue
from shared.db import connect, transaction
from shared.worker import Context

# How long a new day may go unnoticed.
LOOK_SECONDS: Final = 1.0
# How long a job of a worker that died stays with it.
LOOK_LATER: Final = timedelta(seconds=2)
_KEPT: Final = timedelta(days=1)
_REQUEUE_SECONDS: Final = 15.0
_SWEEP_SECONDS: Final = 3600.0
_TIDY_SECONDS: Final = 3600.0
_STALE: Final = timedelta(seconds=5)

logger = structlog.get_logger(__name__)


async def handing_over(context: Context) -> None:
    """Tenures begin and end by the calendar: open work goes to the coordinators of today.

    What was closed by there being one closes on that day too.
    """
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
            issued = await recurrences.issue_recurring(
                session, context.client, now=context.clock.now()
            )
        if issued:
            context.wake_relay()
        else:
            await asyncio.sleep(LOOK_SECONDS)


async def reminding(context: Context) -> None:
    """Compose each region's messages once its sending hour has come."""
    while True:
        async with transaction(context.sessions) as session:
            due = await reminders.due_regions(session, context.clock.now())
        if due:
            settings = context.settings
            async with transaction(context.sessions) as session:
                await reminders.compose(
                    session,
                    due,
                    now=context.clock.now(),
                    sending=settings.smtp_url is not None,
                    chats=len(settings.notify_chat_urls),
                )
        if not due:
            await asyncio.sleep(LOOK_SECONDS)


async def delivering(context: Context) -> None:
    """Send what is queued; a failure waits and is tried again."""
    connection = await connect(context.settings.database_dsn)
    try:
        queuer = queue.worker(connection)

        @queuer.entrypoint(delivery.ENTRYPOINT, concurrency_limit=8)
        async def deliver(job: Job) -> None:
            await _deliver(context, UUID((job.payload or b"").decode()))

        await queuer.run(
            dequeue_timeout=timedelta(seconds=1), batch_size=20, heartbeat_timeout=_STALE
        )
    finally:
        connection.terminate()


async def requeueing(context: Context) -> None:
    """Messages that wait without a place in the queue get one again."""
    while True:
        async with transaction(context.sessions) as session:
            await delivery.requeue(session, context.settings, now=context.clock.now())
        await asyncio.sleep(_REQUEUE_SECONDS)


async def _deliver(context: Context, notification_id: UUID) -> None:
    try:
        async with transaction(context.sessions) as session:
            pause = await delivery.deliver(
                session,
                context.client,
                context.settings,
                notification_id,
                now=context.clock.now(),
            )
    except OSError as error:
        # The directory is away: no attempt of the message's own.
        logger.warning("a message waits", notification=str(notification_id), error=repr(error))
        raise RetryRequested(LOOK_LATER) from error
    if pause is not None:
        raise RetryRequested(pause)


async def sweeping(context: Context) -> None:
    """Contents of files that no row names: an upload died half-way, or was taken back."""
    while context.settings.object_store_url is not None:
        try:
            store = open_store(context.settings.object_store_url)
            # The store's own clock dates its objects, so the wall's counts here.
            async with transaction(context.sessions) as session:
                await files.sweep(session, store, before=datetime.now(UTC) - _KEPT)
        except StoreAway as error:
            logger.warning("the file store is away", error=repr(error.__cause__ or error)[:500])
        await asyncio.sleep(_SWEEP_SECONDS)


async def tidying(context: Context) -> None:
    """Take out what has outlived its term, once an hour."""
    terms = retention.Terms.of(context.settings)
    while True:
        async with transaction(context.sessions) as session:
            await retention.forget(session, terms, now=context.clock.now())
        await asyncio.sleep(_TIDY_SECONDS)
