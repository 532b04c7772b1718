"""Tables of the assignments database. Rows hold state; `domain` decides."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.assignments.domain import Addressee, Command, ExecutorRole, Origin, Party, Status
from shared.db import UtcDateTime, metadata, text_enum
from shared.events.meetings import Priority


class Base(SQLModel, registry=registry(metadata=metadata())):
    """Root of the service's own metadata."""


class Assignment(Base, table=True):
    """A protocol item that became an instruction, and the root of its executions."""

    __tablename__ = "assignments"
    __table_args__ = (UniqueConstraint("protocol_item_id"),)

    id: UUID = Field(primary_key=True)
    origin: Origin = Field(sa_type=text_enum(Origin))
    protocol_id: UUID | None = Field(default=None, index=True)
    protocol_item_id: UUID | None = None
    number: str
    text: str
    priority: Priority = Field(sa_type=text_enum(Priority))
    weight: int
    issued_on: date
    due0: date
    due: date
    closes_on: str | None = None
    issued_at: datetime = Field(sa_type=UtcDateTime)
    executions: int
    version: int = 1


class Execution(Base, table=True):
    """What one addressee owes for one assignment. Region and cluster are those at issue."""

    __tablename__ = "executions"
    __table_args__ = (
        UniqueConstraint(
            "assignment_id", "region", "cluster_id", postgresql_nulls_not_distinct=True
        ),
        Index("ix_executions_due_id", "due", "id"),
        Index("ix_executions_region_due_id", "region", "due", "id"),
    )

    id: UUID = Field(primary_key=True)
    assignment_id: UUID = Field(foreign_key="assignments.id", index=True)
    protocol_id: UUID | None = Field(default=None, index=True)
    protocol_item_id: UUID | None = None
    origin: Origin = Field(sa_type=text_enum(Origin))
    role: ExecutorRole = Field(sa_type=text_enum(ExecutorRole))
    addressee: Addressee = Field(sa_type=text_enum(Addressee))
    cluster_id: UUID | None = Field(default=None, index=True)
    region: str
    timezone: str
    cohort: int | None = None
    industry: str | None = None
    weight: int
    issued_on: date
    due0: date
    due: date
    status: Status = Field(sa_type=text_enum(Status))
    submitted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    forwarded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    done: date | None = None
    returns: int = 0
    returned_on: date | None = None
    extensions: int = 0
    accepted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
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
    at: datetime = Field(sa_type=UtcDateTime)
    words: str | None = None
    evidence: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)


class Coordinator(Base, table=True):
    """A coordinator's tenure, as the directory tells it."""

    __tablename__ = "coordinators"

    appointment_id: UUID = Field(primary_key=True)
    region: str = Field(index=True)
    person_id: UUID
    valid_from: date
    valid_to: date | None = None
    version: int
