"""The register as clients ask for it and see it: filter, rows, counters, saved orders, chart."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from services.assignments.domain.executions import Addressee, ExecutorRole, Status
from services.assignments.domain.register import Sort, Wanted
from services.assignments.schemas.dates import Day
from services.assignments.schemas.executions import EXECUTION_EXAMPLE, ExecutionRead
from shared.pages import Page
from shared.text import Line, RegionCode


def _once(value: list[Status] | None) -> list[Status] | None:
    """The same status named twice is that status."""
    return list(dict.fromkeys(value)) if value else value


def _number(value: Any) -> Any:
    """The filter comes in addresses too, as text; but `true` is no number."""
    return str(value) if isinstance(value, bool) else value


class RegisterFilter(BaseModel):
    """Which executions; what is not named restricts nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"region": "16", "overdue": True, "status": ["returned"]}]},
    )

    region: RegionCode | None = None
    federal_district: Line | None = Field(default=None, examples=["ПФО"])
    cluster_id: UUID | None = None
    cohort: int | None = Field(default=None, ge=2022, le=2100)
    industry: str | None = Field(default=None, pattern=r"^[a-z0-9-]{1,64}$")
    protocol_id: UUID | None = None
    assignment_id: UUID | None = None
    meeting_id: UUID | None = None
    priority: Annotated[int, Field(ge=1, le=3), BeforeValidator(_number)] | None = Field(
        default=None, description="Вес: 1 плановое, 2 важное, 3 срочное"
    )
    status: Annotated[
        list[Status] | None,
        Field(max_length=len(Status), description="Можно назвать несколько"),
        AfterValidator(_once),
    ] = None
    addressee: Addressee | None = None
    role: ExecutorRole | None = Field(
        default=None, description="Ответственный исполнитель или соисполнитель"
    )
    coordinator_id: UUID | None = None
    overdue: bool = Field(
        default=False,
        description="Только просроченные на сейчас: день срока кончился в регионе, отчёт не сдан;"
        " после возврата считаются дни доработки",
    )
    due_soon: bool = Field(default=False, description="Только те, у которых скоро срок")
    due_from: Day | None = Field(default=None, description="Срок не раньше")
    due_to: Day | None = Field(default=None, description="Срок не позже")
    awaiting_review: bool = Field(default=False, description="Только сданные: ждут решения ЦУР")
    extension_requested: bool = Field(
        default=False, description="Только с нерассмотренной просьбой о продлении"
    )
    inactive_since: Day | None = Field(
        default=None, description="Открытые, с которыми с этой даты ничего не происходило"
    )
    q: Line | None = Field(
        default=None,
        max_length=200,
        description="Слова поручения, начало его номера, название кластера",
        examples=["загрузка мастерских"],
    )

    def wanted(self) -> Wanted:
        """The filter as the repository takes it."""
        found = {name: getattr(self, name) for name in RegisterFilter.model_fields}
        return Wanted(**found | {"status": tuple(self.status or ())})


class CountersQuery(RegisterFilter):
    """What counters and the chart count."""

    view: UUID | None = Field(
        default=None,
        description="Сохранённый отбор; названное в запросе важнее сохранённого",
    )


class ExportQuery(CountersQuery):
    """What an export holds, and in which order."""

    sort: Sort = Sort.DUE


class RegisterQuery(ExportQuery):
    """A page of the register."""

    cursor: str | None = Field(
        default=None, max_length=500, description="next_cursor предыдущей страницы"
    )
    limit: int = Field(default=50, ge=1, le=200, description="Сколько записей на странице")


class ExecutionRow(ExecutionRead):
    """A line of the register: the execution with the names and states people look for."""

    model_config = ConfigDict(
        from_attributes=True,
        json_schema_extra={
            "examples": [
                {
                    **EXECUTION_EXAMPLE,
                    "assignment_number": "5/2023 п. 2",
                    "assignment_text": "Представить план загрузки мастерских",
                    "region_name": "Татарстан",
                    "cluster_name": "Кластер «Машиностроение» № 1",
                    "overdue": False,
                    "due_soon": False,
                    "awaiting_review": True,
                    "extension_requested": False,
                }
            ]
        },
    )

    assignment_number: str = Field(max_length=200)
    assignment_text: str = Field(max_length=10_000)
    region_name: str | None = Field(max_length=300, description="Краткое название региона")
    cluster_name: str | None = Field(max_length=300)
    overdue: bool = Field(description="Просрочено на сейчас")
    due_soon: bool = Field(description="Скоро срок")
    awaiting_review: bool = Field(description="Сдано, ждёт решения ЦУР")
    extension_requested: bool = Field(description="Просят продлить срок")


class ExecutionPage(Page[ExecutionRow]):
    """A page of the register."""


class RegionCounters(BaseModel):
    """The executions of one region."""

    region: str = Field(max_length=2, examples=["16"])
    name: str | None = Field(max_length=300, examples=["Татарстан"])
    total: int
    open: int = Field(description="Не закончено")
    overdue: int
    due_soon: int
    awaiting_review: int


class Counters(BaseModel):
    """How many executions match, and how they stand now."""

    as_of: AwareDatetime
    total: int
    open: int
    by_status: dict[Status, int] = Field(examples=[{"in_progress": 12, "forwarded": 3}])
    overdue: int
    due_soon: int
    awaiting_review: int
    by_region: list[RegionCounters] | None = Field(
        max_length=100, description="Только тем, кто видит больше одного региона"
    )


class RegionsChart(BaseModel):
    """Open executions by region: overdue, awaiting review, and the rest."""

    as_of: AwareDatetime
    items: list[RegionCounters] = Field(max_length=100)


class ViewCreate(BaseModel):
    """A filter and an order under a name of your own."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[Line, Field(max_length=100)] = Field(examples=["Просрочено в ПФО"])
    filter: RegisterFilter
    sort: Sort = Sort.DUE


class ViewRead(BaseModel):
    """A saved order; use it as `GET /v1/executions?view=<id>`."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str = Field(max_length=100, examples=["Просрочено в ПФО"])
    filter: dict[str, Any] = Field(examples=[{"federal_district": "ПФО", "overdue": True}])
    sort: Sort
    created_at: AwareDatetime


class ViewList(BaseModel):
    """The caller's saved orders."""

    items: list[ViewRead] = Field(max_length=100)
