"""How a region's score went."""

from datetime import date

from pydantic import AwareDatetime, BaseModel, Field

from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead


class PointRead(BaseModel):
    """One day: the same as the rating `as_of` its end."""

    day: date
    as_of: AwareDatetime = Field(description="Конец дня в зоне региона; у текущего дня — сейчас")
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    executions: int
    on_time_bp: BasisPoints | None
    debts: int


class RegionHistory(RatingHead):
    """A point per day of the period, the earliest first."""

    region: str = Field(max_length=2, examples=["16"])
    items: list[PointRead] = Field(max_length=366)
