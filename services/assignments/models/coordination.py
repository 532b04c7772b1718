"""Who stands for a region, who is away, what passes by itself, and what a coordinator adds."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.assignments.models.base import Base
from shared.db import UtcDateTime


class Tenure(Base, table=True):
    """An office of a region, who holds it and when, as the directory tells it."""

    __tablename__ = "tenures"
    __table_args__ = (Index("ix_tenures_region_office", "region", "office"),)

    appointment_id: UUID = Field(primary_key=True)
    region: str
    office: str
    person_id: UUID
    valid_from: date
    valid_to: date | None = None
    version: int
    # Since when we know that this person holds it from that day; None: before this was kept.
    heard_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Absence(Base, table=True):
    """Days (inclusive) on which a region's coordinator is away and the deputy acts."""

    __tablename__ = "absences"
    __table_args__ = (CheckConstraint("away_from <= away_to", name="days_in_order"),)

    id: UUID = Field(primary_key=True)
    region: str = Field(index=True)
    away_from: date
    away_to: date
    reason: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class AutoForwarding(Base, table=True):
    """A cluster whose reports the coordinator lets pass to ЦУР by themselves."""

    __tablename__ = "auto_forwarding"

    region: str = Field(primary_key=True)
    cluster_id: UUID = Field(primary_key=True)
    allowed_by: str
    allowed_at: datetime = Field(sa_type=UtcDateTime)


class Subtask(Base, table=True):
    """What a coordinator asks of the cluster on the way to an execution; never scored."""

    __tablename__ = "subtasks"

    id: UUID = Field(primary_key=True)
    execution_id: UUID = Field(foreign_key="executions.id", index=True)
    text: str
    due: date
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    completed_by: str | None = None
    completed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    words: str | None = None
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
