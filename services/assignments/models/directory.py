"""Copies of what the directory tells: names for registers, zones for deadlines."""

from uuid import UUID

from sqlalchemy import Index
from sqlalchemy import text as sql
from sqlmodel import Field

from services.assignments.models.base import Base


class KnownRegion(Base, table=True):
    """A region, as the directory tells it."""

    __tablename__ = "known_regions"

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    federal_district: str
    timezone: str
    version: int


class KnownCluster(Base, table=True):
    """A cluster, as the directory tells it."""

    __tablename__ = "known_clusters"
    __table_args__ = (
        # As `repository.register` says it.
        Index(
            "ix_known_clusters_words",
            sql("to_tsvector('russian', translate(name, 'ёЁ«»„“”’–—№…', 'еЕ          '))"),
            postgresql_using="gin",
        ),
    )

    cluster_id: UUID = Field(primary_key=True)
    code: str
    name: str
    region: str
    industry: str
    cohort: int
    status: str
    version: int
