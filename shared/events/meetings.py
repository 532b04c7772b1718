"""Facts published by the meetings service, keyed by protocol, or by meeting and region."""

from datetime import date
from enum import StrEnum
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.events.base import Event, partition_of


class Priority(StrEnum):
    """How much an item weighs: planned 1, important 2, urgent 3 (SPEC of the score)."""

    PLANNED = "planned"
    IMPORTANT = "important"
    URGENT = "urgent"


class AddresseeKind(StrEnum):
    """Who owes the execution: clusters, or the regional authorities."""

    CLUSTER = "cluster"
    AUTHORITY = "authority"


class Addressees(BaseModel):
    """Named clusters, or everyone a selector matches; empty lists restrict nothing."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: AddresseeKind
    clusters: tuple[UUID, ...] = ()
    regions: tuple[str, ...] = ()
    cohorts: tuple[int, ...] = ()
    industries: tuple[str, ...] = ()


class ReportField(BaseModel):
    """A field the report answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    code: str
    title: str
    kind: Literal["text", "integer", "number", "boolean", "date"]
    required: bool = True


class Control(BaseModel):
    """How the execution of an item is controlled; the defaults are the usual way."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    # Instead of a date: «срочно», «оперативно», «ежемесячно до N числа».
    term: Literal["urgent", "prompt", "monthly"] | None = None
    monthly_day: Annotated[int, Field(ge=1, le=31)] | None = None
    # An RFC 5545 recurrence rule of whole days; each occurrence is an assignment of its own.
    rule: str | None = None
    # What may be accepted point by point.
    points: tuple[str, ...] = ()
    form: tuple[ReportField, ...] = ()
    evidence: Literal["any", "file", "link"] = "any"
    # Subjects of tokens: who controls it and who stands in.
    controller: str | None = None
    controller_deputy: str | None = None
    # Clusters that contribute to the one that is addressed.
    co_executors: tuple[UUID, ...] = ()


class ProtocolItem(BaseModel):
    """One instruction of a protocol, as signed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    item_id: UUID
    position: int
    text: str
    priority: Priority
    due_on: date | None
    addressees: Addressees
    # The execution closes by itself when the region's coordinator is appointed.
    closes_on: Literal["coordinator_appointed"] | None = None
    control: Control = Control()
    # The item of an earlier protocol whose place this one takes: what it ordered is over.
    supersedes: UUID | None = None


class ProtocolApproved(Event):
    """The protocol was signed: from here on it is immutable and its items are to be executed.

    An addendum is a protocol too: `corrects` names the protocol, whose number and year it bears,
    and `addendum` is its own number among that protocol's addenda (0 in a protocol).
    """

    type: ClassVar = "meetings.protocol.approved.v1"
    topic: ClassVar = "meetings.protocols"

    protocol_id: UUID
    meeting_id: UUID
    number: int
    year: int
    signed_on: date
    approved_at: AwareDatetime
    content_hash: str
    items: tuple[ProtocolItem, ...]
    corrects: UUID | None = None
    addendum: int = 0

    @property
    def key(self) -> str:
        return str(self.protocol_id)

    @property
    def partition(self) -> int:
        """An addendum travels after the protocol it corrects."""
        return partition_of(str(self.corrects or self.protocol_id))


class AttendanceRecorded(Event):
    """How a region's clusters attended a meeting; excused ones move no share. Nothing is scored.

    Zeros throughout: the meeting was called off after it had begun, and counts nowhere.
    """

    type: ClassVar = "meetings.attendance.recorded.v1"
    topic: ClassVar = "meetings.attendance"

    meeting_id: UUID
    region: str
    series: str
    # The meeting's day in Moscow.
    held_on: date
    expected: int
    attended: int
    late: int
    excused: int
    absent: int

    @property
    def key(self) -> str:
        return f"{self.meeting_id}:{self.region}"

    @property
    def partition(self) -> int:
        return partition_of(self.region)
