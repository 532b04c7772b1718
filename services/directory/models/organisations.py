"""Organisations."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.models.base import Base
from services.directory.models.searched import indexes
from shared.db import text_enum


class Organisation(Base, table=True):
    """Anyone with a place in the model: from the ministry to a college."""

    __tablename__ = "organisations"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        *indexes("organisations"),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    kind: OrganisationKind = Field(sa_type=text_enum(OrganisationKind))
    level: Level = Field(sa_type=text_enum(Level))
    region: str | None = Field(default=None, foreign_key="regions.code")
    # Its own first and last days, where they are known.
    valid_from: date | None = None
    valid_to: date | None = None
    version: int = 1
