"""Requests to move a due date."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field

from services.assignments.domain.executions import Party
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum


class Extension(Base, table=True):
    """One request; at most one of an execution is open."""

    __tablename__ = "extensions"
    __table_args__ = (
        Index(
            "uq_extensions_open",
            "execution_id",
            unique=True,
            postgresql_where=sql("status = 'open'"),
        ),
        Index("ix_extensions_execution_id", "execution_id", "id"),
    )

    id: UUID = Field(primary_key=True)
    execution_id: UUID = Field(foreign_key="executions.id")
    status: ExtensionStatus = Field(sa_type=text_enum(ExtensionStatus))
    party: Party = Field(sa_type=text_enum(Party))
    asked_by: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    due: date
    wanted: date
    reason: str
    # Asked no later than the then-current due date: only then may `due` itself move.
    in_time: bool
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    granted: date | None = None
    words: str | None = None
