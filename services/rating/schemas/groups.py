"""Lines of districts, cohorts and industries."""

from pydantic import BaseModel, Field

from services.rating.domain.groups import Grouping
from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead


class GroupRowRead(BaseModel):
    """A group's line: the same formula over the executions of all its clusters."""

    name: str = Field(
        max_length=300, description="Округ, год отбора или код отрасли", examples=["ПФО"]
    )
    regions: int
    clusters: int
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None
    executions: int
    weight: int
    on_time_bp: BasisPoints | None
    debts: int
    provisional: int


class GroupsRating(RatingHead):
    """The rating of groups, by place."""

    by: Grouping
    items: list[GroupRowRead] = Field(max_length=1000)
