"""Regions' lines, and the parts a region's score is made of."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.rating.domain.cohorts import Left
from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead

_REGION: Final[JsonDict] = {
    "region": "16",
    "name": "Республика Татарстан (Татарстан)",
    "short_name": "Татарстан",
    "federal_district": "ПФО",
    "raw_bp": 9314,
    "stabilised_bp": 9021,
    "zone": "green",
    "place": 3,
    "change_bp": 112,
    "place_before": 5,
    "executions": 41,
    "weight": 77,
    "on_time_bp": 9512,
    "debts": 1,
    "provisional": 4,
    "attendance_bp": 8750,
    "meetings": 4,
    "mean_delay_hundredths": 46,
    "returns": 2,
    "extensions": 3,
}


class RegionRow(BaseModel):
    """A region's line. Null means that nothing counts yet, which is not zero."""

    model_config = ConfigDict(json_schema_extra={"examples": [_REGION]})

    region: str = Field(max_length=2)
    name: str = Field(max_length=300)
    short_name: str = Field(max_length=300)
    federal_district: str = Field(max_length=300)
    raw_bp: BasisPoints | None = Field(description="Σ вес·зачёт / Σ вес")
    stabilised_bp: BasisPoints | None = Field(description="Балл, по которому даётся место")
    zone: Zone | None
    place: int | None = Field(description="null — данных недостаточно (меньше 3 исполнений)")
    change_bp: int | None = Field(
        ge=-10_000, le=10_000, description="Балл против последнего среза прошлых месяцев"
    )
    place_before: int | None = Field(description="Место в том срезе")
    executions: int = Field(description="Сколько исполнений учтено")
    weight: int
    on_time_bp: BasisPoints | None
    debts: int = Field(description="Не исполнено, срок истёк")
    provisional: int = Field(description="Передано в ЦУР и ожидает рассмотрения")
    attendance_bp: BasisPoints | None = Field(
        description="Доля кластеров, бывших на совещаниях периода; в балл не входит."
        " null — отметок нет, и это не ноль"
    )
    meetings: int = Field(description="Совещаний, из которых эта доля")
    mean_delay_hundredths: int | None = Field(
        description="Среднее опоздание учтённого исполнения, сотые рабочего дня: 46 — 0,46 дня;"
        " долги — по сегодняшний день"
    )
    returns: int = Field(description="Возвраты ЦУР")
    extensions: int = Field(description="Продления по просьбе исполнителей")


class RegionsRating(RatingHead):
    """The rating of all regions, ordered by code."""

    items: list[RegionRow] = Field(max_length=200)


class RegionRating(RatingHead):
    """One region's line."""

    item: RegionRow


class PartRead(BaseModel):
    """One execution's part. Contributions and weights sum to the region's exactly."""

    execution_id: UUID
    execution_url: str = Field(
        max_length=500, description="Само исполнение", examples=[f"/v1/executions/{UUID(int=1)}"]
    )
    timeline_url: str = Field(max_length=500, description="Его история словами")
    assignment_id: UUID
    assignment_number: str | None = Field(
        max_length=100, description="null — о поручении ещё не слышно", examples=["1/2023 п. 1"]
    )
    assignment_text: str | None = Field(max_length=10_000)
    cluster_id: UUID | None
    cluster_name: str | None = Field(max_length=300)
    weight: int
    due: date
    due_star: date | None = Field(description="Срок с учётом дней на доработку после возврата")
    done: date | None
    late: int | None = Field(description="Опоздание, рабочих дней")
    returns: int
    extensions: int
    timeliness_bp: BasisPoints | None
    quality_bp: BasisPoints | None
    discipline_bp: BasisPoints | None
    credit_bp: BasisPoints | None
    contribution: int = Field(description="вес · зачёт")
    counts: bool
    left_out: Left | None
    provisional: bool
    reason: str = Field(max_length=500, examples=["опоздание 2 раб. дн. (срок 20.10.2023)"])


class RegionExplanation(RegionRating):
    """Why the region has this score: the sum of `contribution` over the sum of weights."""

    numerator: int
    denominator: int
    parts: list[PartRead] = Field(max_length=100_000)
