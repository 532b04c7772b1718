"""Meetings and their agendas."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlmodel import Field

from services.meetings.domain.agendas import AgendaKind
from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum


class Meeting(Base, table=True):
    """A meeting, the root of its agenda."""

    __tablename__ = "meetings"
    __table_args__ = (Index("ix_meetings_starts_at_id", "starts_at", "id"),)

    id: UUID = Field(primary_key=True)
    title: str
    series: Series = Field(sa_type=text_enum(Series))
    starts_at: datetime = Field(sa_type=UtcDateTime)
    duration_minutes: int
    place: str | None = None
    status: MeetingStatus = Field(sa_type=text_enum(MeetingStatus))
    held_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    cancel_reason: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class AgendaItem(Base, table=True):
    """A question of a meeting's agenda."""

    __tablename__ = "agenda_items"
    __table_args__ = (UniqueConstraint("meeting_id", "position"),)

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    position: int
    kind: AgendaKind = Field(sa_type=text_enum(AgendaKind))
    text: str
    presenter: str | None = None
