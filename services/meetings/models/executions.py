"""The newest facts of executions, as far as an agenda needs them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field

from services.meetings.models.base import Base
from shared.db import UtcDateTime

OPEN = "status not in ('accepted', 'withdrawn', 'superseded')"


class KnownExecution(Base, table=True):
    """An execution, as assignments tell it; dates are in the region's zone."""

    __tablename__ = "known_executions"
    __table_args__ = (
        # Only what is still owed is ever looked at, and that does not grow with history.
        Index("ix_known_executions_open", "region", "due", postgresql_where=sql(OPEN)),
    )

    execution_id: UUID = Field(primary_key=True)
    version: int
    region: str
    cluster_id: UUID | None
    cohort: int | None
    role: str
    due: date
    returned_on: date | None
    done: date | None
    status: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
