"""Attendance at meetings as their service tells it."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.rating.models.base import Base
from shared.db import UtcDateTime


class AttendanceVersion(Base, table=True):
    """How a region's clusters attended a meeting, every version heard. Append-only.

    No score depends on it.
    """

    __tablename__ = "attendance_versions"
    __table_args__ = (Index("ix_attendance_versions_held_on", "held_on"),)

    meeting_id: UUID = Field(primary_key=True)
    region: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    # The meeting's day in Moscow.
    held_on: date
    attended: int
    late: int
    absent: int
    occurred_at: datetime = Field(sa_type=UtcDateTime)
