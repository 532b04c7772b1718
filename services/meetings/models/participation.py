"""Who answered, who came, and what a region's share at a meeting was."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.meetings.domain.participation import Answer, Attendance, ParticipantKind
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum


class Participation(Base, table=True):
    """What an expected one answered, and whether they came. No row: neither is known."""

    __tablename__ = "participations"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meetings.id")
    participant_id: UUID = Field(primary_key=True)
    kind: ParticipantKind = Field(sa_type=text_enum(ParticipantKind))
    region: str
    answer: Answer | None = Field(default=None, sa_type=text_enum(Answer))
    answer_reason: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str | None = None
    attendance: Attendance | None = Field(default=None, sa_type=text_enum(Attendance))
    note: str | None = None
    marked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    marked_by: str | None = None


class AttendanceTally(Base, table=True):
    """How a region's clusters attended a meeting: what events tell and shares are made of."""

    __tablename__ = "attendance_tallies"
    __table_args__ = (Index("ix_attendance_tallies_region", "region"),)

    meeting_id: UUID = Field(primary_key=True, foreign_key="meetings.id")
    region: str = Field(primary_key=True)
    expected: int
    attended: int
    late: int
    excused: int
    absent: int
    version: int


class AttendanceImport(Base, table=True):
    """A conference's list, and whom its names were taken for."""

    __tablename__ = "attendance_imports"
    __table_args__ = (Index("ix_attendance_imports_meeting_id", "meeting_id"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    filename: str
    rows: list[dict[str, Any]] = Field(sa_type=JSONB)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    committed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    committed_by: str | None = None
