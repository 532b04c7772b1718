"""Tables of the rating database: facts heard from others, and standings worked out from them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import UtcDateTime, metadata


class Base(SQLModel, registry=registry(metadata=metadata())):
    """Root of the service's own metadata."""


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


class Region(Base, table=True):
    """A region as the directory tells it; its zone decides when a day has ended."""

    __tablename__ = "regions"

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    federal_district: str
    timezone: str
    version: int


class Cluster(Base, table=True):
    """A cluster as the directory tells it: its name, for people."""

    __tablename__ = "clusters"

    cluster_id: UUID = Field(primary_key=True)
    code: str
    name: str
    region: str = Field(index=True)
    industry: str
    cohort: int
    status: str
    version: int


class Touched(Base, table=True):
    """A region whose facts have changed since it was last scored; appended, taken by the scorer."""

    __tablename__ = "touched"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    region: str


class Standing(Base, table=True):
    """A region's tally in a period, as last scored. Integers; basis points come of them."""

    __tablename__ = "standings"

    period: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    numerator: int = Field(sa_type=BigInteger)
    weight: int
    executions: int
    on_time: int
    debts: int
    provisional: int
    delay: int
    returns: int
    extensions: int
    # The local date at whose beginning mere time changes the tally; null where nothing is due.
    next_change: date | None = None
    revision: int = Field(sa_type=BigInteger)
