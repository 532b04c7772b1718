"""What the rating does by itself: it keeps the standings like the facts, freezes months, tells."""

import asyncio
import random
from contextlib import suppress
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from pgqueuer import Job, RetryRequested

from services.rating.domain.webhooks import STANDARD, Push
from services.rating.service import (
    deliveries,
    letters,
    reconciliations,
    slices,
    subscriptions,
    trends,
)
from services.rating.service import standings as service
from services.rating.service.erasures import forget
from services.rating.webhooks.sender import Sender
from services.rating.webhooks.targets import Rules
from shared import erasures, queue
from shared.clients.base import CalleeAway, CalleeRefused
from shared.clock import wall
from shared.db import connect, transaction
from shared.seals import Seals
from shared.worker import Context

# It rests as long as it took: under load many facts share one recomputation, and half of the
# time is left to whoever brings them.
_BREATH_SECONDS: Final = 0.005
# Mere time changes scores too (a due day ends, a month begins), so look at least this often.
LOOK_SECONDS: Final = 1.0
# Comparing reads all history: for each second of it so many without.
_REST: Final = 50
_ASK_AGAIN_SECONDS: Final = 5.0
# How long a job of a worker that died stays with it.
_STALE: Final = timedelta(seconds=5)
_LATER: Final = timedelta(seconds=2)
_TIDY_SECONDS: Final = 3600.0
_dice: Final = random.SystemRandom()

logger = structlog.get_logger(__name__)


async def scorer(context: Context) -> None:
    """Keep the standings like the facts: at once when idle, paced under load.

    Score until cancelled. Marks of touched regions are rows: a crash loses none.
    """
    loop = asyncio.get_running_loop()
    while True:
        context.heard.clear()
        began = loop.time()
        async with transaction(context.sessions) as session:
            changed = await service.score(session, context.clock.now())
        if changed:
            context.wake_relay()
        await asyncio.sleep(max(_BREATH_SECONDS, loop.time() - began))
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


async def reconciling(context: Context) -> None:
    """Compare the facts with their owner's every few minutes, and whenever asked to."""
    loop = asyncio.get_running_loop()
    pause = context.settings.reconcile_minutes * 60
    due_at = loop.time()
    reconciliations.show_counters()
    while True:
        if pause and context.settings.worker_index == 0 and loop.time() >= due_at:
            async with transaction(context.sessions) as session:
                scheduled = await reconciliations.schedule(session, now=context.clock.now())
            due_at = loop.time() + (pause if scheduled else LOOK_SECONDS)
        began = loop.time()
        try:
            done = await reconciliations.advance(context.sessions, context.client, context.clock)
        except (CalleeAway, CalleeRefused) as error:
            # Assignments are away or not upgraded yet: the rating itself lacks nothing.
            logger.warning("a reconciliation waits for assignments", error=repr(error)[:500])
            await asyncio.sleep(_ASK_AGAIN_SECONDS)
            continue
        if done:
            context.heard.set()
            due_at = max(due_at, loop.time() + (loop.time() - began) * _REST)
        else:
            await asyncio.sleep(LOOK_SECONDS)


async def trending(context: Context) -> None:
    """Keep the tallies of every day that has become final; at first all that are missing.

    Nobody waits for these: it rests longer than it works, for those whose score is waited for.
    """
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()
        async with transaction(context.sessions) as session:
            kept = await trends.advance(session, context.clock.now())
        await asyncio.sleep(LOOK_SECONDS if kept is None else (loop.time() - began) * 2)


async def lettering(context: Context) -> None:
    """Prepare the letters of what is frozen; what is sent whole is published."""
    while True:
        now = context.clock.now()
        async with transaction(context.sessions) as session:
            prepared = await letters.prepare(session, context.client, now=now)
        if context.settings.smtp_url is not None:
            async with transaction(context.sessions) as session:
                # A job may have been lost to an error: what waits has a place in the queue.
                await letters.requeue(session)
        async with transaction(context.sessions) as session:
            settled = await letters.settle(session, now=now)
        if prepared is not None or settled:
            context.wake_relay()
        if prepared is None:
            await asyncio.sleep(LOOK_SECONDS)


async def sending(context: Context) -> None:
    """Send the letters that are queued; a failure waits and is tried again."""
    connection = await connect(context.settings.database_dsn)
    try:
        queuer = queue.worker(connection)

        @queuer.entrypoint(letters.ENTRYPOINT, concurrency_limit=4)
        async def send(job: Job) -> None:
            await _send(context, UUID((job.payload or b"").decode()))

        await queuer.run(
            dequeue_timeout=timedelta(seconds=1), batch_size=8, heartbeat_timeout=_STALE
        )
    finally:
        connection.terminate()


async def _send(context: Context, letter_id: UUID) -> None:
    try:
        async with transaction(context.sessions) as session:
            pause = await letters.send(
                session, context.client, context.settings, letter_id, now=context.clock.now()
            )
    except OSError as error:
        # The directory is away: no attempt of the letter's own.
        logger.warning("a letter waits", letter=str(letter_id), error=repr(error))
        raise RetryRequested(_LATER) from error
    if pause is not None:
        raise RetryRequested(pause)


async def dispatching(context: Context) -> None:
    """Make deliveries of what was told, about once a second: news of standings come together."""
    while True:
        async with transaction(context.sessions) as session:
            await deliveries.dispatch(session, now=context.clock.now())
        await asyncio.sleep(LOOK_SECONDS)


async def pushing(context: Context) -> None:
    """Push what is due, so many at once; a receiver that is slow takes one place and no more."""
    sender = Sender(Rules.of(context.settings), STANDARD.timeout, seals=Seals.of(context.settings))
    running: set[asyncio.Task[None]] = set()
    try:
        while True:
            async with transaction(context.sessions) as session:
                begun = await deliveries.claim(
                    session, now=context.clock.now(), limit=STANDARD.places - len(running)
                )
            running |= {asyncio.create_task(_push(context, sender, one)) for one in begun}
            if not running:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            done, running = await asyncio.wait(
                running, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
    finally:
        # What was under way is made again when its lease is over.
        for task in running:
            task.cancel()


async def _push(context: Context, sender: Sender, push: Push) -> None:
    answer = await sender.send(push, wall())
    async with transaction(context.sessions) as session:
        state = await deliveries.record(
            session, push, answer, now=context.clock.now(), chance=_dice.random()
        )
    logger.info(
        "a push was tried",
        subscription=str(push.subscription_id),
        delivery=str(push.delivery_id),
        status=answer.status,
        error=answer.error,
        state=state,
        duration_ms=answer.duration_ms,
    )


async def tidying(context: Context) -> None:
    """Once an hour: forget old receipts, erase again whom the directory erased, renew seals."""
    seals = Seals.of(context.settings)
    while True:
        async with transaction(context.sessions) as session:
            await subscriptions.renew_seals(session, seals)
            await deliveries.forget(session, now=context.clock.now())
            await erasures.apply_again(session, forget)
        await asyncio.sleep(_TIDY_SECONDS)
