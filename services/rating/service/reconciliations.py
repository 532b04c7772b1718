"""The rating compared with assignments, who own the facts, and healed where it differs.

A reconciliation is a row that waits until some worker, or a command, carries it out: one at a
time, a partition of a topic per transaction, begun anew after a crash.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.reconciliations import (
    Extent,
    Mended,
    Outcome,
    ReconciliationUnfinished,
    Trigger,
    differing,
    outcome_of,
    report,
)
from services.rating.models import Reconciliation
from services.rating.repository import positions, standings, trends
from services.rating.repository import reconciliations as repository
from services.rating.repository import renewals as kept
from services.rating.service import renewals
from services.rating.service.standings import score
from shared.clients import assignments
from shared.clients.base import ServiceClient
from shared.clock import Clock
from shared.db import Sessions, transaction
from shared.events.base import PARTITIONS, partition_of
from shared.observability import MENDED, RECONCILED, show

# Farther behind than this the rating is still catching up.
_BEHIND: Final = timedelta(minutes=1)
# Regions are not compared.
_FACTS: Final = (positions.FACTS_TOPIC,)
_MENDED: Final = ("added", "changed", "removed")

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Comparison:
    """What both hold up to an instant that both know whole; `regions` are those that differ."""

    as_of: datetime
    ours: Mapping[str, Extent]
    theirs: Mapping[str, Extent]
    regions: set[str]


def show_counters() -> None:
    """Have what reconciliations count seen from the start."""
    show(RECONCILED, Outcome.SAME, Outcome.HEALED, Outcome.DIFFERING)
    show(MENDED, *_MENDED)


async def request(
    session: AsyncSession, *, rebuild: bool, by: str, now: datetime
) -> Reconciliation:
    """Have the worker reconcile, or hear everything anew. Raises `ReconciliationUnfinished`."""
    trigger = Trigger.REBUILD if rebuild else Trigger.REQUEST
    one = Reconciliation(
        trigger=trigger, requested_by=by, outcome=Outcome.WAITING, created_at=now, regions=[]
    )
    if not await repository.begin(session, one):
        raise ReconciliationUnfinished("Дождитесь конца идущей сверки: она одна на всех.")
    return one


async def schedule(session: AsyncSession, *, now: datetime) -> bool:
    """Have a reconciliation made; False while the rating is catching up."""
    heard = await positions.complete_through(session, _FACTS)
    if heard is None or now - heard > _BEHIND:
        return False
    one = Reconciliation(
        trigger=Trigger.SCHEDULE,
        requested_by="rating",
        outcome=Outcome.WAITING,
        created_at=now,
        regions=[],
    )
    # Where one is under way already, it does.
    await repository.begin(session, one)
    return True


async def advance(sessions: Sessions, client: ServiceClient, clock: Clock) -> bool:
    """Carry out the reconciliation that waits; False where there is none, or it must wait.

    Raises `CalleeAway`, after which it is begun anew.
    """
    async with transaction(sessions) as turn:
        if not await repository.take_turn(turn):
            return False
        async with transaction(sessions) as session:
            one = await repository.unfinished(session)
        if one is None:
            return False
        found = await _compare(sessions, client)
        if found is None and one.trigger is not Trigger.REBUILD:
            return False
        await _carry_out(turn, sessions, client, clock, one, found)
        return True


async def _compare(sessions: Sessions, client: ServiceClient) -> _Comparison | None:
    async with transaction(sessions) as session:
        as_of = await positions.complete_through(session, _FACTS)
        if as_of is None:
            return None
        ours = await kept.digests(session, as_of)
        torn = await kept.torn_regions(session)
    told = await assignments.digests(client, as_of)
    theirs = {
        region: Extent(one.executions, one.versions, one.digest) for region, one in told.items()
    }
    return _Comparison(as_of, ours, theirs, differing(ours, theirs) | torn)


async def _carry_out(
    turn: AsyncSession,
    sessions: Sessions,
    client: ServiceClient,
    clock: Clock,
    one: Reconciliation,
    found: _Comparison | None,
) -> None:
    is_rebuild = one.trigger is Trigger.REBUILD
    regions = found.regions if found else set()
    partitions = sorted({partition_of(region) for region in regions})
    if is_rebuild:
        partitions = list(range(PARTITIONS))
    async with transaction(sessions) as session:
        running = await repository.get_reconciliation(session, one.id)
        running.outcome, running.started_at = Outcome.RUNNING, clock.now()
        running.partitions, running.partitions_done = len(partitions), 0
        session.add(running)
        # What was put right before a crash is part of it.
        mended = Mended(
            running.versions_added,
            running.versions_changed,
            running.versions_removed,
            running.executions,
        )
    for partition in partitions:
        if is_rebuild:
            # As soon as it is ours: days worked out meanwhile would be forgotten at the end.
            await trends.take_turn(turn)
            await _renew_told(sessions, client, partition)
        async with transaction(sessions) as session:
            mended += await renewals.renew_facts(session, client, partition)
            await _tell_progress(session, one.id, mended)
    if is_rebuild:
        async with transaction(sessions) as session:
            # In one transaction: nobody ever sees a board without standings. The turn and the marks
            # first, as the scorer does, who may be at work.
            await kept.take_time(session)
            await standings.take_turn(session)
            await standings.take_touched(session)
            await kept.forget_derived(session)
            await score(session, clock.now())
    async with transaction(sessions) as session:
        await standings.mark_unscored(session)
    left = await _compare(sessions, client) if partitions else found
    await _finish(sessions, clock, one.id, found, left, mended)


async def _renew_told(sessions: Sessions, client: ServiceClient, partition: int) -> None:
    """Whatever is heard beside facts; while one topic is read, the others' positions are free."""
    for renew in (
        renewals.renew_assignments,
        renewals.renew_attendance,
        renewals.renew_clusters,
        renewals.renew_regions,
    ):
        async with transaction(sessions) as session:
            await renew(session, client, partition)


async def _tell_progress(session: AsyncSession, found: UUID, mended: Mended) -> None:
    one = await repository.get_reconciliation(session, found)
    one.partitions_done += 1
    one.versions_added, one.versions_changed = mended.added, mended.changed
    one.versions_removed, one.executions = mended.removed, mended.executions
    session.add(one)
    logger.info("a partition is heard anew", done=one.partitions_done, of=one.partitions)


async def _finish(
    sessions: Sessions,
    clock: Clock,
    found_id: UUID,
    found: _Comparison | None,
    left: _Comparison | None,
    mended: Mended,
) -> None:
    before = found.regions if found else set()
    after = left.regions if left else set()
    outcome = outcome_of(before, after, mended)
    async with transaction(sessions) as session:
        one = await repository.get_reconciliation(session, found_id)
        one.outcome, one.finished_at = outcome, clock.now()
        one.as_of = found.as_of if found else None
        one.regions = report(
            before | after,
            found.ours if found else {},
            left.theirs if left else {},
            left.ours if left else {},
        )
        session.add(one)
        await session.flush()
        await repository.forget_uneventful(session, but=one.id)
    _tell(one, mended)


def _tell(one: Reconciliation, mended: Mended) -> None:
    RECONCILED.labels(one.outcome.value).inc()
    for kind in _MENDED:
        MENDED.labels(kind).inc(getattr(mended, kind))
    say = logger.info if one.outcome is Outcome.SAME else logger.warning
    say(
        "reconciled",
        trigger=one.trigger.value,
        outcome=one.outcome.value,
        regions=[held["region"] for held in one.regions],
        added=mended.added,
        changed=mended.changed,
        removed=mended.removed,
    )


async def follow_replaced_log(
    session: AsyncSession, client: ServiceClient, partition: int, *, now: datetime
) -> None:
    """Hear the partition anew after its owner came back with another log, and record it.

    Raises `CalleeAway`.
    """
    before = await kept.digests_of(session, partition)
    mended = await renewals.renew_facts(session, client, partition)
    after = await kept.digests_of(session, partition)
    # Until the new log says how far it is whole, no day of its regions is final.
    await trends.reopen(session, before.keys() | after.keys(), None)
    one = Reconciliation(
        trigger=Trigger.REPLACED_LOG,
        requested_by="rating",
        outcome=Outcome.HEALED,
        created_at=now,
        started_at=now,
        finished_at=now,
        partitions=1,
        partitions_done=1,
        versions_added=mended.added,
        versions_changed=mended.changed,
        versions_removed=mended.removed,
        executions=mended.executions,
        # The owner's are ours now.
        regions=report(differing(before, after), before, after, after),
    )
    await repository.begin(session, one)
    _tell(one, mended)
