"""Facts published by the assignments service, keyed by execution or assignment."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime

from shared.events.base import Event, partition_of


class ExecutionEvent(Event):
    """The whole facts of one execution; the same fields as `GET /v1/executions/facts`.

    Dates are calendar dates in the region's zone, instants are UTC. `done` is the date of the
    standing hand-in: the forwarding to ЦУР that has not been returned.
    """

    topic: ClassVar = "assignments.executions"

    execution_id: UUID
    assignment_id: UUID
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    origin: Literal["protocol", "other"]
    role: Literal["lead", "co"]
    addressee: Literal["cluster", "authority"]
    cluster_id: UUID | None
    region: str
    cohort: int | None
    industry: str | None
    weight: int
    issued_on: date
    due0: date
    due: date
    status: str
    submitted_at: AwareDatetime | None
    forwarded_at: AwareDatetime | None
    done: date | None
    returns: int
    returned_on: date | None
    extensions: int
    accepted_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None

    @property
    def key(self) -> str:
        return str(self.execution_id)

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class ExecutionIssued(ExecutionEvent):
    """An addressee owes the execution from now on."""

    type: ClassVar = "assignments.execution.issued.v1"


class ExecutionRouted(ExecutionEvent):
    """The region's coordinator has it in the inbox."""

    type: ClassVar = "assignments.execution.routed.v1"


class ExecutionAcknowledged(ExecutionEvent):
    """The coordinator (or the authority) has taken notice."""

    type: ClassVar = "assignments.execution.acknowledged.v1"


class ExecutionStarted(ExecutionEvent):
    """The addressee is at work."""

    type: ClassVar = "assignments.execution.started.v1"


class ExecutionSubmitted(ExecutionEvent):
    """The addressee reported."""

    type: ClassVar = "assignments.execution.submitted.v1"


class ExecutionReturned(ExecutionEvent):
    """The report went back for more work: by the coordinator (free) or by ЦУР (counted)."""

    type: ClassVar = "assignments.execution.returned.v1"


class ExecutionForwarded(ExecutionEvent):
    """The coordinator handed the report in to ЦУР; this date is the one that is scored."""

    type: ClassVar = "assignments.execution.forwarded.v1"


class ExecutionAccepted(ExecutionEvent):
    """ЦУР took the execution off control."""

    type: ClassVar = "assignments.execution.accepted.v1"


class ExecutionWithdrawn(ExecutionEvent):
    """The issuer took the execution back; it counts for nobody."""

    type: ClassVar = "assignments.execution.withdrawn.v1"


class ExecutionRerouted(ExecutionEvent):
    """Another coordinator of the region has it now."""

    type: ClassVar = "assignments.execution.rerouted.v1"


class ExecutionDelegated(ExecutionEvent):
    """The coordinator gave the cluster an earlier date of the region's own."""

    type: ClassVar = "assignments.execution.delegated.v1"


class ExecutionPreChecked(ExecutionEvent):
    """The coordinator looked the report through before forwarding it."""

    type: ClassVar = "assignments.execution.pre_checked.v1"


class ExecutionPartlyAccepted(ExecutionEvent):
    """Some points came off control; the rest is to be handed in again. Not a return."""

    type: ClassVar = "assignments.execution.partly_accepted.v1"


class ExecutionExtensionRequested(ExecutionEvent):
    """The executor's side asked for a later due date."""

    type: ClassVar = "assignments.execution.extension_requested.v1"


class ExecutionExtensionCancelled(ExecutionEvent):
    """The executor's side took its request back."""

    type: ClassVar = "assignments.execution.extension_cancelled.v1"


class ExecutionExtensionGranted(ExecutionEvent):
    """ЦУР granted the request; `due` moved only if it was asked for in time."""

    type: ClassVar = "assignments.execution.extension_granted.v1"


class ExecutionExtensionRefused(ExecutionEvent):
    """ЦУР refused the request."""

    type: ClassVar = "assignments.execution.extension_refused.v1"


class ExecutionRedated(ExecutionEvent):
    """The issuer's side moved the due date by itself."""

    type: ClassVar = "assignments.execution.redated.v1"


class ExecutionSuperseded(ExecutionEvent):
    """Another assignment took the place of this one; the execution counts for nobody."""

    type: ClassVar = "assignments.execution.superseded.v1"


class ExecutionOverdue(ExecutionEvent):
    """The due day ended without a hand-in: for people and integrations. The rating ignores it."""

    type: ClassVar = "assignments.execution.overdue.v1"


class AssignmentEvent(Event):
    """The whole facts of one assignment."""

    topic: ClassVar = "assignments.assignments"

    assignment_id: UUID
    origin: Literal["protocol", "other"]
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    number: str
    text: str
    priority: str
    weight: int
    issued_on: date
    due0: date
    due: date
    executions: int
    superseded_by: UUID | None = None

    @property
    def key(self) -> str:
        return str(self.assignment_id)


class AssignmentIssued(AssignmentEvent):
    """A protocol item, or an instruction of its own, became an assignment with its executions."""

    type: ClassVar = "assignments.assignment.issued.v1"


class AssignmentChanged(AssignmentEvent):
    """Its due date, its controller or the number of its executions changed."""

    type: ClassVar = "assignments.assignment.changed.v1"


class AssignmentWithdrawn(AssignmentEvent):
    """The issuer took back whatever of it was still open."""

    type: ClassVar = "assignments.assignment.withdrawn.v1"


class AssignmentSuperseded(AssignmentEvent):
    """Another assignment, `superseded_by`, took the place of whatever was still open."""

    type: ClassVar = "assignments.assignment.superseded.v1"
