"""What a rating is of: the head of every answer."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

BasisPoints = Annotated[int, Field(strict=True, ge=0, le=10_000)]


class RatingHead(BaseModel):
    """What a rating is of, and everything needed to work it out again from the facts."""

    period: str = Field(max_length=7, examples=["2023-10"])
    as_of: AwareDatetime
    complete_through: AwareDatetime | None = Field(
        description="Всё до этого момента услышано: факты и регионы; null — пока неизвестно"
    )
    methodology: str = Field(max_length=64, examples=["РЭРУ-1"])
    methodology_version: int
    mu_bp: BasisPoints
