"""The numbers behind roadmaps, practices and leaders, as versioned data."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import NotFound
from shared.text import Code, Line


class PolicyNotFound(NotFound):
    """No version of the policy is in force on the day."""

    code = "association_policy_not_found"
    title = "Правила ещё не действуют"


class Criterion(BaseModel):
    """A line of the rubric a practice is reviewed by."""

    model_config = ConfigDict(frozen=True)

    code: Code
    title: Line


class AssociationPolicy(BaseModel):
    """One version's numbers."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "at_risk_days": 14,
                    "min_reviews": 2,
                    "max_points": 5,
                    "criteria": [{"code": "result", "title": "Подтверждённый результат"}],
                    "leader_places": 5,
                    "leader_zone": "green",
                }
            ]
        },
    )

    # A milestone that is not done is at risk so many days before its date.
    at_risk_days: Annotated[int, Field(ge=0, le=365)]
    min_reviews: Annotated[int, Field(ge=1, le=20)]
    max_points: Annotated[int, Field(ge=1, le=100)]
    criteria: Annotated[list[Criterion], Field(min_length=1, max_length=20)]
    # A slice proposes as leaders the regions of the zone down to this place.
    leader_places: Annotated[int, Field(ge=1, le=89)]
    leader_zone: Literal["green", "yellow", "red"]
