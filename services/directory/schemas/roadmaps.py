"""Roadmaps: milestones, their deliverables, and how they stand on a day."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.directory.domain.association_policies import AssociationPolicy
from services.directory.domain.roadmaps import MilestoneState, Rule
from services.directory.schemas.fields import EXAMPLE_ID, example
from shared.text import Link, Text, unfit


class DeliverableRead(BaseModel):
    """What must exist, and since when it does; null while it does not."""

    id: UUID
    title: str = Field(max_length=1000)
    rule: Rule
    fulfilled_on: date | None
    document: str | None = Field(max_length=10_000)
    link: str | None = Field(max_length=2100)


class MilestoneRead(BaseModel):
    """A milestone as it stands on a day: done only when every deliverable is there."""

    model_config = example(
        id=EXAMPLE_ID, code="chairs-meeting", position=1,
        title="Проведение совещания в формате ВКС с Председателями 8 отраслевых Ассоциаций",
        owner="ЦУР ФП", starts_on=None, due_on="2023-10-01", subject_year=2023, state="at_risk",
        done_on=None, was_late=False, fulfilled=3, deliverables=[], version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    position: int
    title: str = Field(max_length=1000)
    owner: str = Field(max_length=300)
    starts_on: date | None
    due_on: date
    subject_year: int
    state: MilestoneState
    done_on: date | None
    was_late: bool = Field(description="Сделана, но после срока")
    fulfilled: int = Field(description="Сколько результатов уже есть")
    deliverables: list[DeliverableRead] = Field(max_length=50)
    version: int


class RoadmapRead(BaseModel):
    """An association's roadmap for a year, as it stands on a day."""

    association: str = Field(max_length=64)
    year: int
    at: date
    done: int
    items: list[MilestoneRead] = Field(max_length=100)


class MilestoneSummary(BaseModel):
    """How one milestone stands in all associations that have it."""

    model_config = example(
        code="chairs-meeting",
        title="Проведение совещания в формате ВКС с Председателями 8 отраслевых Ассоциаций",
        due_on="2023-10-01", associations=8, done=6, late=0, at_risk=2, not_done=["chemistry"],
    )  # fmt: skip

    code: str = Field(max_length=64)
    title: str = Field(max_length=1000)
    due_on: date
    associations: int
    done: int
    late: int
    at_risk: int
    not_done: list[Annotated[str, Field(max_length=64)]] = Field(max_length=200)


class RoadmapSummary(BaseModel):
    """The year's milestones over all associations the caller may see."""

    year: int
    at: date
    items: list[MilestoneSummary] = Field(max_length=200)


class DocumentAttach(BaseModel):
    """The document that is the deliverable: its text, a link to it, or both."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "document": "Вектор развития: обновление программ вместе с предприятиями.",
                    "link": "https://example.org/vektor.pdf",
                }
            ]
        },
    )

    document: Text | None = None
    link: Link | None = None

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.document is None and self.link is None:
            raise unfit("Нужен текст документа или ссылка на него")
        return self


class PolicyRead(BaseModel):
    """The policy in force on a day."""

    version: int
    effective_from: date
    note: str = Field(max_length=300)
    document: AssociationPolicy
