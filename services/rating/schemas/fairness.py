"""The fairness audit."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.rating.schemas.head import BasisPoints, RatingHead

Correlation = Annotated[int, Field(ge=-10_000, le=10_000)]


class FactorRead(BaseModel):
    """How a property of regions goes with their places; above zero: the more, the worse."""

    cohort: int | None = Field(
        description="null — число кластеров; год — доля кластеров этого года отбора"
    )
    rho_bp: Correlation | None = Field(description="Корреляция Спирмена с местом")
    rho_raw_bp: Correlation | None = Field(description="То же с местом без сглаживания")
    chance_bp: BasisPoints | None = Field(
        description="До этой величины связь объяснима случайностью (около 5 %)"
    )
    is_notable: bool


class DistrictRead(BaseModel):
    """A federal district."""

    name: str = Field(max_length=300, examples=["ПФО"])
    regions: int
    mean_place: int = Field(description="Среднее место, сотые доли", examples=[4350])
    raw_bp: BasisPoints | None


class ShiftRead(BaseModel):
    """A region's place, and the one it would have by the raw score."""

    region: str = Field(max_length=2, examples=["16"])
    place: int
    raw_place: int
    clusters: int


class FairnessRead(RatingHead):
    """Whether something other than the work explains the places."""

    regions: int = Field(description="Регионов с местом")
    conclusions: list[str] = Field(
        max_length=100,
        examples=[["Число кластеров: связи с местом не видно (ρ = 0,05, …)"]],
    )
    factors: list[FactorRead] = Field(max_length=100)
    districts: list[DistrictRead] = Field(max_length=100)
    between_districts_bp: BasisPoints | None = Field(
        description="Доля разброса мест между округами (η²)"
    )
    between_by_chance_bp: BasisPoints | None
    moved: int = Field(description="У скольких регионов сглаживание изменило место")
    furthest: int
    shifts: list[ShiftRead] = Field(max_length=200)
