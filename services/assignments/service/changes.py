"""One change of an execution: the row moves, a step says how, an event tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import (
    Command,
    Order,
    Party,
    Status,
    next_status,
    track_of,
)
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, ExecutionStep, Extension
from services.assignments.repository import executions as repository
from services.assignments.service.decisions import decide
from services.assignments.service.effects import take_effect
from services.assignments.service.extensions import settle
from services.assignments.service.parties import SYSTEM
from shared import outbox
from shared.clock import date_in
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
_FACTS: Final = frozenset(ExecutionEvent.model_fields) - {"execution_id"}


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

    Days are those of `now`. The facts' instants never go back: two hosts' clocks may differ by a
    breath, and what was begun before midnight may have waited for what was done after it.
    """
    at = max(now, execution.occurred_at)
    command = order.command
    track = track_of(execution.addressee, execution.role)
    to, party = next_status(track, execution.status, command, parties)
    today = date_in(execution.timezone, now)
    # Everything that may refuse comes before everything that changes.
    details = decide(execution, order, party, today, assignment, extension, policy, parties)
    execution.status = to
    execution.version += 1
    execution.occurred_at = at
    take_effect(execution, order, party, details, today=today, now=at)
    settle(execution, order, party, extension, details, actor=actor, now=at, made=made)
    step = ExecutionStep(
        execution_id=execution.id,
        version=execution.version,
        command=command,
        status=to,
        party=party,
        actor=actor,
        deputy=deputy and party is Party.COORDINATOR,
        at=at,
        words=order.words,
        evidence=[dict(item) for item in order.evidence],
        details=_plain(details),
    )
    changes.add(execution, step, _EVENT[command](**facts_of(execution)))


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
