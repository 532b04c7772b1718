"""Subscriptions of calendar programs."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Field

from services.meetings.domain.calendars import FeedKind
from services.meetings.domain.meetings import Series
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum


class CalendarFeed(Base, table=True):
    """An address a calendar program reads. Only the hash of its secret is kept."""

    __tablename__ = "calendar_feeds"

    id: UUID = Field(primary_key=True)
    token_hash: str = Field(unique=True)
    kind: FeedKind = Field(sa_type=text_enum(FeedKind))
    series: Series | None = Field(default=None, sa_type=text_enum(Series))
    region: str | None = None
    person_id: UUID | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
