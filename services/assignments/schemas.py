"""What clients send and get. Never a table."""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, HttpUrl
from pydantic.config import JsonDict

from services.assignments.domain import Addressee, Command, ExecutorRole, Origin, Party, Status
from shared.events.meetings import Priority
from shared.pages import Page
from shared.text import Line, Text

_EXECUTION: Final[JsonDict] = {
    "id": "0190c5a0-0000-7000-8000-000000000012",
    "assignment_id": "0190c5a0-0000-7000-8000-000000000003",
    "protocol_id": "0190c5a0-0000-7000-8000-000000000001",
    "protocol_item_id": "0190c5a0-0000-7000-8000-000000000002",
    "origin": "protocol",
    "role": "lead",
    "addressee": "cluster",
    "cluster_id": "0190c5a0-0000-7000-8000-0000000000aa",
    "region": "16",
    "timezone": "Europe/Moscow",
    "cohort": 2022,
    "industry": "mechanical-engineering",
    "weight": 2,
    "issued_on": "2023-10-04",
    "due0": "2023-10-20",
    "due": "2023-10-20",
    "status": "forwarded",
    "submitted_at": "2023-10-18T11:20:00Z",
    "forwarded_at": "2023-10-19T08:05:00Z",
    "done": "2023-10-19",
    "returns": 0,
    "returned_on": None,
    "extensions": 0,
    "accepted_at": None,
    "withdrawn_at": None,
    "version": 6,
    "occurred_at": "2023-10-19T08:05:00Z",
}


class ExecutionRead(BaseModel):
    """An execution: one assignment × one addressee. Dates are in the region's zone."""

    model_config = ConfigDict(from_attributes=True, json_schema_extra={"examples": [_EXECUTION]})

    id: UUID
    assignment_id: UUID
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    origin: Origin
    role: ExecutorRole
    addressee: Addressee
    cluster_id: UUID | None
    region: str = Field(max_length=2)
    timezone: str = Field(max_length=64)
    cohort: int | None
    industry: str | None = Field(max_length=64)
    weight: int = Field(ge=1, le=3)
    issued_on: date
    due0: date = Field(description="Первоначальный срок")
    due: date = Field(description="Действующий срок; день кончается по времени региона")
    status: Status
    submitted_at: AwareDatetime | None
    forwarded_at: AwareDatetime | None
    done: date | None = Field(description="Дата передачи в ЦУР, не возвращённой с тех пор")
    returns: int = Field(description="Возвраты ЦУР; возвраты координатора не считаются")
    returned_on: date | None
    extensions: int
    accepted_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None
    version: int
    occurred_at: AwareDatetime


class ExecutionPage(Page[ExecutionRead]):
    """A page of executions."""


class ExecutionFacts(BaseModel):
    """The newest facts of an execution, as its events carry them (integrations, rating)."""

    model_config = ConfigDict(from_attributes=True)

    execution_id: UUID
    version: int
    assignment_id: UUID
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    origin: Origin
    role: ExecutorRole
    addressee: Addressee
    cluster_id: UUID | None
    region: str = Field(max_length=2)
    cohort: int | None
    industry: str | None = Field(max_length=64)
    weight: int
    issued_on: date
    due0: date
    due: date
    status: Status
    submitted_at: AwareDatetime | None
    forwarded_at: AwareDatetime | None
    done: date | None
    returns: int
    returned_on: date | None
    extensions: int
    accepted_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None
    occurred_at: AwareDatetime


class FactsPage(BaseModel):
    """A page of facts."""

    items: list[ExecutionFacts] = Field(max_length=1000)
    next_cursor: str | None = Field(default=None, max_length=500)


class Evidence(BaseModel):
    """A proof of what was done: a link with a title."""

    model_config = ConfigDict(extra="forbid")

    title: Line = Field(examples=["Приказ о назначении"])
    url: Annotated[HttpUrl, Field(max_length=2000, examples=["https://example.org/prikaz.pdf"])]


class Report(BaseModel):
    """What the addressee hands in. At least one piece of evidence."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["Мастерские введены в эксплуатацию, акт приложен."])
    evidence: list[Evidence] = Field(min_length=1, max_length=20)


class Reason(BaseModel):
    """Why; mandatory for a return and a withdrawal."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Не приложен акт ввода в эксплуатацию."])


class StepRead(BaseModel):
    """One change of the execution. A person's `actor` is shown to ЦУР and the auditor only."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    command: Command | None
    status: Status
    party: Party
    actor: str | None = Field(max_length=300)
    at: AwareDatetime
    words: str | None = Field(max_length=10_000)
    evidence: list[Evidence] = Field(max_length=20)


class StepList(BaseModel):
    """The execution's history, oldest first."""

    items: list[StepRead] = Field(max_length=10_000)


class AssignmentRead(BaseModel):
    """An assignment: the root of its executions."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    "id": "0190c5a0-0000-7000-8000-000000000003",
                    "origin": "protocol",
                    "protocol_id": "0190c5a0-0000-7000-8000-000000000001",
                    "protocol_item_id": "0190c5a0-0000-7000-8000-000000000002",
                    "number": "5/2023 п. 2",
                    "text": "Представить план загрузки мастерских на 2024 год.",
                    "priority": "important",
                    "weight": 2,
                    "issued_on": "2023-10-04",
                    "due0": "2023-10-20",
                    "due": "2023-10-20",
                    "closes_on": None,
                    "issued_at": "2023-10-04T12:00:00Z",
                    "executions": 372,
                    "version": 1,
                }
            ]
        },
    )

    id: UUID
    origin: Origin
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    number: str = Field(max_length=64)
    text: str = Field(max_length=10_000)
    priority: Priority
    weight: int
    issued_on: date
    due0: date
    due: date
    closes_on: Literal["coordinator_appointed"] | None
    issued_at: AwareDatetime
    executions: int
    version: int


class AssignmentPage(Page[AssignmentRead]):
    """A page of assignments."""


class AssignmentDetail(AssignmentRead):
    """An assignment with how many of its executions stand where."""

    statuses: dict[Status, int]
