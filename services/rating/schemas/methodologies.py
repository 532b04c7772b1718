"""Methodologies as clients see them: the document, what was done to it, and the comparison."""

from datetime import date
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.rating.domain.methodologies import NUMBERS, RERU_1, Act, Stage
from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints
from shared.text import Line, Text, unfit
from shared.workdays import FIRST_YEAR, LAST_YEAR

# Of a month; that it is the first is checked with the rest of the document.
FirstDay = Annotated[
    date,
    Field(
        ge=date(FIRST_YEAR, 1, 1),
        le=date(LAST_YEAR, 12, 31),
        examples=["2024-01-01"],
        description="Первое число месяца",
    ),
]
Count = Annotated[int, Field(strict=True, ge=0, le=1000)]
_EXAMPLE: Final[JsonDict] = {name: getattr(RERU_1, name) for name in NUMBERS}


class MethodologyNumbers(BaseModel):
    """The numbers of the score; basis points unless the name says days or a count."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    grace_days: int = Field(
        strict=True, ge=0, le=30, description="Рабочих дней на доработку после возврата"
    )
    late_first: BasisPoints = Field(description="Своевременность при опоздании на день")
    late_step: BasisPoints = Field(description="Сколько снимает каждый следующий рабочий день")
    late_floor: BasisPoints = Field(description="Меньше этого опоздание не снимает")
    return_step: BasisPoints = Field(description="Сколько снимает возврат ЦУР")
    return_floor: BasisPoints
    free_extensions: Count = Field(description="Сколько продлений ничего не снимают")
    extension_step: BasisPoints
    extension_floor: BasisPoints
    kappa: Count = Field(description="Сколько веса у среднего по стране")
    initial_mu: BasisPoints = Field(description="Среднее по стране, пока нет ни одного среза")
    green_from: BasisPoints
    yellow_from: BasisPoints
    least_for_place: int = Field(
        strict=True, ge=1, le=1000, description="Сколько исполнений нужно для места"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.late_floor > self.late_first:
            raise unfit("late_floor: нижняя граница опоздания выше первой ступени (late_first).")
        if self.yellow_from > self.green_from:
            raise unfit("yellow_from: жёлтая зона начинается выше зелёной (green_from).")
        return self


class MethodologyCreate(BaseModel):
    """A draft of a methodology."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, Field(pattern=r"^[А-ЯЁA-Z][А-ЯЁA-Z0-9-]{0,31}$", examples=["РЭРУ-1"])]
    title: Line = Field(examples=["Мягче к первому опозданию"])
    effective_from: FirstDay
    numbers: MethodologyNumbers


class MethodologyChange(BaseModel):
    """A draft's new content."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    effective_from: FirstDay
    numbers: MethodologyNumbers


class Because(BaseModel):
    """Why something is done."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Решение рабочей группы от 12.12.2023"])


class MethodologyRead(BaseModel):
    """A version of a methodology, and since when it counts."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str = Field(max_length=32)
    number: int
    stage: Stage
    title: str = Field(max_length=300)
    effective_from: date
    effective_to: date | None
    numbers: MethodologyNumbers
    created_by: str = Field(max_length=200)
    created_at: AwareDatetime
    activated_at: AwareDatetime | None
    version: int


class MethodologyList(BaseModel):
    """All methodologies, oldest first."""

    items: list[MethodologyRead] = Field(max_length=1000)


class ActRead(BaseModel):
    """What was done to a methodology."""

    model_config = ConfigDict(from_attributes=True)

    act: Act
    actor: str = Field(max_length=200)
    at: AwareDatetime
    reason: str | None = Field(max_length=10_000)
    request_id: str | None = Field(max_length=200)
    detail: dict[str, Any]


class ActList(BaseModel):
    """Everything done to a methodology, in order."""

    items: list[ActRead] = Field(max_length=10_000)


class DifferenceRead(BaseModel):
    """A region under the methodology in force and under the other."""

    region: str = Field(max_length=2)
    name: str = Field(max_length=300)
    raw_bp: BasisPoints | None
    raw_then_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    stabilised_then_bp: BasisPoints | None
    zone: Zone | None
    zone_then: Zone | None
    place: int | None
    place_then: int | None


class ComparedMonth(BaseModel):
    """A month under both."""

    period: str = Field(max_length=7)
    is_over: bool = Field(description="Месяц закончился во всех поясах; иначе на текущий момент")
    methodology: str = Field(max_length=32, description="Та, что действовала")
    methodology_version: int
    mu_bp: BasisPoints
    mu_then_bp: BasisPoints
    places_moved: int
    zones_changed: int
    items: list[DifferenceRead] = Field(max_length=200)


class ComparisonRead(BaseModel):
    """What would be different, month by month since the first fact heard."""

    months: list[ComparedMonth] = Field(max_length=1200)
