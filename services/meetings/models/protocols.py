"""Protocols and addenda, their items and numbers."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.meetings.domain.protocols import ProtocolStatus, full_number
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.events.meetings import Priority

SEALED = (
    "num_nonnulls(number, year, signed_on, approved_at, content_hash)"
    " = case status when 'approved' then 5 else 0 end"
)
ADDENDUM = "(addendum > 0) = (corrects is not null and status = 'approved')"


class Protocol(Base, table=True):
    """What a meeting resolved, the root of its items; or an addendum that corrects one."""

    __tablename__ = "protocols"
    __table_args__ = (
        Index(
            "uq_protocols_meeting_id",
            "meeting_id",
            unique=True,
            postgresql_where=sql("corrects is null"),
        ),
        Index("ix_protocols_corrects", "corrects"),
        UniqueConstraint("year", "number", "addendum"),
        CheckConstraint(SEALED, name="sealed"),
        CheckConstraint(ADDENDUM, name="addendum"),
    )

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    status: ProtocolStatus = Field(sa_type=text_enum(ProtocolStatus))
    number: int | None = None
    year: int | None = None
    signed_on: date | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    content_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
    # The protocol an addendum corrects; its number among that protocol's addenda, once approved.
    corrects: UUID | None = Field(default=None, foreign_key="protocols.id")
    addendum: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    # How many times it has been put to review, and until when participants may remark this time.
    review_round: int = Field(default=0, sa_column_kwargs={"server_default": sql("0")})
    remarks_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Who chaired, who wrote it down, who was there; empty where nobody has said.
    header: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'{}'")}
    )

    @property
    def full_number(self) -> str | None:
        """«5/2023», an addendum's «5/2023-Д1»; None in a draft."""
        if self.number is None or self.year is None:
            return None
        return full_number(self.number, self.year, self.addendum)


class ProtocolItem(Base, table=True):
    """An instruction of a protocol. Positions are 1, 2, 3… without a gap."""

    __tablename__ = "protocol_items"
    __table_args__ = (
        # Deferrable, so that taking an item out may move up all that follow in one statement.
        UniqueConstraint("protocol_id", "position", deferrable=True),
        UniqueConstraint("supersedes"),
    )

    id: UUID = Field(primary_key=True)
    protocol_id: UUID = Field(foreign_key="protocols.id")
    position: int
    text: str
    priority: Priority = Field(sa_type=text_enum(Priority))
    due_on: date | None = None
    addressees: dict[str, Any] = Field(sa_type=JSONB)
    agenda_item_id: UUID | None = Field(default=None, foreign_key="agenda_items.id")
    closes_on: str | None = None
    # How its execution is controlled; empty means the usual way.
    control: dict[str, Any] = Field(
        default_factory=dict, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'{}'")}
    )
    # The item of the corrected protocol whose place it takes.
    supersedes: UUID | None = Field(default=None, foreign_key="protocol_items.id")


class ProtocolNumber(Base, table=True):
    """The last number given in a year; its row's lock makes the numbering gapless."""

    __tablename__ = "protocol_numbers"

    year: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    last: int
