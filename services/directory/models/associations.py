"""Associations, who belongs to them, who acts for them, and what they work on."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.directory.domain.mandates import MandateKind
from services.directory.models.base import Base
from shared.db import text_enum


class Association(Base, table=True):
    """The association of an industry's clusters, by the industry's code; planned until its day."""

    __tablename__ = "associations"

    code: str = Field(primary_key=True, foreign_key="industries.code")
    name: str
    constituted_on: date | None = None
    version: int = 1


class Membership(Base, table=True):
    """A cluster's membership, both days included; overlap is refused (migration 0020)."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    cluster_id: UUID = Field(foreign_key="clusters.id")
    valid_from: date
    valid_to: date | None = None
    version: int = 1


class Mandate(Base, table=True):
    """What a person is charged with, both days included; overlap is refused (migration 0020)."""

    __tablename__ = "mandates"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    kind: MandateKind = Field(sa_type=text_enum(MandateKind))
    person_id: UUID = Field(foreign_key="people.id")
    # Of a curator.
    cluster_id: UUID | None = Field(default=None, foreign_key="clusters.id")
    # Of a responsible person, where it is one direction and not all.
    direction_id: UUID | None = Field(default=None, foreign_key="directions.id")
    # Of an expert.
    topic: str | None = None
    valid_from: date
    valid_to: date | None = None
    version: int = 1


class Direction(Base, table=True):
    """A direction of an association's work."""

    __tablename__ = "directions"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    name: str
    valid_from: date
    valid_to: date | None = None
    version: int = 1
