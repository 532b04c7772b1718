"""Executions and their steps."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, INTEGER, JSONB
from sqlmodel import Field

from services.assignments.domain.executions import (
    OPEN,
    Addressee,
    Command,
    ExecutorRole,
    Origin,
    Party,
    Status,
)
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum

_IS_OPEN = sql(f"status in ({', '.join(repr(status.value) for status in OPEN)})")


class Execution(Base, table=True):
    """What one addressee owes for one assignment. Region and cluster are those at issue."""

    __tablename__ = "executions"
    __table_args__ = (
        UniqueConstraint(
            "assignment_id",
            "region",
            "cluster_id",
            "lead_id",
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_executions_due_id", "due", "id"),
        Index("ix_executions_region_due_id", "region", "due", "id"),
        Index("ix_executions_open", "region", "due", postgresql_where=_IS_OPEN),
        Index("ix_executions_occurred_at_id", "occurred_at", "id"),
        Index("ix_executions_priority", sql("weight desc"), "due", "id"),
    )

    id: UUID = Field(primary_key=True)
    assignment_id: UUID = Field(foreign_key="assignments.id", index=True)
    protocol_id: UUID | None = Field(default=None, index=True)
    protocol_item_id: UUID | None = None
    origin: Origin = Field(sa_type=text_enum(Origin))
    role: ExecutorRole = Field(sa_type=text_enum(ExecutorRole))
    # The execution a co-executor contributes to, and the cluster that leads it.
    lead_id: UUID | None = Field(default=None, foreign_key="executions.id", index=True)
    lead_cluster_id: UUID | None = Field(default=None, index=True)
    addressee: Addressee = Field(sa_type=text_enum(Addressee))
    cluster_id: UUID | None = Field(default=None, index=True)
    region: str
    timezone: str
    cohort: int | None = None
    industry: str | None = None
    # The coordinator it lies with: a person of the directory.
    coordinator_id: UUID | None = None
    weight: int
    issued_on: date
    due0: date
    due: date
    # Set by the coordinator or the first half of a co-executor's term: never scored.
    internal_due: date | None = None
    # An extension asked for too late sets this one: never scored.
    control_due: date | None = None
    status: Status = Field(sa_type=text_enum(Status))
    accepted_points: list[int] = Field(
        default_factory=list,
        sa_type=ARRAY(INTEGER),
        sa_column_kwargs={"server_default": sql("'{}'")},
    )
    routed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forwarded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done: date | None = None
    returns: int = 0
    returned_on: date | None = None
    extensions: int = 0
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    superseded_by: UUID | None = Field(default=None, foreign_key="assignments.id")
    # The due date whose passing has been told of.
    expired_due: date | None = None
    version: int = 1
    occurred_at: datetime = Field(sa_type=UtcDateTime)


class ExecutionStep(Base, table=True):
    """One change of an execution: who did what, in which capacity, and with which words."""

    __tablename__ = "execution_steps"

    execution_id: UUID = Field(foreign_key="executions.id", primary_key=True)
    version: int = Field(primary_key=True)
    command: Command | None = Field(default=None, sa_type=text_enum(Command))
    status: Status = Field(sa_type=text_enum(Status))
    party: Party = Field(sa_type=text_enum(Party))
    actor: str
    # The coordinator's deputy acted in the coordinator's place.
    deputy: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    at: datetime = Field(sa_type=UtcDateTime)
    words: str | None = None
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
    # What else the step said: report fields, dates before and after, points, a successor.
    details: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'{}'")}
    )
