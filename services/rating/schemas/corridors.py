"""How far a region may still go by the end of the period."""

from datetime import date

from pydantic import BaseModel, Field

from services.rating.schemas.head import BasisPoints
from services.rating.schemas.regions import RegionRating


class ScoreEnds(BaseModel):
    """The ends of a score. Null: nothing can count, which is not zero."""

    worst_with_returns_bp: BasisPoints | None = Field(
        description="Хуже некуда: больше ничего не сдано, а ЦУР вернул всё, что рассматривает"
    )
    worst_bp: BasisPoints | None = Field(description="Больше ничего не сдано, возвратов нет")
    best_bp: BasisPoints | None = Field(description="Всё открытое сдано как можно раньше")


class PlaceEnds(BaseModel):
    """The ends of the place. Null: too few executions can count."""

    best: int | None
    worst: int | None
    worst_with_returns: int | None
    best_if_others_stand: int | None = Field(
        description="Если остальные регионы останутся с нынешними баллами"
    )
    worst_if_others_stand: int | None


class RegionCorridor(RegionRating):
    """Between which scores and places a region will end the period."""

    today: date = Field(description="День `as_of` в зоне региона")
    until: date = Field(description="До конца этого дня: последний день периода, иначе сегодня")
    raw: ScoreEnds
    stabilised: ScoreEnds
    place: PlaceEnds
    assumptions: list[str] = Field(max_length=20, description="При каких допущениях")
