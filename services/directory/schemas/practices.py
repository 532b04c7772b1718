"""Practices, their reviews and replications; mentorships."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.directory.domain.mentorships import MentorshipStatus
from services.directory.domain.practices import PracticeStatus
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import Code, Line, Link, Text

Points = Annotated[int, Field(ge=0, le=100)]


class PracticeCreate(BaseModel):
    """A practice of a cluster of the industry, nominated as one of the best."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "cluster_id": EXAMPLE_ID,
                    "title": "Учебно-производственный комплекс на заводе",
                    "description": "Практика с первого курса на действующем участке.",
                    "organisations": [EXAMPLE_ID],
                }
            ]
        },
    )

    cluster_id: UUID
    direction_id: UUID | None = None
    title: Line
    description: Text
    link: Link | None = None
    organisations: list[UUID] = Field(
        default_factory=list, max_length=20, description="Колледжи и предприятия практики"
    )


class ReviewCreate(BaseModel):
    """Points for every criterion of the rubric in force."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"points": {"result": 5, "replicability": 4, "employers": 5, "novelty": 3}}
            ]
        },
    )

    points: dict[Code, Points] = Field(min_length=1, max_length=20)
    comment: Text | None = None


class Decision(BaseModel):
    """Why it is decided so."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "Решение собрания Ассоциации"}]}
    )

    reason: Text


class ReplicationCreate(BaseModel):
    """A cluster that took the practice over."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"cluster_id": EXAMPLE_ID}]}
    )

    cluster_id: UUID


class PracticeRead(BaseModel):
    """A practice."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", cluster_id=EXAMPLE_ID, direction_id=None,
        title="Учебно-производственный комплекс на заводе",
        description="Практика с первого курса на действующем участке.", link=None,
        organisations=[EXAMPLE_ID], status="nominated", nominated_on="2023-10-16",
        decided_on=None, reason=None, version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    cluster_id: UUID
    direction_id: UUID | None
    title: str = Field(max_length=300)
    description: str = Field(max_length=10_000)
    link: str | None = Field(max_length=2100)
    organisations: list[UUID] = Field(max_length=20)
    status: PracticeStatus
    nominated_on: date
    decided_on: date | None
    reason: str | None = Field(max_length=10_000)
    version: int


class PracticePage(Page[PracticeRead]):
    """A page of practices."""


class ReviewRead(BaseModel):
    """A reviewer's points."""

    points: dict[str, int]
    comment: str | None = Field(max_length=10_000)
    reviewed_on: date


class ReplicationRead(BaseModel):
    """A cluster that took the practice over."""

    cluster_id: UUID
    replicated_on: date


class PracticeDetails(PracticeRead):
    """A practice with what is thought of it and where it went."""

    mean_hundredths: int | None = Field(description="Средняя оценка в сотых долях балла")
    reviews: list[ReviewRead] = Field(max_length=1000)
    replications: list[ReplicationRead] = Field(max_length=5000)


class MentorshipCreate(BaseModel):
    """A cluster will help another of the industry."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "from_cluster_id": EXAMPLE_ID,
                    "to_cluster_id": EXAMPLE_ID,
                    "topic": "Запуск учебно-производственного комплекса",
                    "started_on": "2023-10-20",
                }
            ]
        },
    )

    from_cluster_id: UUID
    to_cluster_id: UUID
    topic: Line
    started_on: Day


class Outcome(BaseModel):
    """What came of a mentorship."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"outcome": "Комплекс открыт."}]}
    )

    outcome: Text


class MentorshipRead(BaseModel):
    """A mentorship."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", from_cluster_id=EXAMPLE_ID,
        to_cluster_id=EXAMPLE_ID, topic="Запуск учебно-производственного комплекса",
        status="agreed", started_on="2023-10-20", outcome=None, completed_on=None,
        confirmed_on=None, version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    from_cluster_id: UUID
    to_cluster_id: UUID
    topic: str = Field(max_length=300)
    status: MentorshipStatus
    started_on: date
    outcome: str | None = Field(max_length=10_000)
    completed_on: date | None
    confirmed_on: date | None
    version: int


class MentorshipPage(Page[MentorshipRead]):
    """A page of mentorships."""
