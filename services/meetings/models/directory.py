"""What the directory has told."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field

from services.meetings.models.base import Base
from shared.db import UtcDateTime


class KnownRegion(Base, table=True):
    """A region, as the directory tells it."""

    __tablename__ = "known_regions"

    code: str = Field(primary_key=True)
    name: str = Field(default="", sa_column_kwargs={"server_default": sql("''")})
    timezone: str = Field(
        default="Europe/Moscow", sa_column_kwargs={"server_default": sql("'Europe/Moscow'")}
    )
    version: int


class KnownCluster(Base, table=True):
    """A cluster, as the directory tells it."""

    __tablename__ = "known_clusters"

    cluster_id: UUID = Field(primary_key=True)
    name: str = Field(default="", sa_column_kwargs={"server_default": sql("''")})
    region: str
    industry: str
    cohort: int
    status: str
    version: int


class ClusterVersion(Base, table=True):
    """What a cluster was from an instant on.

    Who is expected at a meeting is as of its day, whom a protocol is for as of its approval.
    """

    __tablename__ = "cluster_versions"

    cluster_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    name: str
    region: str
    industry: str = Field(default="", sa_column_kwargs={"server_default": sql("''")})
    cohort: int
    status: str


class KnownAppointment(Base, table=True):
    """Who holds an office in a region, from and to which day."""

    __tablename__ = "known_appointments"
    __table_args__ = (Index("ix_known_appointments_person_id", "person_id"),)

    appointment_id: UUID = Field(primary_key=True)
    region: str
    office: str
    person_id: UUID
    valid_from: date
    valid_to: date | None
    version: int
