"""What the assignments service can do: load, decide, change, tell. The caller's edge commits."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments import repository
from services.assignments.domain import (
    WEIGHT,
    Addressee,
    Command,
    ExecutorRole,
    Origin,
    Party,
    Status,
    deadline,
    next_status,
)
from services.assignments.models import Assignment, Execution, ExecutionStep
from shared import outbox
from shared.auth import Actor, Role
from shared.clients import directory
from shared.clients.base import ServiceClient
from shared.clock import date_in
from shared.errors import expect_version
from shared.events.assignments import (
    AssignmentIssued,
    ExecutionAccepted,
    ExecutionAcknowledged,
    ExecutionEvent,
    ExecutionForwarded,
    ExecutionIssued,
    ExecutionReturned,
    ExecutionRouted,
    ExecutionStarted,
    ExecutionSubmitted,
    ExecutionWithdrawn,
)
from shared.events.base import Event
from shared.events.directory import AppointmentEnded, AppointmentEvent
from shared.events.meetings import ProtocolApproved, ProtocolItem
from shared.ids import new_id

SYSTEM: Final = "system"
_EVENT: Final[Mapping[Command, type[ExecutionEvent]]] = {
    Command.ROUTE: ExecutionRouted,
    Command.ACKNOWLEDGE: ExecutionAcknowledged,
    Command.START: ExecutionStarted,
    Command.SUBMIT: ExecutionSubmitted,
    Command.RETURN: ExecutionReturned,
    Command.FORWARD: ExecutionForwarded,
    Command.ACCEPT: ExecutionAccepted,
    Command.WITHDRAW: ExecutionWithdrawn,
    Command.CLOSE: ExecutionAccepted,
}
_FACTS: Final = frozenset(ExecutionEvent.model_fields) - {"execution_id"}


def parties_of(actor: Actor, execution: Execution) -> frozenset[Party]:
    """In which capacities the actor may act on this very execution."""
    parties = set()
    if actor.is_any(Role.CUR_CONTROLLER, Role.CUR_ADMIN):
        parties.add(Party.CONTROLLER)
    if actor.is_any(Role.COORDINATOR) and execution.region in actor.regions:
        parties.add(Party.COORDINATOR)
    match execution.addressee:
        case Addressee.CLUSTER:
            owes = actor.is_any(Role.CLUSTER) and execution.cluster_id in actor.clusters
        case Addressee.AUTHORITY:
            owes = actor.is_any(Role.AUTHORITY_HEAD) and execution.region in actor.regions
    if owes:
        parties.add(Party.ADDRESSEE)
    return frozenset(parties)


async def perform(
    session: AsyncSession,
    execution_id: UUID,
    command: Command,
    actor: Actor,
    *,
    now: datetime,
    words: str | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
    expected_version: int | None = None,
) -> Execution:
    """Carry out a command on an execution.

    `words` are the reason of a return or withdrawal, or the text of a report. Raises
    `ExecutionNotFound`, `VersionMismatch`, `ActionNotAllowed`, `NotYourMove`.
    """
    execution = await repository.get_execution(session, execution_id, actor, for_update=True)
    expect_version(execution.version, expected_version)
    parties = parties_of(actor, execution)
    # Two hosts' clocks may differ by a breath; the facts' instants never go back.
    step, event = _change(
        execution,
        command,
        parties,
        actor=actor.id,
        now=max(now, execution.occurred_at),
        words=words,
        evidence=evidence,
    )
    await repository.save_all(session, [execution], [step])
    await outbox.add(session, [event])
    return execution


def _change(
    execution: Execution,
    command: Command,
    parties: frozenset[Party],
    *,
    actor: str,
    now: datetime,
    words: str | None = None,
    evidence: Sequence[Mapping[str, Any]] = (),
) -> tuple[ExecutionStep, ExecutionEvent]:
    """Move the row and say what happened. Raises `ActionNotAllowed`, `NotYourMove`."""
    rule = next_status(execution.addressee, execution.status, command, parties)
    today = date_in(execution.timezone, now)
    execution.status = rule.to
    execution.version += 1
    execution.occurred_at = now
    match command:
        case Command.SUBMIT:
            execution.submitted_at = now
            if execution.addressee is Addressee.AUTHORITY:
                execution.done = today
        case Command.FORWARD:
            execution.forwarded_at = now
            execution.done = today
        case Command.RETURN if rule.by is Party.CONTROLLER:
            # ЦУР's return takes the hand-in back; a coordinator's pre-check is free.
            execution.forwarded_at = None
            execution.done = None
            execution.returns += 1
            execution.returned_on = today
        case Command.ACCEPT:
            execution.accepted_at = now
        case Command.CLOSE:
            execution.done = execution.done or today
            execution.submitted_at = execution.submitted_at or now
            execution.accepted_at = now
        case Command.WITHDRAW:
            execution.withdrawn_at = now
        case _:
            pass
    step = ExecutionStep(
        execution_id=execution.id,
        version=execution.version,
        command=command,
        status=rule.to,
        party=rule.by,
        actor=actor,
        at=now,
        words=words,
        evidence=[dict(item) for item in evidence],
    )
    return step, _EVENT[command](**facts_of(execution))


def facts_of(execution: Execution) -> dict[str, Any]:
    """The execution's facts, as its events and `/v1/executions/facts` carry them."""
    return {"execution_id": execution.id, **execution.model_dump(include=set(_FACTS))}


async def issue_protocol(
    session: AsyncSession, client: ServiceClient, event: ProtocolApproved, *, now: datetime
) -> None:
    """Make each item an assignment with one execution per addressee, exactly once.

    Repeating the event makes nothing new. Raises `CalleeAway` while the directory is away.
    """
    known = await repository.issued_items(session, [item.item_id for item in event.items])
    await outbox.admit(session, now)
    for item in event.items:
        if item.item_id not in known:
            await _issue_item(session, client, event, item, now=now)


async def _issue_item(
    session: AsyncSession,
    client: ServiceClient,
    protocol: ProtocolApproved,
    item: ProtocolItem,
    *,
    now: datetime,
) -> None:
    owing = await directory.resolve_addressees(client, item.addressees, at=protocol.signed_on)
    due = deadline(item.due_on, signed_on=protocol.signed_on)
    assignment = Assignment(
        id=new_id(),
        origin=Origin.PROTOCOL,
        protocol_id=protocol.protocol_id,
        protocol_item_id=item.item_id,
        number=f"{protocol.number}/{protocol.year} п. {item.position}",
        text=item.text,
        priority=item.priority,
        weight=WEIGHT[item.priority],
        issued_on=protocol.signed_on,
        due0=due,
        due=due,
        closes_on=item.closes_on,
        issued_at=now,
        executions=len(owing),
    )
    executions: list[Execution] = []
    steps: list[ExecutionStep] = []
    events: list[Event] = [
        AssignmentIssued(
            **assignment.model_dump(include=set(AssignmentIssued.model_fields)),
            assignment_id=assignment.id,
            occurred_at=now,
        )
    ]
    for addressee in owing:
        execution = Execution(
            id=new_id(),
            role=ExecutorRole.LEAD,
            addressee=Addressee(item.addressees.kind),
            cluster_id=addressee.cluster_id,
            region=addressee.region,
            timezone=addressee.timezone,
            cohort=addressee.cohort,
            industry=addressee.industry,
            status=Status.ISSUED,
            occurred_at=now,
            assignment_id=assignment.id,
            **assignment.model_dump(
                include={
                    "origin",
                    "protocol_id",
                    "protocol_item_id",
                    "weight",
                    "issued_on",
                    "due0",
                    "due",
                }
            ),
        )
        executions.append(execution)
        steps.append(
            ExecutionStep(
                execution_id=execution.id,
                version=1,
                status=Status.ISSUED,
                party=Party.SYSTEM,
                actor=SYSTEM,
                at=now,
            )
        )
        events.append(ExecutionIssued(**facts_of(execution)))
        if addressee.coordinator_id is not None:
            command = _on_coordinator(execution, closes=item.closes_on is not None)
            if command is not None:
                step, event = _change(
                    execution, command, frozenset({Party.SYSTEM}), actor=SYSTEM, now=now
                )
                steps.append(step)
                events.append(event)
    await repository.add_all(session, [assignment], executions, steps)
    await outbox.add(session, events)


def _on_coordinator(execution: Execution, *, closes: bool) -> Command | None:
    """What the existence of a coordinator does to an execution just issued."""
    if closes:
        return Command.CLOSE
    return Command.ROUTE if execution.addressee is Addressee.CLUSTER else None


async def hear_appointment(
    session: AsyncSession, appointment: AppointmentEvent, *, now: datetime
) -> None:
    """Keep a coordinator's tenure; the appointment itself routes and closes what waited for it."""
    if appointment.office != "coordinator":
        return
    await repository.keep_coordinator(session, appointment)
    if isinstance(appointment, AppointmentEnded):
        return
    waiting = await repository.waiting_for_coordinator(session, appointment.region)
    if not waiting:
        return
    await outbox.admit(session, now)
    changed = [
        _change(
            execution,
            Command.CLOSE if closes else Command.ROUTE,
            frozenset({Party.SYSTEM}),
            actor=SYSTEM,
            now=now,
        )
        for execution, closes in waiting
    ]
    executions = [execution for execution, _ in waiting]
    await repository.save_all(session, executions, [step for step, _ in changed])
    await outbox.add(session, [event for _, event in changed])
