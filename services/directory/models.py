"""Tables of the directory's database. Rows hold state; `domain` decides."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.directory.domain import ClusterStatus, Level, Office, OrganisationKind
from shared.db import UtcDateTime, metadata, text_enum


class Base(SQLModel, registry=registry(metadata=metadata())):
    """Root of the service's own metadata."""


class Region(Base, table=True):
    """One of the 89 subjects, by its two-digit code."""

    __tablename__ = "regions"
    __table_args__ = (Index("ix_regions_sort_key_code", "sort_key", "code"),)

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    sort_key: str
    federal_district: str
    timezone: str
    authority: str
    version: int = 1


class Industry(Base, table=True):
    """A branch of the economy clusters belong to."""

    __tablename__ = "industries"

    code: str = Field(primary_key=True)
    name: str


class Organisation(Base, table=True):
    """Anyone with a place in the model: from the ministry to a college."""

    __tablename__ = "organisations"

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    kind: OrganisationKind = Field(sa_type=text_enum(OrganisationKind))
    level: Level = Field(sa_type=text_enum(Level))
    region: str | None = Field(default=None, foreign_key="regions.code")
    version: int = 1


class Cluster(Base, table=True):
    """A cluster: region and industry, the year its cohort won, its core college."""

    __tablename__ = "clusters"
    __table_args__ = (Index("ix_clusters_region_code", "region", "code"),)

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    region: str = Field(foreign_key="regions.code")
    industry: str = Field(foreign_key="industries.code")
    cohort: int
    status: ClusterStatus = Field(sa_type=text_enum(ClusterStatus))
    core_college_id: UUID | None = Field(default=None, foreign_key="organisations.id")
    registered_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class Person(Base, table=True):
    """A person. Phone and e-mail are personal data: they leave for few, and never in events."""

    __tablename__ = "people"

    id: UUID = Field(primary_key=True)
    full_name: str
    email: str | None = None
    phone: str | None = None


class Appointment(Base, table=True):
    """A tenure, both days included.

    Overlap is refused by the database: exclusion constraint of migration 0001, which models
    cannot express.
    """

    __tablename__ = "appointments"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    region: str = Field(foreign_key="regions.code")
    office: Office = Field(sa_type=text_enum(Office))
    person_id: UUID = Field(foreign_key="people.id")
    valid_from: date
    valid_to: date | None = None
    version: int = 1
