"""Regions and clusters as the directory tells them."""

from uuid import UUID

from sqlmodel import Field

from services.rating.models.base import Base


class Region(Base, table=True):
    """A region as the directory tells it; its zone decides when a day has ended."""

    __tablename__ = "regions"

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    federal_district: str
    timezone: str
    version: int


class Cluster(Base, table=True):
    """A cluster as the directory tells it: its name, for people."""

    __tablename__ = "clusters"

    cluster_id: UUID = Field(primary_key=True)
    code: str
    name: str
    region: str = Field(index=True)
    industry: str
    cohort: int
    status: str
    version: int
