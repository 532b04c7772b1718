"""Leaders are proposed by slices and practices, and confirmed by a person with a reason."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.leaders import (
    LeaderDecidedAlready,
    LeaderKind,
    LeaderSource,
    LeaderStatus,
    Line,
    basis_of,
    leading,
)
from services.directory.domain.organisations import OrganisationKind
from services.directory.domain.relations import RelationKind
from services.directory.models import Cluster, Leader, Practice
from services.directory.repository import leaders as repository
from services.directory.repository import practices as practices_repository
from services.directory.repository import relations
from services.directory.repository.roadmaps import policy_at
from services.directory.service.days import today
from services.directory.service.rows import facts_of
from shared import outbox
from shared.auth import Actor, Rows
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.events.directory import LeaderConfirmed
from shared.events.rating import SliceEvent
from shared.ids import new_id

_KINDS: Final = {
    OrganisationKind.COLLEGE: LeaderKind.COLLEGE,
    OrganisationKind.ENTERPRISE: LeaderKind.ENTERPRISE,
}


def proposals_for(actor: Actor) -> Collection[str] | None:
    """Of which industries the operation reaches proposals for the actor; None for all."""
    if actor.reaches_all:
        return None
    return actor.industries if Rows.INDUSTRY in actor.rows else ()


async def hear_slices(session: AsyncSession, heard: Sequence[SliceEvent]) -> None:
    """Propose the best regions of each month by its newest revision; any order, any repetition.

    Raises `PolicyNotFound`.
    """
    for event in heard:
        if not await repository.keep_newest_revision(session, event.period, event.revision):
            continue
        day = event.frozen_at.astimezone(MOSCOW).date()
        policy = await policy_at(session, day)
        lines = [
            Line(item.region, item.stabilised_bp, item.zone, item.place) for item in event.items
        ]
        best = leading(lines, policy)
        await repository.lapse_others(session, event.period, [line.region for line in best])
        proposed = [
            Leader(
                id=new_id(),
                kind=LeaderKind.REGION,
                subject=line.region,
                source=LeaderSource.SLICE,
                source_ref=event.period,
                basis=basis_of(event.period, line),
                status=LeaderStatus.PROPOSED,
                proposed_on=day,
            )
            for line in best
        ]
        await repository.propose(session, proposed)


async def propose_from(
    session: AsyncSession, practice: Practice, cluster: Cluster, *, now: datetime
) -> None:
    """Propose the colleges and enterprises whose practice was selected."""
    day = today(now)
    colleges = await relations.standing(
        session, cluster.id, since=day, kind=RelationKind.CORE_COLLEGE
    )
    named = {
        *practice.organisations,
        *(one.organisation_id for one in colleges if one.valid_from <= day),
    }
    proposed = [
        Leader(
            id=new_id(),
            kind=_KINDS[organisation.kind],
            subject=str(organisation.id),
            association=practice.association,
            source=LeaderSource.PRACTICE,
            source_ref=str(practice.id),
            basis=f"Отобранная практика «{practice.title}», кластер {cluster.code}.",
            status=LeaderStatus.PROPOSED,
            proposed_on=day,
        )
        for organisation in await practices_repository.organisations_of(session, named)
    ]
    await repository.propose(session, proposed)


async def decide(
    session: AsyncSession,
    leader_id: UUID,
    status: LeaderStatus,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> Leader:
    """Confirm or decline a proposal; only what is confirmed is told and shown to all.

    Raises `LeaderNotFound`, `VersionMismatch`, `LeaderDecidedAlready`.
    """
    leader = await repository.get_leader(session, leader_id, proposals_for(actor))
    expect_version(leader.version, expected_version)
    if leader.status is not LeaderStatus.PROPOSED:
        raise LeaderDecidedAlready("По этому предложению решение уже принято или оно снято.")
    leader.status, leader.reason, leader.decided_by = status, reason, actor.id
    leader.decided_on = now.astimezone(MOSCOW).date()
    leader.version += 1
    await session.flush()
    if status is LeaderStatus.CONFIRMED:
        facts = facts_of(leader, LeaderConfirmed)
        event = LeaderConfirmed(**facts, leader_id=leader.id, occurred_at=now)
        await outbox.add(session, [event])
    return leader
