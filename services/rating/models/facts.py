"""Facts of executions as heard: the newest of each, and every version."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from services.rating.models.base import Base
from shared.db import UtcDateTime


class FactColumns(SQLModel):
    """What the score needs of an execution, as heard; dates are in the region's zone."""

    assignment_id: UUID
    cluster_id: UUID | None = None
    region: str
    cohort: int | None = None
    industry: str | None = None
    origin: str
    role: str
    addressee: str
    weight: int
    issued_on: date
    due0: date
    due: date
    status: str
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done: date | None = None
    returns: int
    returned_on: date | None = None
    extensions: int
    occurred_at: datetime = Field(sa_type=UtcDateTime)


class ExecutionFacts(Base, FactColumns, table=True):
    """The newest facts of an execution. The score is a function of these rows and of time."""

    __tablename__ = "executions"
    __table_args__ = (
        Index("ix_executions_region_due", "region", "due"),
        Index("ix_executions_region_done", "region", "done"),
    )

    execution_id: UUID = Field(primary_key=True)
    version: int


class ExecutionVersion(Base, FactColumns, table=True):
    """Every version of the facts ever heard: the source of any `as_of`. Append-only."""

    __tablename__ = "execution_versions"
    __table_args__ = (
        Index("ix_execution_versions_region_due", "region", "due"),
        Index("ix_execution_versions_occurred_at", "occurred_at"),
    )

    execution_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
