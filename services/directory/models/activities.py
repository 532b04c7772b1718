"""What associations do: working groups and their reports, events and projects."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.directory.domain.roadmaps import ActivityKind
from services.directory.models.base import Base
from shared.db import text_enum


class WorkingGroup(Base, table=True):
    """A working group of a direction: lead, members, term."""

    __tablename__ = "working_groups"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    direction_id: UUID = Field(foreign_key="directions.id")
    name: str
    lead_id: UUID = Field(foreign_key="people.id")
    # Ids of people, checked when they are named; people are never deleted.
    members: list[UUID] = Field(sa_type=ARRAY(Uuid))
    valid_from: date
    valid_to: date
    version: int = 1


class GroupReport(Base, table=True):
    """Interim results of a group, reported to a milestone."""

    __tablename__ = "group_reports"
    __table_args__ = (UniqueConstraint("group_id", "milestone_id"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    group_id: UUID = Field(foreign_key="working_groups.id")
    milestone_id: UUID = Field(foreign_key="milestones.id")
    summary: str
    link: str | None = None
    reported_on: date


class Activity(Base, table=True):
    """A session, an event or a project, and whom it reached."""

    __tablename__ = "activities"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="in_order"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    kind: ActivityKind = Field(sa_type=text_enum(ActivityKind))
    title: str
    starts_on: date
    ends_on: date
    milestone_id: UUID | None = Field(default=None, foreign_key="milestones.id")
    # People who took part, and people it was shown to.
    participants: int
    audience: int
    link: str | None = None
    version: int = 1
