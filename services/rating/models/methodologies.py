"""Methodologies as documents, and what was done to them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.rating.domain.methodologies import Act, Methodology, Stage
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class MethodologyDocument(Base, table=True):
    """A version of a methodology. Its numbers stay as they are once it has left the draft."""

    __tablename__ = "methodologies"
    __table_args__ = (
        UniqueConstraint("code", "number"),
        Index(
            "uq_methodologies_active",
            "stage",
            unique=True,
            postgresql_where=text("stage = 'active'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str
    number: int
    stage: Stage = Field(sa_type=text_enum(Stage))
    title: str
    # It counts in periods that begin from this date on, to the day before its successor's.
    effective_from: date
    effective_to: date | None = None
    numbers: dict[str, int] = Field(sa_type=JSONB)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    activated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1

    @property
    def methodology(self) -> Methodology:
        return Methodology(self.code, self.number, self.effective_from, **self.numbers)


class MethodologyAct(Base, table=True):
    """Who did what to a methodology, when and why. Append-only."""

    __tablename__ = "methodology_acts"

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_args=[Identity()]
    )
    methodology_id: UUID = Field(foreign_key="methodologies.id", index=True)
    act: Act = Field(sa_type=text_enum(Act))
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)
    reason: str | None = None
    request_id: str | None = None
    detail: dict[str, Any] = Field(sa_type=JSONB)
