"""Cross-cutting processes, and where each cluster stands in them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.meetings.domain.processes import Mark
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum


class Process(Base, table=True):
    """A process that goes through all clusters of some cohorts, stage by stage."""

    __tablename__ = "processes"

    code: str = Field(primary_key=True)
    name: str
    owner: str
    cohorts: list[int] = Field(sa_type=JSONB)
    stages: list[dict[str, Any]] = Field(sa_type=JSONB)
    source: str
    # Its place in lists and pictures.
    position: int
    changed_by: str
    changed_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class ProcessState(Base, table=True):
    """What a cluster or its coordinator has said of one stage. Nothing said: not started."""

    __tablename__ = "process_states"
    __table_args__ = (
        CheckConstraint("state <> 'done' or num_nonnulls(on_date, evidence) = 2", name="proven"),
    )

    process: str = Field(primary_key=True, foreign_key="processes.code")
    cluster_id: UUID = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    state: Mark = Field(sa_type=text_enum(Mark))
    on_date: date | None = None
    evidence: str | None = None
    set_by: str
    set_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
