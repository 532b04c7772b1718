"""Assignments, and the series of those that recur."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.assignments.domain.executions import Demand, Origin
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.events.meetings import Priority


class Assignment(Base, table=True):
    """An instruction, from a protocol's item or not, and the root of its executions."""

    __tablename__ = "assignments"
    __table_args__ = (
        UniqueConstraint("protocol_item_id", "occurrence"),
        UniqueConstraint("recurrence_id", "occurrence"),
        # As `repository.register` says it.
        Index(
            "ix_assignments_words",
            sql(
                "to_tsvector('russian', translate((number || ' ') || text,"
                " 'ёЁ«»„“”’–—№…', 'еЕ          '))"
            ),
            postgresql_using="gin",
        ),
    )

    id: UUID = Field(primary_key=True)
    origin: Origin = Field(sa_type=text_enum(Origin))
    protocol_id: UUID | None = Field(default=None, index=True)
    protocol_item_id: UUID | None = None
    meeting_id: UUID | None = Field(default=None, index=True)
    recurrence_id: UUID | None = Field(default=None, foreign_key="recurrences.id")
    # 0 for the one that does not recur, 1, 2, 3… within a series.
    occurrence: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    number: str
    text: str
    priority: Priority = Field(sa_type=text_enum(Priority))
    weight: int
    # [{"number": 1, "text": "…"}]: what may come off control by itself.
    points: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'[]'")}
    )
    # [{"code", "title", "kind", "required"}]: the fields a report answers.
    form: list[dict[str, Any]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'[]'")}
    )
    evidence: Demand = Field(
        default=Demand.ANY,
        sa_type=text_enum(Demand),
        sa_column_kwargs={"server_default": sql("'any'")},
    )
    # Subjects of tokens: who controls it and who stands in; any controller where nobody is named.
    controller: str | None = None
    controller_deputy: str | None = None
    policy_version: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
    issued_on: date
    due0: date
    due: date
    closes_on: str | None = None
    issued_at: datetime = Field(sa_type=UtcDateTime)
    executions: int
    withdrawn_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    superseded_by: UUID | None = Field(default=None, foreign_key="assignments.id")
    version: int = 1


class Recurrence(Base, table=True):
    """A series: what each occurrence says, the rule of its dates, and which comes next."""

    __tablename__ = "recurrences"
    __table_args__ = (
        Index("ix_recurrences_next_on", "next_on", postgresql_where=sql("ended_at is null")),
    )

    id: UUID = Field(primary_key=True)
    origin: Origin = Field(sa_type=text_enum(Origin))
    # The instruction as it was given: what `service.recurrences` makes an assignment of.
    instruction: dict[str, Any] = Field(sa_type=JSONB)
    rule: str
    starts_on: date
    issued: int = 0
    # The day on which the next occurrence is to be issued; none after the last one.
    next_on: date | None = None
    # What stood in the way of the next occurrence, and until when it is let be.
    trouble: str | None = None
    waits_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
