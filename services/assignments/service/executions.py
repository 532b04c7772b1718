"""Commands on executions: load and lock, decide, change, tell. One or a thousand at a time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import extensions as asking
from services.assignments.domain.deadlines import check_new_due, move_to_working_day
from services.assignments.domain.executions import (
    FINAL,
    Addressee,
    Command,
    DateInvalid,
    Demand,
    ExecutorRole,
    NotYourMove,
    Order,
    Party,
    Status,
    Track,
    check_evidence,
    next_status,
    remaining_points,
    track_of,
)
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.forms import check_fields
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, ExecutionStep, Extension
from services.assignments.repository import coordination, policies
from services.assignments.repository import executions as repository
from services.assignments.repository.executions import ExecutionNotFound, Locked
from shared import outbox
from shared.auth import Actor, Role
from shared.clock import date_in
from shared.errors import DomainError, Forbidden, expect_version
from shared.events.assignments import (
    ExecutionAccepted,
    ExecutionAcknowledged,
    ExecutionDelegated,
    ExecutionEvent,
    ExecutionExtensionCancelled,
    ExecutionExtensionGranted,
    ExecutionExtensionRefused,
    ExecutionExtensionRequested,
    ExecutionForwarded,
    ExecutionOverdue,
    ExecutionPartlyAccepted,
    ExecutionPreChecked,
    ExecutionRedated,
    ExecutionRerouted,
    ExecutionReturned,
    ExecutionRouted,
    ExecutionStarted,
    ExecutionSubmitted,
    ExecutionSuperseded,
    ExecutionWithdrawn,
)
from shared.ids import new_id

SYSTEM: Final = "system"
DEPUTY_ACTS: Final = "Заместитель действует, пока координатор отсутствует или не назначен."
SYSTEM_ONLY: Final = frozenset({Party.SYSTEM})
_EVENT: Final[Mapping[Command, type[ExecutionEvent]]] = {
    Command.ROUTE: ExecutionRouted,
    Command.REROUTE: ExecutionRerouted,
    Command.ACKNOWLEDGE: ExecutionAcknowledged,
    Command.DELEGATE: ExecutionDelegated,
    Command.START: ExecutionStarted,
    Command.SUBMIT: ExecutionSubmitted,
    Command.PRE_CHECK: ExecutionPreChecked,
    Command.RETURN: ExecutionReturned,
    Command.FORWARD: ExecutionForwarded,
    Command.ACCEPT: ExecutionAccepted,
    Command.ACCEPT_PART: ExecutionPartlyAccepted,
    Command.REQUEST_EXTENSION: ExecutionExtensionRequested,
    Command.CANCEL_EXTENSION: ExecutionExtensionCancelled,
    Command.GRANT_EXTENSION: ExecutionExtensionGranted,
    Command.REFUSE_EXTENSION: ExecutionExtensionRefused,
    Command.REDATE: ExecutionRedated,
    Command.WITHDRAW: ExecutionWithdrawn,
    Command.SUPERSEDE: ExecutionSuperseded,
    Command.CLOSE: ExecutionAccepted,
    Command.EXPIRE: ExecutionOverdue,
}
_DECIDED: Final[Mapping[Command, ExtensionStatus]] = {
    Command.CANCEL_EXTENSION: ExtensionStatus.CANCELLED,
    Command.GRANT_EXTENSION: ExtensionStatus.GRANTED,
    Command.REFUSE_EXTENSION: ExtensionStatus.REFUSED,
}
# What may end an execution, and with a lead's what its co-executors owe it.
_ENDING: Final = frozenset({Command.ACCEPT, Command.WITHDRAW, Command.SUPERSEDE})
_BY_POLICY: Final = frozenset({Command.GRANT_EXTENSION, Command.REDATE})
_FACTS: Final = frozenset(ExecutionEvent.model_fields) - {"execution_id"}


class DeputyNotNow(Forbidden):
    """The deputy acts only while the coordinator is away or the office is vacant."""

    code = "coordinator_present"
    title = "Координатор на месте"


@dataclass(frozen=True, slots=True)
class Request:
    """An order about one execution, and the version it was meant for, where that was said."""

    execution_id: UUID
    order: Order
    expected_version: int | None = None


@dataclass(slots=True)
class Changes:
    """What one transaction changes: rows, the steps that changed them, the events that tell."""

    executions: list[Execution] = field(default_factory=list)
    steps: list[ExecutionStep] = field(default_factory=list)
    events: list[ExecutionEvent] = field(default_factory=list)

    def add(self, execution: Execution, step: ExecutionStep, event: ExecutionEvent) -> None:
        self.executions.append(execution)
        self.steps.append(step)
        self.events.append(event)

    async def save(self, session: AsyncSession) -> None:
        """Write everything and put the events into the outbox."""
        await repository.save_all(session, self.executions, self.steps)
        await outbox.add(session, self.events)


@dataclass(frozen=True, slots=True)
class Standing:
    """In which capacities an actor stands to an execution."""

    parties: frozenset[Party]
    as_deputy: bool = False


def controls(actor: Actor, assignment: Assignment) -> bool:
    """Whether the actor decides for ЦУР here: the controller named, or any where nobody is."""
    named = {assignment.controller, assignment.controller_deputy}
    return actor.is_any(Role.CUR_ADMIN) or (
        actor.is_any(Role.CUR_CONTROLLER) and (assignment.controller is None or actor.id in named)
    )


def standing_of(
    actor: Actor, execution: Execution, assignment: Assignment, away: Collection[str] = ()
) -> Standing:
    """In which capacities the actor may act on this very execution.

    `away` are the regions whose coordinator is absent or not appointed: there deputies act.
    """
    parties = set()
    if controls(actor, assignment):
        parties.add(Party.CONTROLLER)
    own_region = execution.region in actor.regions
    routed = execution.addressee is Addressee.CLUSTER
    coordinates = routed and own_region and actor.is_any(Role.COORDINATOR)
    as_deputy = (
        not coordinates
        and routed
        and own_region
        and actor.is_any(Role.DEPUTY)
        and execution.region in away
    )
    if coordinates or as_deputy:
        parties.add(Party.COORDINATOR)
    if routed:
        owes = actor.is_any(Role.CLUSTER) and execution.cluster_id in actor.clusters
    else:
        owes = actor.is_any(Role.AUTHORITY_HEAD) and own_region
    if owes:
        parties.add(Party.ADDRESSEE)
    if actor.is_any(Role.CLUSTER) and execution.lead_cluster_id in actor.clusters:
        parties.add(Party.LEAD)
    return Standing(frozenset(parties), as_deputy)


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


async def away_regions(session: AsyncSession, rows: Sequence[Execution], now: datetime) -> set[str]:
    """Regions among these rows whose coordinator is absent today or not appointed."""
    away: set[str] = set()
    for zone in {row.timezone for row in rows}:
        regions = {row.region for row in rows if row.timezone == zone}
        today = date_in(zone, now)
        away |= regions - set(await coordination.coordinators_at(session, regions, today))
        away |= await coordination.absent_at(session, regions, today)
    return away


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
        refusal.current = {"state": execution.status.value, "version": execution.version}
        raise
    return execution


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
    # Two hosts' clocks may differ by a breath; the facts' instants never go back.
    at = max(now, execution.occurred_at)
    try:
        change(
            execution,
            order,
            standing.parties,
            changes,
            actor=actor.id,
            now=at,
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
    if order.command is Command.SUBMIT and passes and _track(execution) is Track.CLUSTER:
        change(execution, Order(Command.FORWARD), SYSTEM_ONLY, changes, actor=SYSTEM, now=at)


def _track(execution: Execution) -> Track:
    return track_of(execution.addressee, execution.role)


def change(
    execution: Execution,
    order: Order,
    parties: frozenset[Party],
    changes: Changes,
    *,
    actor: str,
    now: datetime,
    assignment: Assignment | None = None,
    extension: Extension | None = None,
    policy: Policy | None = None,
    deputy: bool = False,
    made: list[Extension] | None = None,
) -> None:
    """Move the row and say what happened; a refusal leaves everything as it was.

    `assignment` is needed by what people command, `policy` where a date is set.
    """
    command = order.command
    to, party = next_status(_track(execution), execution.status, command, parties)
    today = date_in(execution.timezone, now)
    # Everything that may refuse comes before everything that changes.
    details = _decide(execution, order, party, today, assignment, extension, policy, parties)
    execution.status = to
    execution.version += 1
    execution.occurred_at = now
    _take_effect(execution, order, party, details, today=today, now=now)
    _settle(execution, order, party, extension, details, actor=actor, now=now, made=made)
    step = ExecutionStep(
        execution_id=execution.id,
        version=execution.version,
        command=command,
        status=to,
        party=party,
        actor=actor,
        deputy=deputy and party is Party.COORDINATOR,
        at=now,
        words=order.words,
        evidence=[dict(item) for item in order.evidence],
        details=_plain(details),
    )
    changes.add(execution, step, _EVENT[command](**facts_of(execution)))


def _decide(
    execution: Execution,
    order: Order,
    party: Party,
    today: date,
    assignment: Assignment | None,
    extension: Extension | None,
    policy: Policy | None,
    parties: frozenset[Party],
) -> dict[str, Any]:
    """What the step says beyond its words. Raises what the command may refuse."""
    on = order.on
    match order.command:
        case Command.DELEGATE if on is not None:
            if not today <= on <= execution.due:
                raise DateInvalid(
                    f"Внутренний срок — от сегодня до срока поручения ({execution.due:%d.%m.%Y}).",
                    field="body.internal_due",
                )
            return {"internal_due": on}
        case Command.SUBMIT:
            demand = assignment.evidence if assignment is not None else Demand.ANY
            check_evidence(demand, order.evidence)
            form = assignment.form if assignment is not None else []
            answers = check_fields(form, order.fields or {})
            return {"fields": answers} if answers else {}
        case Command.ACCEPT_PART:
            points = [point["number"] for point in assignment.points] if assignment else []
            left = remaining_points(points, execution.accepted_points, order.points)
            return {"points": sorted(set(order.points)), "left": left}
        case Command.REQUEST_EXTENSION if on is not None:
            if extension is not None:
                raise asking.ExtensionOpen(
                    f"Просьба о продлении до {extension.wanted:%d.%m.%Y} ещё рассматривается."
                )
            asking.check_wanted(on, due=execution.due)
            in_time = asking.asked_in_time(today, due=execution.due)
            return {"wanted": on, "due": execution.due, "in_time": in_time}
        case Command.CANCEL_EXTENSION | Command.REFUSE_EXTENSION:
            asked = _asked(extension)
            if party is not Party.CONTROLLER and asked.party not in parties:
                raise NotYourMove(order.command, [asked.party])
            return {"wanted": asked.wanted}
        case Command.GRANT_EXTENSION:
            asked = _asked(extension)
            granted = _working(on or asked.wanted, execution, policy)
            standing = execution.due
            if not asked.in_time:
                standing = max(standing, execution.control_due or standing)
            asking.check_wanted(granted, due=standing, field="body.due")
            return {"granted": granted, "due": execution.due, "in_time": asked.in_time}
        case Command.REDATE if on is not None:
            check_new_due(on, issued_on=execution.issued_on)
            due = _working(on, execution, policy)
            if due == execution.due:
                raise DateInvalid(f"Срок и так {due:%d.%m.%Y}.", field="body.due")
            return {"before": execution.due, "due": due}
        case Command.SUPERSEDE if order.successor is not None:
            return {"by": order.successor}
        case _:
            return {}


def _asked(extension: Extension | None) -> Extension:
    if extension is None:
        raise asking.NoExtensionOpen("Просьбы о продлении, которая ждёт решения, нет.")
    return extension


def _working(day: date, execution: Execution, policy: Policy | None) -> date:
    if policy is None:
        return day
    return move_to_working_day(day, policy, not_before=min(day, execution.issued_on))[0]


def _take_effect(
    execution: Execution,
    order: Order,
    party: Party,
    details: Mapping[str, Any],
    *,
    today: date,
    now: datetime,
) -> None:
    match order.command:
        case Command.ROUTE:
            execution.routed_at = now
        case Command.DELEGATE:
            execution.internal_due = details.get("internal_due", execution.internal_due)
        case Command.SUBMIT:
            execution.submitted_at = now
            if _track(execution) is not Track.CLUSTER:
                execution.done = today
        case Command.FORWARD:
            execution.forwarded_at = now
            execution.done = today
        case Command.RETURN if party is Party.CONTROLLER:
            # ЦУР's return takes the hand-in back; a coordinator's pre-check is free.
            _take_back(execution, today)
            execution.returns += 1
        case Command.RETURN if party is Party.LEAD:
            execution.done = None
        case Command.ACCEPT_PART:
            # No return: but what is left is not handed in, and has the days of a rework.
            _take_back(execution, today)
            execution.accepted_points = sorted({*execution.accepted_points, *details["points"]})
        case Command.ACCEPT:
            execution.accepted_at = now
        case Command.CLOSE:
            execution.done = execution.done or today
            execution.submitted_at = execution.submitted_at or now
            execution.accepted_at = now
        case Command.GRANT_EXTENSION:
            if details["in_time"]:
                execution.due = details["granted"]
                execution.extensions += 1
            else:
                execution.control_due = details["granted"]
        case Command.REDATE:
            execution.due = details["due"]
            if execution.internal_due is not None:
                execution.internal_due = min(execution.internal_due, execution.due)
        case Command.WITHDRAW:
            execution.withdrawn_at = now
        case Command.SUPERSEDE:
            execution.superseded_by = order.successor
        case Command.EXPIRE:
            execution.expired_due = execution.due
        case _:
            pass


def _take_back(execution: Execution, today: date) -> None:
    execution.forwarded_at = None
    execution.done = None
    execution.returned_on = today


def _settle(
    execution: Execution,
    order: Order,
    party: Party,
    extension: Extension | None,
    details: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    made: list[Extension] | None,
) -> None:
    """Keep the request for a later date in step with its execution."""
    if order.command is Command.REQUEST_EXTENSION and made is not None:
        made.append(
            Extension(
                id=new_id(),
                execution_id=execution.id,
                status=ExtensionStatus.OPEN,
                party=party,
                asked_by=actor,
                asked_at=now,
                due=details["due"],
                wanted=details["wanted"],
                reason=order.words or "",
                in_time=details["in_time"],
            )
        )
    elif extension is not None and order.command in _DECIDED:
        extension.status = _DECIDED[order.command]
        extension.decided_by, extension.decided_at = actor, now
        extension.granted, extension.words = details.get("granted"), order.words
    elif extension is not None and execution.status in FINAL:
        extension.status, extension.decided_at = ExtensionStatus.LAPSED, now


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
            now=max(now, row.occurred_at),
            extension=locked.requests.get(row.id),
        )


def _plain(details: Mapping[str, Any]) -> dict[str, Any]:
    """Dates and ids as JSON has them."""
    return {
        key: str(value) if isinstance(value, date | UUID) else value
        for key, value in details.items()
    }


def facts_of(execution: Execution) -> dict[str, Any]:
    """The execution's facts, as its events and `/v1/executions/facts` carry them."""
    return {"execution_id": execution.id, **execution.model_dump(include=set(_FACTS))}


def first_step(execution: Execution, *, now: datetime) -> ExecutionStep:
    """The step by which an execution comes to be."""
    return ExecutionStep(
        execution_id=execution.id,
        version=1,
        status=Status.ISSUED,
        party=Party.SYSTEM,
        actor=SYSTEM,
        at=now,
    )
