"""Messages to people, what they are about, and which days have been seen to."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import TEXT, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum


class ReminderDay(Base, table=True):
    """The last day of a region whose reminders have been composed."""

    __tablename__ = "reminder_days"

    region: str = Field(primary_key=True)
    day: date


class Notification(Base, table=True):
    """One message to one person on one day, by one channel."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("recipient", "channel", "day"),
        Index("ix_notifications_regions", "regions", postgresql_using="gin"),
        Index("ix_notifications_waiting", "day", postgresql_where=sql("state = 'prepared'")),
    )

    id: UUID = Field(primary_key=True)
    # A person's id; `coordinator:16` where that office is vacant; `chat:1` for the first chat.
    recipient: str
    offices: list[str] = Field(sa_type=ARRAY(TEXT))
    regions: list[str] = Field(sa_type=ARRAY(TEXT))
    person_id: UUID | None = None
    channel: Channel = Field(sa_type=text_enum(Channel))
    day: date = Field(index=True)
    subject: str
    body: str
    state: NotificationState = Field(sa_type=text_enum(NotificationState))
    # Grows when somebody asks to send it again; attempts are counted anew.
    turn: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    attempts: int = 0
    last_error: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class NotificationLine(Base, table=True):
    """A rung of the ladder said to a recipient: once per execution and date it counts from."""

    __tablename__ = "notification_lines"

    execution_id: UUID = Field(foreign_key="executions.id", primary_key=True)
    rung: str = Field(primary_key=True)
    anchor: date = Field(primary_key=True)
    recipient: str = Field(primary_key=True)
    notification_id: UUID = Field(foreign_key="notifications.id", index=True)
