"""Commands on executions: load and lock, decide, change, tell. One or a thousand at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import (
    FINAL,
    Command,
    ExecutorRole,
    NotYourMove,
    Order,
    Party,
    Track,
    track_of,
)
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, Extension
from services.assignments.repository import coordination, policies
from services.assignments.repository import executions as repository
from services.assignments.repository.executions import ExecutionNotFound, Locked
from services.assignments.service.changes import Changes, change
from services.assignments.service.parties import (
    DEPUTY_ACTS,
    SYSTEM,
    SYSTEM_ONLY,
    DeputyNotNow,
    away_regions,
    standing_of,
)
from shared.auth import Actor, Role
from shared.errors import DomainError, expect_version

# What may end an execution, and with a lead's what its co-executors owe it.
_ENDING: Final = frozenset({Command.ACCEPT, Command.WITHDRAW, Command.SUPERSEDE})
_BY_POLICY: Final = frozenset(
    {Command.DELEGATE, Command.REQUEST_EXTENSION, Command.GRANT_EXTENSION, Command.REDATE}
)


@dataclass(frozen=True, slots=True)
class Request:
    """An order about one execution, and the version it was meant for, where that was said."""

    execution_id: UUID
    order: Order
    expected_version: int | None = None


async def perform(
    session: AsyncSession,
    execution_id: UUID,
    order: Order,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Execution:
    """Carry out an order on one execution.

    Raises `ExecutionNotFound`, `VersionMismatch`, `ActionNotAllowed`, `NotYourMove`, and what
    the command itself may refuse: `EvidenceMissing`, `FieldsInvalid`, `PointsInvalid`,
    `DateInvalid`, `ExtensionOpen`, `NoExtensionOpen`.
    """
    [outcome] = await perform_many(
        session, [Request(execution_id, order, expected_version)], actor, now=now
    )
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


async def perform_many(
    session: AsyncSession, requests: Sequence[Request], actor: Actor, *, now: datetime
) -> list[Execution | DomainError]:
    """Carry out orders on different executions: what each came to, in the order given.

    A refused one changes nothing and hinders none of the others.
    """
    ending = any(request.order.command in _ENDING for request in requests)
    locked = await repository.lock_for_commands(
        session,
        [request.execution_id for request in requests],
        actor,
        now=now,
        with_hanging=ending,
    )
    around = await _surroundings(
        session, [request.order for request in requests], locked, actor, now
    )
    changes = Changes()
    outcomes: list[Execution | DomainError] = []
    for request in requests:
        try:
            outcomes.append(_carry_out(request, locked.own, around, actor, changes, now=now))
        except DomainError as refusal:
            outcomes.append(refusal)
    _end_what_hung_on(locked, changes, now=now)
    for request, outcome in zip(requests, outcomes, strict=True):
        # What was refused may have ended with its lead.
        if isinstance(outcome, DomainError) and request.execution_id in locked.own:
            outcome.current = _current(locked.own[request.execution_id][0])
    session.add_all(around.made)
    await changes.save(session)
    return outcomes


@dataclass(slots=True)
class _Surroundings:
    """What deciding needs besides the execution and its assignment."""

    # Any command may end an execution or ask: its open request is always worth knowing.
    requests: Mapping[UUID, Extension]
    policies: Mapping[int, Policy]
    away: set[str]
    passing: set[tuple[str, UUID]]
    made: list[Extension] = field(default_factory=list)


async def _surroundings(
    session: AsyncSession,
    orders: Sequence[Order],
    locked: Locked,
    actor: Actor,
    now: datetime,
) -> _Surroundings:
    commands = {order.command for order in orders}
    rows = [execution for execution, _ in locked.own.values()]
    passing: set[tuple[str, UUID]] = set()
    if Command.SUBMIT in commands:
        clusters = {row.cluster_id for row in rows if row.cluster_id is not None}
        passing = await coordination.forwarded_by_themselves(session, clusters)
    return _Surroundings(
        requests=locked.requests,
        policies=await policies.all_policies(session) if commands & _BY_POLICY else {},
        away=await away_regions(session, rows, now) if actor.is_any(Role.DEPUTY) else set(),
        passing=passing,
    )


def _carry_out(
    request: Request,
    found: Mapping[UUID, tuple[Execution, Assignment]],
    around: _Surroundings,
    actor: Actor,
    changes: Changes,
    *,
    now: datetime,
) -> Execution:
    if request.execution_id not in found:
        raise ExecutionNotFound("Исполнение не найдено.")
    execution, assignment = found[request.execution_id]
    try:
        expect_version(execution.version, request.expected_version)
        _obey(request.order, execution, assignment, around, actor, changes, now=now)
    except DomainError as refusal:
        refusal.current = _current(execution)
        raise
    return execution


def _current(execution: Execution) -> dict[str, Any]:
    return {"state": execution.status.value, "version": execution.version}


def _obey(
    order: Order,
    execution: Execution,
    assignment: Assignment,
    around: _Surroundings,
    actor: Actor,
    changes: Changes,
    *,
    now: datetime,
) -> None:
    standing = standing_of(actor, execution, assignment, around.away)
    try:
        change(
            execution,
            order,
            standing.parties,
            changes,
            actor=actor.id,
            now=now,
            assignment=assignment,
            extension=around.requests.get(execution.id),
            policy=around.policies.get(assignment.policy_version),
            deputy=standing.as_deputy,
            made=around.made,
        )
    except NotYourMove as refusal:
        waits = actor.is_any(Role.DEPUTY) and not standing.as_deputy
        if waits and Party.COORDINATOR in refusal.by:
            raise DeputyNotNow(DEPUTY_ACTS) from refusal
        raise
    passes = (execution.region, execution.cluster_id) in around.passing
    track = track_of(execution.addressee, execution.role)
    if order.command is Command.SUBMIT and passes and track is Track.CLUSTER:
        change(execution, Order(Command.FORWARD), SYSTEM_ONLY, changes, actor=SYSTEM, now=now)


def _end_what_hung_on(locked: Locked, changes: Changes, *, now: datetime) -> None:
    """A lead that has ended needs its co-executors no more."""
    ended = {
        row.id
        for row in changes.executions
        if row.status in FINAL and row.role is ExecutorRole.LEAD
    }
    already = {row.id for row in changes.executions}
    for row in locked.hanging:
        if row.lead_id not in ended or row.id in already or row.status in FINAL:
            continue
        change(
            row,
            Order(Command.WITHDRAW, words="Исполнение ответственного исполнителя завершено."),
            SYSTEM_ONLY,
            changes,
            actor=SYSTEM,
            now=now,
            extension=locked.requests.get(row.id),
        )
