"""Leaders, and the slices they were proposed from."""

from datetime import date
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlmodel import Field

from services.directory.domain.leaders import LeaderKind, LeaderSource, LeaderStatus
from services.directory.models.base import Base
from shared.db import text_enum


class Leader(Base, table=True):
    """A region (by code) or an organisation (by id) that leads, or is proposed to."""

    __tablename__ = "leaders"
    __table_args__ = (UniqueConstraint("subject", "source", "source_ref"),)

    id: UUID = Field(primary_key=True)
    kind: LeaderKind = Field(sa_type=text_enum(LeaderKind))
    subject: str
    # Whose practice it was; a region of a slice leads in all industries.
    association: str | None = Field(default=None, foreign_key="associations.code", index=True)
    source: LeaderSource = Field(sa_type=text_enum(LeaderSource))
    # The month of the slice, or the id of the practice.
    source_ref: str
    basis: str
    status: LeaderStatus = Field(sa_type=text_enum(LeaderStatus))
    proposed_on: date
    reason: str | None = None
    decided_by: str | None = None
    decided_on: date | None = None
    version: int = 1


class HeardSlice(Base, table=True):
    """The newest revision of a month's slice that has been heard."""

    __tablename__ = "heard_slices"

    period: str = Field(primary_key=True)
    revision: int
