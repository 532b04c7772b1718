"""Orders of the register that their owner has given a name."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.assignments.domain.register import Sort
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum


class SavedView(Base, table=True):
    """A filter and an order of one actor. What it shows is the actor's row scope at that time."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("actor", "name"),)

    id: UUID = Field(primary_key=True)
    actor: str
    name: str
    # As `schemas.register.RegisterFilter` reads and writes it.
    filter: dict[str, Any] = Field(sa_type=JSONB)
    sort: Sort = Field(sa_type=text_enum(Sort))
    created_at: datetime = Field(sa_type=UtcDateTime)
