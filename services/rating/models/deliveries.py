"""What is pushed to whom, every attempt at it, and what the pushes are made of."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import BigInteger, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.rating.domain.webhooks import AttemptOutcome, DeliveryKind, DeliveryState
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id

_PENDING: Final = text("state = 'pending'")


class Announcement(Base, table=True):
    """Events just told, noted in their own transaction, until deliveries are made of them."""

    __tablename__ = "announcements"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    event_ids: list[UUID] = Field(sa_type=ARRAY(Uuid))


class StandingLine(Base, table=True):
    """The newest event of a region's month, numbered in the order of commits."""

    __tablename__ = "standing_lines"

    # The event's own key: month and region.
    key: str = Field(primary_key=True)
    region: str
    event_id: UUID
    # Of the event in the outbox.
    position: int = Field(sa_type=BigInteger)
    number: int = Field(sa_type=BigInteger, index=True)


class Delivery(Base, table=True):
    """A message to a subscription, and how far it has come."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index(
            "ix_deliveries_queue", "subscription_id", "kind", "position", postgresql_where=_PENDING
        ),
        Index("ix_deliveries_due", "due_at", postgresql_where=_PENDING),
        Index(
            "uq_deliveries_message",
            "subscription_id",
            "message_id",
            unique=True,
            postgresql_where=_PENDING,
        ),
        Index(
            "uq_deliveries_single",
            "subscription_id",
            "kind",
            unique=True,
            postgresql_where=text("state = 'pending' and kind <> 'slice'"),
        ),
        Index("ix_deliveries_subscription_id_id", "subscription_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    subscription_id: UUID = Field(foreign_key="subscriptions.id")
    kind: DeliveryKind = Field(sa_type=text_enum(DeliveryKind))
    type: str
    # The `webhook-id`: of a slice the event's own id, so that every repetition has the same.
    message_id: UUID
    # The place in its queue: of a slice the event's position in the outbox.
    position: int = Field(sa_type=BigInteger)
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=text_enum(DeliveryState))
    # Since it was last put on its way by hand.
    attempts_made: int = 0
    due_at: datetime = Field(sa_type=UtcDateTime)
    # The attempt under way, and until when nobody else begins one; by the database's clock.
    claimed_by: UUID | None = None
    claimed_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Of standings while they are under way; slices are read from the outbox.
    body: str | None = Field(default=None, sa_type=Text)
    # Where the lines of standings began: there they begin again if it fails.
    lines_from: int | None = Field(default=None, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_error: str | None = None


class DeliveryAttempt(Base, table=True):
    """One attempt: a row before anything is sent, finished when the answer is known."""

    __tablename__ = "delivery_attempts"
    __table_args__ = (Index("ix_delivery_attempts_delivery_id_id", "delivery_id", "id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    delivery_id: UUID = Field(foreign_key="deliveries.id")
    outcome: AttemptOutcome = Field(
        default=AttemptOutcome.RUNNING, sa_type=text_enum(AttemptOutcome)
    )
    started_at: datetime = Field(sa_type=UtcDateTime)
    duration_ms: int | None = None
    status_code: int | None = None
    error: str | None = None
    excerpt: str | None = None
