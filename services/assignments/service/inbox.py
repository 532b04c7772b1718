"""What waits for an actor: why, until when, and what to do next."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import inbox as table
from services.assignments.domain.deadlines import effective_due
from services.assignments.domain.executions import (
    FINAL,
    Command,
    Party,
    possible,
    track_of,
)
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, Extension
from services.assignments.repository import extensions, policies
from services.assignments.repository import inbox as repository
from services.assignments.repository.register import flags_at
from services.assignments.service.parties import away_regions, standing_of
from shared.auth import Actor, Role
from shared.clock import date_in
from shared.workdays import add_working_days

_ONE_AT_A_TIME = frozenset({Command.REQUEST_EXTENSION})
_ON_REQUEST = frozenset(
    {Command.CANCEL_EXTENSION, Command.GRANT_EXTENSION, Command.REFUSE_EXTENSION}
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """One line of the inbox. `until` is a date in the region."""

    execution: Execution
    assignment: Assignment
    why: list[str]
    until: date
    overdue: bool
    next: Command | None
    actions: list[Command]


async def look(
    session: AsyncSession,
    actor: Actor,
    *,
    now: datetime,
    after: tuple[date, UUID] | None,
    limit: int,
) -> tuple[list[Waiting], int]:
    """A stretch of what waits, the earliest date first, and how much waits in all."""
    away = await away_of(session, actor, now)
    scopes = repository.scopes_of(actor, away)
    if not scopes:
        return [], 0
    known = await policies.all_policies(session)
    overdue = flags_at(now, known).overdue
    rows = await repository.list_waiting(
        session, actor, scopes, overdue=overdue, after=after, limit=limit
    )
    ids = [execution.id for execution, _ in rows]
    asked = await extensions.open_of(session, ids)
    given = await repository.open_subtasks(session, ids)
    items = [
        _line(execution, assignment, actor, away, asked, given, known, now)
        for execution, assignment in rows
    ]
    return items, await repository.count_waiting(session, actor, scopes, overdue)


async def away_of(session: AsyncSession, actor: Actor, now: datetime) -> set[str]:
    """The actor's regions in which a deputy acts now."""
    if not actor.is_any(Role.DEPUTY):
        return set()
    return await away_regions(session, await repository.regions_of(session, actor), now)


def actions_of(
    execution: Execution,
    assignment: Assignment,
    actor: Actor,
    away: Collection[str],
    asked: Extension | None,
) -> list[Command]:
    """The commands the actor may give now."""
    parties = standing_of(actor, execution, assignment, away).parties
    missing = _ONE_AT_A_TIME if asked is not None else _ON_REQUEST
    return [
        command
        for command in possible(
            track_of(execution.addressee, execution.role), execution.status, parties
        )
        if command not in missing
        and not (command is Command.ACCEPT_PART and not assignment.points)
        and not (
            command is Command.CANCEL_EXTENSION and asked is not None and asked.party not in parties
        )
    ]


def _line(
    execution: Execution,
    assignment: Assignment,
    actor: Actor,
    away: Collection[str],
    asked: Mapping[UUID, Extension],
    given: Mapping[UUID, date],
    known: Mapping[int, Policy],
    now: datetime,
) -> Waiting:
    policy = known[assignment.policy_version]
    standing = standing_of(actor, execution, assignment, away)
    waits = table.WAITS[track_of(execution.addressee, execution.role)]
    today = date_in(execution.timezone, now)
    due = effective_due(execution.due, execution.returned_on, policy)
    why: list[str] = []
    until: list[date] = []
    following: Command | None = None
    for party in Party:
        wait = waits.get((execution.status, party))
        if wait is not None and party in standing.parties:
            why.append(wait.why)
            following = following or wait.command
            until.append(_until(execution, wait.command, party, policy, due))
    request = asked.get(execution.id)
    if request is not None and Party.CONTROLLER in standing.parties:
        why.append(f"{table.EXTENSION.why} до {request.wanted:%d.%m.%Y}")
        following = following or table.EXTENSION.command
        day = date_in(execution.timezone, request.asked_at)
        until.append(add_working_days(day, policy.review_working_days))
    subtask = given.get(execution.id)
    if subtask is not None and Party.ADDRESSEE in standing.parties:
        why.append(f"{table.SUBTASK} до {subtask:%d.%m.%Y}")
        until.append(subtask)
    if not why:
        why.append(table.CHASE)
        until.append(due)
    return Waiting(
        execution=execution,
        assignment=assignment,
        why=why,
        until=min(until),
        overdue=execution.status not in FINAL and execution.done is None and due < today,
        next=following,
        actions=actions_of(execution, assignment, actor, away, request),
    )


def _until(execution: Execution, command: Command, party: Party, policy: Policy, due: date) -> date:
    """When the party is expected to have moved, in the region's dates."""
    zone = execution.timezone
    match command:
        case Command.ACKNOWLEDGE:
            since = execution.routed_at or execution.occurred_at
            return add_working_days(date_in(zone, since), policy.acknowledge_working_days)
        case Command.ACCEPT if party is Party.CONTROLLER:
            handed_in = execution.forwarded_at or execution.submitted_at or execution.occurred_at
            return add_working_days(date_in(zone, handed_in), policy.review_working_days)
        case Command.START | Command.SUBMIT if execution.internal_due is not None:
            return min(execution.internal_due, due)
        case _:
            return due
