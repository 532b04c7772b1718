"""Series of meetings and the days they leave out."""

from datetime import date, datetime, time
from typing import Any, Final
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.meetings.domain.meetings import Series
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum

# Migration 0010: no two series of the same cohorts at the same time.
OVERLAP: Final = "ex_meeting_series_participants"


class MeetingSeries(Base, table=True):
    """A meeting that comes again. The database lets no two meet the same cohorts at a time."""

    __tablename__ = "meeting_series"
    __table_args__ = (CheckConstraint("ends_on >= starts_on", name="in_order"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True)
    audience: Series = Field(sa_type=text_enum(Series))
    first_cohort: int | None = None
    last_cohort: int | None = None
    title: str
    rule: str
    starts_on: date
    ends_on: date | None = None
    start_time: time
    timezone: str
    duration_minutes: int
    place: str | None = None
    agenda_template: list[dict[str, Any]] = Field(sa_type=JSONB)
    skip_holidays: bool
    weeks_ahead: int
    freeze_minutes: int
    # Up to which day the meetings have been made; null makes the job look anew.
    made_through: date | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class SeriesException(Base, table=True):
    """A day on which the series does not meet."""

    __tablename__ = "series_exceptions"

    series_id: UUID = Field(primary_key=True, foreign_key="meeting_series.id")
    on_date: date = Field(primary_key=True)
    reason: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
