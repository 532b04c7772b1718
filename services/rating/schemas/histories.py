"""How a region's score went."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead

_POINT: Final[JsonDict] = {
    "day": "2023-10-20",
    "raw_bp": 9314,
    "stabilised_bp": 9021,
    "zone": "green",
    "place": 3,
}


class PointRead(BaseModel):
    """One day: the same as the rating `as_of` its end."""

    day: date
    as_of: AwareDatetime = Field(description="Конец дня в зоне региона; у текущего дня — сейчас")
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None = Field(
        description="null — данных недостаточно или день ещё не закончился во всех регионах"
    )
    executions: int
    on_time_bp: BasisPoints | None
    debts: int


class SlicePoint(BaseModel):
    """The region's line in a slice; a revision stands beside what it revised."""

    slice_id: UUID
    period: str = Field(max_length=7, examples=["2023-10"])
    revision: int
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None
    frozen_at: AwareDatetime


class RegionHistory(RatingHead):
    """A point per day of the period, and one per slice up to its end; the earliest first."""

    region: str = Field(max_length=2, examples=["16"])
    items: list[PointRead] = Field(max_length=366)
    slices: list[SlicePoint] = Field(max_length=10_000)


class TrendPointRead(BaseModel):
    """One day of one region."""

    model_config = ConfigDict(json_schema_extra={"examples": [_POINT]})

    day: date
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None = Field(description="null — данных недостаточно")


class RegionTrend(BaseModel):
    """A region's days, the earliest first."""

    region: str = Field(max_length=2, examples=["16"])
    points: list[TrendPointRead] = Field(max_length=366)


class RegionsTrends(RatingHead):
    """Every region's days side by side."""

    through: date | None = Field(
        description="Последний окончательный день; точка после него — текущий день региона"
    )
    items: list[RegionTrend] = Field(max_length=200)
