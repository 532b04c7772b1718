"""Agendas: questions, the frozen control section, and who has read it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field

from services.meetings.domain.agendas import AgendaKind, AgendaOrigin, Outcome
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum


class AgendaItem(Base, table=True):
    """A question of a meeting's agenda, and what became of it."""

    __tablename__ = "agenda_items"
    __table_args__ = (
        # Deferrable, so that a new order is one statement.
        UniqueConstraint("meeting_id", "position", deferrable=True),
    )

    id: UUID = Field(primary_key=True)
    meeting_id: UUID = Field(foreign_key="meetings.id")
    position: int
    kind: AgendaKind = Field(sa_type=text_enum(AgendaKind))
    text: str
    presenter: str | None = None
    duration_minutes: int | None = None
    # Added after the agenda was frozen.
    late: bool = Field(default=False, sa_column_kwargs={"server_default": sql("false")})
    origin: AgendaOrigin = Field(
        default=AgendaOrigin.PERSON,
        sa_type=text_enum(AgendaOrigin),
        sa_column_kwargs={"server_default": sql("'person'")},
    )
    # The question of an earlier meeting it goes on with: one comes back in one place only.
    carried_from: UUID | None = Field(default=None, foreign_key="agenda_items.id", unique=True)
    outcome: Outcome | None = Field(default=None, sa_type=text_enum(Outcome))
    outcome_note: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    decided_by: str | None = None


class AgendaControl(Base, table=True):
    """What a region owed when the agenda was frozen."""

    __tablename__ = "agenda_control"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meetings.id")
    region: str = Field(primary_key=True)
    overdue: int
    due_soon: int
    awaiting: int


class AgendaReceipt(Base, table=True):
    """Somebody has read the agenda as it was in this revision."""

    __tablename__ = "agenda_receipts"

    meeting_id: UUID = Field(primary_key=True, foreign_key="meetings.id")
    actor: str = Field(primary_key=True)
    region: str | None = None
    revision: int
    read_at: datetime = Field(sa_type=UtcDateTime)
