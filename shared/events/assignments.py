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


class AssignmentIssued(Event):
    """A protocol item became an assignment with its executions."""

    type: ClassVar = "assignments.assignment.issued.v1"
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

    @property
    def key(self) -> str:
        return str(self.assignment_id)
