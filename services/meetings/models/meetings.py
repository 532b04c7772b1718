"""Meetings and where they were moved."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum

USUAL_FREEZE_MINUTES = 60


class Meeting(Base, table=True):
    """A meeting, the root of its agenda."""

    __tablename__ = "meetings"
    __table_args__ = (
        Index("ix_meetings_starts_at_id", "starts_at", "id"),
        UniqueConstraint("series_id", "occurrence_on"),
    )

    id: UUID = Field(primary_key=True)
    title: str
    series: Series = Field(sa_type=text_enum(Series))
    # The series that made it, and for which of its days, wherever it was moved since.
    series_id: UUID | None = Field(default=None, foreign_key="meeting_series.id")
    occurrence_on: date | None = None
    starts_at: datetime = Field(sa_type=UtcDateTime)
    duration_minutes: int
    place: str | None = None
    status: MeetingStatus = Field(sa_type=text_enum(MeetingStatus))
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    # How long before its start the agenda is frozen, and when it was.
    freeze_minutes: int = Field(
        default=USUAL_FREEZE_MINUTES, sa_column_kwargs={"server_default": sql("60")}
    )
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Grows with the agenda: which one somebody has read.
    agenda_revision: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    # What calendars go by: grows when time, place or fate change.
    sequence: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    # When they were last told; empty for what was never more than a draft.
    announced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class MeetingMove(Base, table=True):
    """From when to when a meeting was moved, and why."""

    __tablename__ = "meeting_moves"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meetings.id")
    sequence: int = Field(primary_key=True)
    from_at: datetime = Field(sa_type=UtcDateTime)
    to_at: datetime = Field(sa_type=UtcDateTime)
    reason: str
    moved_at: datetime = Field(sa_type=UtcDateTime)
    moved_by: str
