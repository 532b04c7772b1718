"""Tables every service's database has beside its own: outbox, positions, audit trail, clock.

Created by the one history under `shared/platform_migrations`.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Index,
    LargeBinary,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.db import UtcDateTime, metadata


class Base(SQLModel, registry=registry(metadata=metadata())):
    """Root of the platform's own metadata, laid beside each service's."""


class OutboxRecord(Base, table=True):
    """An event: a row first, a message later, and kept: the outbox is the log."""

    __tablename__ = "outbox"
    __table_args__ = (
        UniqueConstraint("topic", "partition", "seq"),
        Index("ix_outbox_topic_key_position", "topic", "key", "position"),
        Index("ix_outbox_unsequenced", "position", postgresql_where=text("seq is null")),
        Index(
            "ix_outbox_unpublished",
            "topic",
            "partition",
            "seq",
            postgresql_where=text("published_at is null and seq is not null"),
        ),
    )

    position: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    id: UUID = Field(unique=True)
    type: str
    topic: str
    partition: int
    key: str
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    data: str = Field(sa_type=Text)
    request_id: str | None = None
    seq: int | None = Field(default=None, sa_type=BigInteger)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OutboxStream(Base, table=True):
    """How far one partition of one topic has been numbered, and announced by a checkpoint."""

    __tablename__ = "outbox_streams"

    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    last_seq: int = Field(default=0, sa_type=BigInteger)
    announced_seq: int = Field(default=0, sa_type=BigInteger)


class OutboxFence(Base, table=True):
    """One row. No event may be dated at or before `through`; `announced` is what others heard."""

    __tablename__ = "outbox_fence"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: bool = Field(default=True, primary_key=True)
    through: datetime | None = Field(default=None, sa_type=UtcDateTime)
    announced: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ConsumerPosition(Base, table=True):
    """The last `seq` whose effects are in this database, and the checkpoint reached with it."""

    __tablename__ = "consumer_positions"

    topic: str = Field(primary_key=True)
    partition: int = Field(primary_key=True)
    seq: int = Field(default=0, sa_type=BigInteger)
    # The id of that event: where the log has another one there, it is another log.
    event_id: str | None = None
    through: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Only a hint where to start reading: a broker may have been wiped since.
    broker_offset: int = Field(default=0, sa_type=BigInteger)


class DeadLetter(Base, table=True):
    """A message passed by: what it was, where it came from and why it was refused."""

    __tablename__ = "dead_letters"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    topic: str
    partition: int
    seq: int = Field(sa_type=BigInteger)
    event_id: str
    type: str
    reason: str = Field(sa_type=Text)
    envelope: dict[str, object] = Field(sa_type=JSONB)
    received_at: datetime = Field(sa_type=UtcDateTime)
    forwarded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    replayed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SimulatedClock(Base, table=True):
    """One row, in development only: see `shared.clock`."""

    __tablename__ = "simulated_clock"
    __table_args__ = (CheckConstraint("one", name="one_row"),)

    one: bool = Field(default=True, primary_key=True)
    instant: datetime = Field(sa_type=UtcDateTime)
    set_at: datetime = Field(sa_type=UtcDateTime)
    running: bool


class IdempotencyKey(Base, table=True):
    """The answer a creating request got, kept so that its repetition creates nothing."""

    __tablename__ = "idempotency_keys"

    actor: str = Field(primary_key=True)
    operation: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    status: int | None = None
    answer: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=UtcDateTime, index=True)


class ErasedPerson(Base, table=True):
    """Who must stay erased here: copies are compared with it again and again."""

    __tablename__ = "erased_people"

    person_id: UUID = Field(primary_key=True)
    # Accounts that were theirs, as the erasure named them.
    subjects: list[str] = Field(sa_type=ARRAY(Text))
    erased_at: datetime = Field(sa_type=UtcDateTime)
    version: int


class AuditRecord(Base, table=True):
    """Who did what, when, by which request; added in the transaction that did it, never changed."""

    __tablename__ = "audit_log"

    position: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    # The request's own instant; `recorded_at` is the wall clock of the database.
    at: datetime = Field(sa_type=UtcDateTime, index=True)
    recorded_at: datetime = Field(
        sa_type=UtcDateTime, sa_column_kwargs={"server_default": text("clock_timestamp()")}
    )
    actor: str = Field(index=True)
    roles: str
    operation: str
    method: str
    target: str
    status: int
    request_id: str | None = Field(default=None, index=True)
    body_sha256: str | None = None
    # What it changed, as JSON text: `shared.changes`.
    changes: str | None = Field(default=None, sa_type=Text)


class AuditLink(Base, table=True):
    """A row's place in the hash chain; added after its transaction, never changed."""

    __tablename__ = "audit_chain"

    seq: int = Field(
        primary_key=True, sa_type=BigInteger, sa_column_kwargs={"autoincrement": False}
    )
    position: int = Field(foreign_key="audit_log.position", unique=True, sa_type=BigInteger)
    hash: bytes = Field(sa_type=LargeBinary)
