"""Working groups and their reports, events and projects."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain.roadmaps import ActivityKind
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import Line, Link, Text

People = Annotated[int, Field(strict=True, ge=0, le=10_000_000, examples=[120])]
# Named twice is named once.
Members = Annotated[
    list[UUID],
    Field(min_length=1, max_length=100),
    AfterValidator(lambda named: list(dict.fromkeys(named))),
]


def _given(value: object) -> object:
    """Null is no value; leaving the field out is how it stays."""
    if value is None:
        raise PydanticCustomError("null_not_allowed", "Null is not a value here")
    return value


class GroupCreate(BaseModel):
    """A new working group; both days of its term are included."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "direction_id": EXAMPLE_ID,
                    "name": "Группа по обновлению программ",
                    "lead_id": EXAMPLE_ID,
                    "members": [EXAMPLE_ID],
                    "valid_from": "2023-09-25",
                    "valid_to": "2024-06-30",
                }
            ]
        },
    )

    direction_id: UUID
    name: Line
    lead_id: UUID
    members: Members
    valid_from: Day
    valid_to: Day


class GroupPatch(BaseModel):
    """What may change of a group; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"lead_id": EXAMPLE_ID}]}
    )

    name: Line | SkipJsonSchema[None] = None
    lead_id: UUID | SkipJsonSchema[None] = None
    members: Members | SkipJsonSchema[None] = None
    valid_to: Day | SkipJsonSchema[None] = None

    _is_given = field_validator("name", "lead_id", "members", "valid_to")(_given)


class GroupRead(BaseModel):
    """A working group."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", direction_id=EXAMPLE_ID,
        name="Группа по обновлению программ", lead_id=EXAMPLE_ID, members=[EXAMPLE_ID],
        valid_from="2023-09-25", valid_to="2024-06-30", version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    direction_id: UUID
    name: str = Field(max_length=300)
    lead_id: UUID
    members: list[UUID] = Field(max_length=100)
    valid_from: date
    valid_to: date
    version: int


class GroupPage(Page[GroupRead]):
    """A page of working groups."""


class GroupReportCreate(BaseModel):
    """Interim results, reported to a milestone of the association's roadmap."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"milestone_id": EXAMPLE_ID, "summary": "Согласованы программы трёх профессий."}
            ]
        },
    )

    milestone_id: UUID
    summary: Text
    link: Link | None = None


class GroupReportRead(BaseModel):
    """Interim results of a working group."""

    model_config = example(
        id=EXAMPLE_ID, group_id=EXAMPLE_ID, milestone_id=EXAMPLE_ID,
        summary="Согласованы программы трёх профессий.", link=None, reported_on="2023-10-25",
    )  # fmt: skip

    id: UUID
    group_id: UUID
    milestone_id: UUID
    summary: str = Field(max_length=10_000)
    link: str | None = Field(max_length=2100)
    reported_on: date


class GroupReportPage(Page[GroupReportRead]):
    """A page of interim reports."""


class ActivityCreate(BaseModel):
    """A session, an event or a project; the milestone is the one it is held for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "event",
                    "title": "Отраслевая неделя «Металлург будущего»",
                    "starts_on": "2023-11-13",
                    "ends_on": "2023-11-17",
                    "participants": 340,
                    "audience": 12000,
                }
            ]
        },
    )

    kind: ActivityKind
    title: Line
    starts_on: Day
    ends_on: Day
    milestone_id: UUID | None = None
    participants: People = 0
    audience: People = 0
    link: Link | None = None


class ActivityPatch(BaseModel):
    """Its reach once it is known, and its days; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"participants": 380, "audience": 15000}]}
    )

    title: Line | SkipJsonSchema[None] = None
    starts_on: Day | SkipJsonSchema[None] = None
    ends_on: Day | SkipJsonSchema[None] = None
    participants: People | SkipJsonSchema[None] = None
    audience: People | SkipJsonSchema[None] = None

    _is_given = field_validator("title", "starts_on", "ends_on", "participants", "audience")(_given)


class ActivityRead(BaseModel):
    """A session, an event or a project, with its reach."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", kind="event",
        title="Отраслевая неделя «Металлург будущего»", starts_on="2023-11-13",
        ends_on="2023-11-17", milestone_id=None, participants=340, audience=12000, link=None,
        version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    kind: ActivityKind
    title: str = Field(max_length=300)
    starts_on: date
    ends_on: date
    milestone_id: UUID | None
    participants: int = Field(description="Сколько человек участвовало")
    audience: int = Field(description="Сколько человек узнало: охват")
    link: str | None = Field(max_length=2100)
    version: int


class ActivityPage(Page[ActivityRead]):
    """A page of activities."""
