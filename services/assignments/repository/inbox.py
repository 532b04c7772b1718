"""Statements about what waits for an actor."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, false, or_, true, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import (
    OPEN,
    Addressee,
    ExecutorRole,
    Party,
    Status,
    Track,
)
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.inbox import WAITS
from services.assignments.models import Assignment, Execution, Extension, Subtask
from services.assignments.repository.rows import visible_to
from shared.auth import Actor, Role


@dataclass(frozen=True, slots=True)
class Scope:
    """In which capacity the actor may be waited for, and in which rows it has that capacity."""

    party: Party
    rows: ColumnElement[bool]


_TRACK = {
    Track.CLUSTER: and_(
        col(Execution.addressee) == Addressee.CLUSTER, col(Execution.role) == ExecutorRole.LEAD
    ),
    Track.AUTHORITY: col(Execution.addressee) == Addressee.AUTHORITY,
    Track.CO: col(Execution.role) == ExecutorRole.CO,
}
_ASKED = exists().where(
    col(Extension.execution_id) == col(Execution.id),
    col(Extension.status) == ExtensionStatus.OPEN,
)
_GIVEN = exists().where(
    col(Subtask.execution_id) == col(Execution.id),
    col(Subtask.completed_at).is_(None),
    col(Subtask.cancelled_at).is_(None),
)
_KEY = func.coalesce(col(Execution.internal_due), col(Execution.due))


def scopes_of(actor: Actor, away: Collection[str]) -> list[Scope]:
    """The actor's capacities; `away` are the regions in which deputies act."""
    found: list[Scope] = []
    region, cluster = col(Execution.region), col(Execution.cluster_id)
    if actor.is_any(Role.CUR_ADMIN):
        found.append(Scope(Party.CONTROLLER, true()))
    elif actor.is_any(Role.CUR_CONTROLLER):
        named = or_(
            col(Assignment.controller).is_(None),
            col(Assignment.controller) == actor.id,
            col(Assignment.controller_deputy) == actor.id,
        )
        found.append(Scope(Party.CONTROLLER, named))
    coordinated = set(actor.regions) if actor.is_any(Role.COORDINATOR) else set()
    if actor.is_any(Role.DEPUTY):
        coordinated |= actor.regions & set(away)
    if coordinated:
        found.append(Scope(Party.COORDINATOR, region.in_(coordinated)))
    if actor.is_any(Role.CLUSTER):
        found.append(Scope(Party.ADDRESSEE, cluster.in_(actor.clusters)))
        lead = col(Execution.lead_cluster_id).in_(actor.clusters)
        found.append(Scope(Party.LEAD, lead))
    if actor.is_any(Role.AUTHORITY_HEAD):
        rows = and_(col(Execution.addressee) == Addressee.AUTHORITY, region.in_(actor.regions))
        found.append(Scope(Party.ADDRESSEE, rows))
    return found


def _waiting(scope: Scope, overdue: ColumnElement[bool]) -> ColumnElement[bool]:
    kinds: list[ColumnElement[bool]] = []
    for track, waits in WAITS.items():
        statuses = [status for status, party in waits if party is scope.party]
        if statuses:
            kinds.append(and_(_TRACK[track], col(Execution.status).in_(statuses)))
    if scope.party is Party.CONTROLLER:
        kinds.append(_ASKED)
    if scope.party is Party.ADDRESSEE:
        kinds.append(and_(_GIVEN, col(Execution.status).in_(OPEN)))
    if scope.party is Party.COORDINATOR:
        with_the_cluster = (Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.RETURNED)
        kinds.append(
            and_(
                _TRACK[Track.CLUSTER],
                col(Execution.status).in_(with_the_cluster),
                overdue,
            )
        )
    return and_(scope.rows, or_(*kinds))


def _matching(
    actor: Actor, scopes: Sequence[Scope], overdue: ColumnElement[bool]
) -> ColumnElement[bool]:
    waiting = or_(false(), *(_waiting(scope, overdue) for scope in scopes))
    return and_(visible_to(actor), waiting)


async def list_waiting(
    session: AsyncSession,
    actor: Actor,
    scopes: Sequence[Scope],
    *,
    overdue: ColumnElement[bool],
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[tuple[Execution, Assignment]]:
    """What waits, the earliest date first (the internal one, where there is one).

    `overdue` is the register's condition: `due*` has passed and nothing is handed in.
    """
    key = tuple_(_KEY, col(Execution.id))
    statement = (
        select(Execution, Assignment)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(_matching(actor, scopes, overdue))
        .order_by(_KEY, col(Execution.id))
        .limit(limit)
    )
    if after is not None:
        statement = statement.where(key > after)
    return (await session.exec(statement)).all()


async def count_waiting(
    session: AsyncSession,
    actor: Actor,
    scopes: Sequence[Scope],
    overdue: ColumnElement[bool],
) -> int:
    """How many executions wait."""
    statement = (
        select(func.count())
        .select_from(Execution)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(_matching(actor, scopes, overdue))
    )
    return (await session.exec(statement)).one()


async def open_subtasks(session: AsyncSession, execution_ids: Collection[UUID]) -> dict[UUID, date]:
    """Execution → the earliest date of its open sub-tasks."""
    statement = (
        select(Subtask.execution_id, func.min(Subtask.due))
        .where(
            col(Subtask.execution_id).in_(execution_ids),
            col(Subtask.completed_at).is_(None),
            col(Subtask.cancelled_at).is_(None),
        )
        .group_by(col(Subtask.execution_id))
    )
    return dict((await session.exec(statement)).all())


async def regions_of(session: AsyncSession, actor: Actor) -> Sequence[Execution]:
    """One execution per region of the actor: it knows the region's time zone."""
    statement = (
        select(Execution)
        .ext(distinct_on(col(Execution.region)))
        .where(col(Execution.region).in_(actor.regions))
        .order_by(col(Execution.region))
    )
    return (await session.exec(statement)).all()
