"""Channels, the messengers they go out to, posts and who acknowledged them."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from services.directory.domain.channels import ChannelKind, DeliveryState
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


class Channel(Base, table=True):
    """A channel, both days included. At most one of a scope is open on any day.

    That is an exclusion constraint of migration 0012, which models cannot express.
    """

    __tablename__ = "channels"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        CheckConstraint("merged_into is null or valid_to is not null", name="merged_has_ended"),
    )

    id: UUID = Field(primary_key=True)
    kind: ChannelKind = Field(sa_type=text_enum(ChannelKind))
    scope: str
    name: str
    cohort: int | None = None
    industry: str | None = Field(default=None, foreign_key="industries.code")
    valid_from: date
    valid_to: date | None = None
    # Where it goes on from the day after its last.
    merged_into: UUID | None = Field(default=None, foreign_key="channels.id")
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class ChannelTarget(Base, table=True):
    """A messenger: the address is a secret and leaves only for the messenger itself."""

    __tablename__ = "channel_targets"

    id: UUID = Field(primary_key=True)
    channel_id: UUID = Field(foreign_key="channels.id", index=True)
    label: str
    # What the address is of: Telegram, Mattermost.
    service: str
    # Sealed.
    url: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    # Its receipts stay, its address does not.
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ChannelPost(Base, table=True):
    """What was said in a channel; never changed."""

    __tablename__ = "channel_posts"
    __table_args__ = (Index("ix_channel_posts_channel", "channel_id", "id"),)

    id: UUID = Field(primary_key=True)
    channel_id: UUID = Field(foreign_key="channels.id")
    title: str
    text: str
    posted_by: str
    posted_at: datetime = Field(sa_type=UtcDateTime)


class PostSeat(Base, table=True):
    """Whose acknowledgement a post expects: the members of the day it was posted on."""

    __tablename__ = "channel_post_seats"
    __table_args__ = (Index("ix_channel_post_seats_seat", "seat", "post_id"),)

    post_id: UUID = Field(foreign_key="channel_posts.id", primary_key=True)
    # `coordinator:16`; who sits there today acknowledges.
    seat: str = Field(primary_key=True)
    office: str
    region: str | None = None
    person_id: UUID = Field(foreign_key="people.id")
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str | None = None


class PostDelivery(Base, table=True):
    """One post on its way to one messenger."""

    __tablename__ = "channel_deliveries"
    __table_args__ = (
        UniqueConstraint("post_id", "target_id"),
        Index("ix_channel_deliveries_waiting", "id", postgresql_where=sql("state = 'prepared'")),
    )

    id: UUID = Field(primary_key=True)
    post_id: UUID = Field(foreign_key="channel_posts.id")
    target_id: UUID = Field(foreign_key="channel_targets.id")
    state: DeliveryState = Field(sa_type=text_enum(DeliveryState))
    # Grows when somebody asks to send it again; attempts are counted anew.
    turn: int = 0
    attempts: int = 0
    last_error: str | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
