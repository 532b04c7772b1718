"""Executions as clients see them, and what commands on them say."""

from datetime import date
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.config import JsonDict

from services.assignments.domain.executions import (
    Addressee,
    Command,
    ExecutorRole,
    Origin,
    Party,
    Status,
)
from services.assignments.schemas.dates import Day
from shared.text import Code, Line, Link, Text, clean, unfit

EXECUTION_EXAMPLE: Final[JsonDict] = {
    "id": "0190c5a0-0000-7000-8000-000000000012",
    "assignment_id": "0190c5a0-0000-7000-8000-000000000003",
    "protocol_id": "0190c5a0-0000-7000-8000-000000000001",
    "protocol_item_id": "0190c5a0-0000-7000-8000-000000000002",
    "origin": "protocol",
    "role": "lead",
    "addressee": "cluster",
    "lead_id": None,
    "lead_cluster_id": None,
    "cluster_id": "0190c5a0-0000-7000-8000-0000000000aa",
    "region": "16",
    "timezone": "Europe/Moscow",
    "cohort": 2022,
    "industry": "mechanical-engineering",
    "coordinator_id": "0190c5a0-0000-7000-8000-0000000000c1",
    "weight": 2,
    "issued_on": "2023-10-04",
    "due0": "2023-10-20",
    "due": "2023-10-20",
    "internal_due": "2023-10-18",
    "control_due": None,
    "status": "forwarded",
    "accepted_points": [],
    "submitted_at": "2023-10-18T11:20:00Z",
    "forwarded_at": "2023-10-19T08:05:00Z",
    "done": "2023-10-19",
    "returns": 0,
    "returned_on": None,
    "extensions": 0,
    "accepted_at": None,
    "withdrawn_at": None,
    "superseded_by": None,
    "version": 6,
    "occurred_at": "2023-10-19T08:05:00Z",
}


class ExecutionRead(BaseModel):
    """An execution: one assignment × one addressee. Dates are in the region's zone."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [EXECUTION_EXAMPLE]}
    )

    id: UUID
    assignment_id: UUID
    protocol_id: UUID | None
    protocol_item_id: UUID | None
    origin: Origin
    role: ExecutorRole
    lead_id: UUID | None = Field(description="Исполнение, которому помогает соисполнитель")
    lead_cluster_id: UUID | None
    addressee: Addressee
    cluster_id: UUID | None
    region: str = Field(max_length=2)
    timezone: str = Field(max_length=64)
    cohort: int | None
    industry: str | None = Field(max_length=64)
    coordinator_id: UUID | None = Field(description="Координатор, у которого исполнение")
    weight: int = Field(ge=1, le=3)
    issued_on: date
    due0: date = Field(description="Первоначальный срок")
    due: date = Field(description="Действующий срок; день кончается по времени региона")
    internal_due: date | None = Field(description="Внутренний срок региона; не оценивается")
    control_due: date | None = Field(
        description="Контрольный срок: продление попросили поздно; не оценивается"
    )
    status: Status
    accepted_points: list[int] = Field(max_length=100, description="Пункты, снятые с контроля")
    submitted_at: AwareDatetime | None
    forwarded_at: AwareDatetime | None
    done: date | None = Field(description="Дата передачи в ЦУР, не возвращённой с тех пор")
    returns: int = Field(description="Возвраты ЦУР; возвраты координатора не считаются")
    returned_on: date | None
    extensions: int
    accepted_at: AwareDatetime | None
    withdrawn_at: AwareDatetime | None
    superseded_by: UUID | None
    version: int
    occurred_at: AwareDatetime


class ExecutionList(BaseModel):
    """A few executions."""

    items: list[ExecutionRead] = Field(max_length=1000)


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


class RegionDigest(BaseModel):
    """What there is of a region's facts, in one number: see `shared/digests.py`."""

    model_config = ConfigDict(from_attributes=True)

    region: str = Field(max_length=2, examples=["16"])
    executions: int = Field(examples=[61])
    versions: int = Field(description="Версий фактов этих исполнений", examples=[342])
    digest: str = Field(
        max_length=40,
        description="Сумма первых восьми байтов SHA-256 каждой версии фактов",
        examples=["-81650236720931"],
    )


class DigestList(BaseModel):
    """The digests of all regions that have executions."""

    as_of: AwareDatetime
    items: list[RegionDigest] = Field(max_length=200)


class FactsPage(BaseModel):
    """A page of facts."""

    items: list[ExecutionFacts] = Field(max_length=1000)
    next_cursor: str | None = Field(default=None, max_length=500)


class Evidence(BaseModel):
    """A proof of what was done: a link, or a file uploaded to the execution before."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["link", "file"] = "link"
    title: Line = Field(examples=["Приказ о назначении"])
    url: Link | None = None
    file_id: UUID | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind == "link") != (self.url is not None) or (self.kind == "file") != (
            self.file_id is not None
        ):
            raise unfit("Для kind=link нужен url, для kind=file — file_id")
        return self


Finite = Annotated[float, Field(allow_inf_nan=False)]
Answer = bool | int | Finite | Annotated[str, Field(max_length=2000), AfterValidator(clean)] | None


class Report(BaseModel):
    """What the addressee hands in: words, proofs, and the answers to the assignment's form."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["Мастерские введены в эксплуатацию, акт приложен."])
    evidence: list[Evidence] = Field(default_factory=list, max_length=20)
    fields: dict[Code, Answer] = Field(
        default_factory=dict, max_length=50, examples=[{"workshops": 4}]
    )


class Reason(BaseModel):
    """Why; mandatory for a return, a withdrawal, a refusal."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Не приложен акт ввода в эксплуатацию."])


class Remark(BaseModel):
    """What the coordinator saw when checking the report."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["Документы на месте, показатели сверены."])


class Delegation(BaseModel):
    """An earlier date of the region's own, and a word to the cluster."""

    model_config = ConfigDict(extra="forbid")

    internal_due: Day = Field(examples=["2023-10-18"])
    text: Text | None = Field(default=None, examples=["Пришлите черновик до среды."])


class PartialAcceptance(BaseModel):
    """The points that come off control, and what is still missing."""

    model_config = ConfigDict(extra="forbid")

    points: list[Annotated[int, Field(strict=True, ge=1, le=100)]] = Field(
        min_length=1, max_length=100, examples=[[1, 2]]
    )
    reason: Text = Field(examples=["По пункту 3 нет акта."])


class Redating(BaseModel):
    """A new due date by the issuer's side, and why."""

    model_config = ConfigDict(extra="forbid")

    due: Day = Field(examples=["2023-11-03"])
    reason: Text = Field(examples=["Перенос по решению проектного комитета."])


class Superseding(BaseModel):
    """The assignment that takes the place, and why."""

    model_config = ConfigDict(extra="forbid")

    by: UUID
    reason: Text = Field(examples=["Уточнён состав мероприятий."])


class ActionRead(BaseModel):
    """A command the caller may give now."""

    command: Command
    title: str = Field(max_length=100, examples=["передать в ЦУР"])
    href: str = Field(
        max_length=200, examples=["/v1/executions/0190c5a0-0000-7000-8000-000000000012/forward"]
    )


class ActionList(BaseModel):
    """What the caller may do with the execution now."""

    items: list[ActionRead] = Field(max_length=50)


class StepRead(BaseModel):
    """One change of the execution. A person's `actor` is shown to ЦУР and the auditor only."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    command: Command | None
    status: Status
    party: Party
    actor: str | None = Field(max_length=300)
    deputy: bool = Field(description="Действовал заместитель координатора")
    at: AwareDatetime
    words: str | None = Field(max_length=10_000)
    evidence: list[dict[str, Any]] = Field(max_length=20)
    details: dict[str, Any] = Field(
        description="Поля отчёта, даты до и после, пункты", examples=[{"due": "2023-11-03"}]
    )


class StepList(BaseModel):
    """The execution's history, oldest first."""

    items: list[StepRead] = Field(max_length=10_000)
