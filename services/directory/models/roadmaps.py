"""Roadmaps of associations, and the versions of the policy behind them."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.directory.domain.roadmaps import Rule
from services.directory.models.base import Base
from shared.db import text_enum


class AssociationPolicyVersion(Base, table=True):
    """The newest whose day has come applies."""

    __tablename__ = "association_policies"

    version: int = Field(primary_key=True)
    effective_from: date = Field(unique=True)
    document: dict[str, Any] = Field(sa_type=JSONB)
    note: str


class Milestone(Base, table=True):
    """A line of an association's roadmap for a year: a date or a range, and who answers for it."""

    __tablename__ = "milestones"
    __table_args__ = (
        UniqueConstraint("association", "year", "code"),
        CheckConstraint("due_on >= starts_on", name="in_order"),
    )

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code")
    year: int
    code: str
    position: int
    title: str
    owner: str
    starts_on: date | None = None
    due_on: date
    # Whose year's things it is about: a milestone carried over is about the year before.
    subject_year: int
    made_on: date
    version: int = 1


class Deliverable(Base, table=True):
    """What must exist for the milestone to be done, and the document where that is the thing."""

    __tablename__ = "deliverables"
    __table_args__ = (UniqueConstraint("milestone_id", "position"),)

    id: UUID = Field(primary_key=True)
    milestone_id: UUID = Field(foreign_key="milestones.id")
    position: int
    title: str
    rule: Rule = Field(sa_type=text_enum(Rule))
    document: str | None = None
    link: str | None = None
    document_on: date | None = None
