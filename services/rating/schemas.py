"""What clients of the rating get. Scores are integers in basis points: 4314 = 43,14 %."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.rating.domain import Left, Zone

BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
_REGION: Final[JsonDict] = {
    "region": "16",
    "name": "Республика Татарстан (Татарстан)",
    "short_name": "Татарстан",
    "federal_district": "ПФО",
    "raw_bp": 9314,
    "stabilised_bp": 9021,
    "zone": "green",
    "place": 3,
    "executions": 41,
    "weight": 77,
    "on_time_bp": 9512,
    "debts": 1,
    "provisional": 4,
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
    executions: int = Field(description="Сколько исполнений учтено")
    weight: int
    on_time_bp: BasisPoints | None
    debts: int = Field(description="Не исполнено, срок истёк")
    provisional: int = Field(description="Передано в ЦУР и ожидает рассмотрения")


class RatingHead(BaseModel):
    """What a rating is of, and everything needed to work it out again from the facts."""

    period: str = Field(max_length=7, examples=["2023-10"])
    as_of: AwareDatetime
    complete_through: AwareDatetime | None = Field(
        description="Все факты до этого момента услышаны; null — пока неизвестно"
    )
    methodology: str = Field(max_length=64, examples=["РЭРУ-1"])
    mu_bp: BasisPoints


class RegionsRating(RatingHead):
    """The rating of all regions, ordered by code."""

    items: list[RegionRow] = Field(max_length=200)


class RegionRating(RatingHead):
    """One region's line."""

    item: RegionRow


class PartRead(BaseModel):
    """One execution's part. Contributions and weights sum to the region's exactly."""

    execution_id: UUID
    assignment_id: UUID
    cluster_id: UUID | None
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


class ClusterRowRead(BaseModel):
    """A cluster's line: the same formula over its own executions."""

    cluster_id: UUID
    code: str | None = Field(max_length=64)
    name: str | None = Field(max_length=300)
    region: str = Field(max_length=2)
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None
    executions: int
    weight: int
    on_time_bp: BasisPoints | None
    debts: int
    provisional: int


class ClustersRating(RatingHead):
    """The rating of clusters, by place."""

    items: list[ClusterRowRead] = Field(max_length=10_000)
