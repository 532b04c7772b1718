"""Clusters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.directory.domain.clusters import ClusterStatus
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


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
