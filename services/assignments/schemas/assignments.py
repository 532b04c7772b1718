"""Assignments as clients see them, and as they give them without a protocol."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.assignments.domain.executions import Demand, Origin, Status
from services.assignments.schemas.dates import Day
from services.assignments.schemas.outcomes import Outcomes
from shared.control import ControlWrite, FormField, Subject
from shared.events.meetings import AddresseeKind, Priority
from shared.pages import Page
from shared.recurrence import MAX_RULE
from shared.text import Code, RegionCode, Text, unfit


class Point(BaseModel):
    """A point that may come off control by itself."""

    number: int = Field(ge=1, le=100)
    text: str = Field(max_length=10_000)


class AddresseesWrite(BaseModel):
    """Named clusters, or everyone a selector matches; empty lists restrict nothing."""

    model_config = ConfigDict(extra="forbid")

    kind: AddresseeKind
    clusters: list[UUID] = Field(default_factory=list, max_length=1000)
    regions: list[RegionCode] = Field(default_factory=list, max_length=100)
    cohorts: list[Annotated[int, Field(ge=2022, le=2100)]] = Field(
        default_factory=list, max_length=20
    )
    industries: list[Code] = Field(default_factory=list, max_length=100)


class AssignmentCreate(BaseModel):
    """An instruction without a protocol: controlled like any other, and weighing nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "text": "Прислать контакты ответственных за набор.",
                    "priority": "planned",
                    "due_on": "2023-10-20",
                    "addressees": {"kind": "cluster", "regions": ["16"]},
                    "control": {"points": ["Контакты", "График приёма"], "evidence": "any"},
                }
            ]
        },
    )

    text: Text
    priority: Priority
    due_on: Day | None = Field(default=None, description="Без даты — по политике контроля")
    addressees: AddresseesWrite
    control: ControlWrite = Field(default_factory=ControlWrite)

    @model_validator(mode="after")
    def _one_term(self) -> Self:
        if self.due_on is not None and (self.control.term or self.control.rule):
            raise unfit("Либо дата, либо term или rule")
        return self


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
                    "meeting_id": "0190c5a0-0000-7000-8000-000000000009",
                    "recurrence_id": None,
                    "occurrence": 0,
                    "number": "5/2023 п. 2",
                    "text": "Представить план загрузки мастерских на 2024 год.",
                    "priority": "important",
                    "weight": 2,
                    "points": [],
                    "form": [],
                    "evidence": "any",
                    "controller": None,
                    "controller_deputy": None,
                    "policy_version": 1,
                    "issued_on": "2023-10-04",
                    "due0": "2023-10-20",
                    "due": "2023-10-20",
                    "closes_on": None,
                    "issued_at": "2023-10-04T12:00:00Z",
                    "executions": 372,
                    "withdrawn_at": None,
                    "superseded_by": None,
                    "version": 1,
                }
            ]
        },
    )

    id: UUID
    origin: Origin
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    meeting_id: UUID | None
    recurrence_id: UUID | None
    occurrence: int = Field(description="Который по счёту в ряду; 0 — не повторяется")
    number: str = Field(max_length=64)
    text: str = Field(max_length=10_000)
    priority: Priority
    weight: int
    points: list[Point] = Field(max_length=100)
    form: list[FormField] = Field(max_length=50)
    evidence: Demand
    controller: str | None = Field(max_length=128)
    controller_deputy: str | None = Field(max_length=128)
    policy_version: int
    issued_on: date
    due0: date
    due: date
    closes_on: Literal["coordinator_appointed"] | None
    issued_at: AwareDatetime
    executions: int
    withdrawn_at: AwareDatetime | None
    superseded_by: UUID | None
    version: int


class AssignmentPage(Page[AssignmentRead]):
    """A page of assignments."""


class AssignmentDetail(AssignmentRead):
    """An assignment with how many of its executions stand where."""

    statuses: dict[Status, int]


class AssignmentEffect(BaseModel):
    """What an order to the whole assignment came to, per open execution."""

    assignment: AssignmentRead
    outcomes: Outcomes


class ControllerWrite(BaseModel):
    """Who controls the assignment; nobody means any controller."""

    model_config = ConfigDict(extra="forbid")

    controller: Subject | None = None
    controller_deputy: Subject | None = None


class RecurrenceRead(BaseModel):
    """A series of assignments."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    origin: Origin
    rule: str = Field(max_length=MAX_RULE, examples=["FREQ=MONTHLY;BYMONTHDAY=5"])
    starts_on: date
    issued: int = Field(description="Сколько поручений уже выдано")
    next_on: date | None = Field(description="Когда будет выдано следующее")
    trouble: str | None = Field(
        max_length=1000, description="Что мешает выдать следующее; попытки продолжаются"
    )
    ended_at: AwareDatetime | None
    ended_why: str | None = Field(max_length=10_000)
    created_at: AwareDatetime
    version: int


class RecurrencePage(Page[RecurrenceRead]):
    """A page of series."""
