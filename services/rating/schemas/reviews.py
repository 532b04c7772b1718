"""ЦУР's pace, published beside the rating."""

from pydantic import AwareDatetime, BaseModel, Field

from services.rating.schemas.head import BasisPoints


class PaceRead(BaseModel):
    """How fast hand-ins were decided, in working days after the day of the hand-in."""

    reviews: int = Field(description="Передано в ЦУР за период")
    decided: int = Field(description="Из них рассмотрено: принято или возвращено")
    accepted: int = Field(description="Из них принято")
    waiting: int
    median_days: int | None = Field(description="Медиана рассмотрения, рабочих дней")
    p90_days: int | None = Field(description="90 % рассмотрено не дольше, рабочих дней")
    late: int = Field(description="Рассматривали или рассматривают дольше норматива")
    late_bp: BasisPoints | None


class RegionPace(PaceRead):
    """The pace of one region's reviews."""

    region: str = Field(max_length=2, examples=["16"])
    name: str = Field(max_length=300)


class AccountabilityRead(PaceRead):
    """ЦУР's pace in a period, of the whole and by region."""

    period: str = Field(max_length=7, examples=["2023-10"])
    as_of: AwareDatetime
    complete_through: AwareDatetime | None
    norm_days: int
    items: list[RegionPace] = Field(max_length=200)
