"""Copies of what the directory tells: names for registers, zones for deadlines."""

from uuid import UUID

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

    cluster_id: UUID = Field(primary_key=True)
    code: str
    name: str
    region: str
    industry: str
    cohort: int
    status: str
    version: int
