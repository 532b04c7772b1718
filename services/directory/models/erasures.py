"""Erasures of people: that each was done, why, and what it changed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.directory.models.base import Base
from shared.db import UtcDateTime


class Erasure(Base, table=True):
    """A person was erased; once, and never undone."""

    __tablename__ = "erasures"

    person_id: UUID = Field(primary_key=True, foreign_key="people.id")
    reason: str
    erased_by: str
    erased_at: datetime = Field(sa_type=UtcDateTime)
    # Table → rows in which the name or a contact was replaced.
    rewritten: dict[str, int] = Field(sa_type=JSONB)
    # Table → rows that name the person in words, and stay as they are.
    mentioned: dict[str, int] = Field(sa_type=JSONB)
