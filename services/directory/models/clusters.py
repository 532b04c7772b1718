"""Clusters, the statuses they have had, and the timeline of their life."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.directory.domain.clusters import ChangeKind, ClusterStatus
from services.directory.models.base import Base
from services.directory.models.searched import indexes
from shared.db import UtcDateTime, text_enum


class Cluster(Base, table=True):
    """A cluster: region and industry, the year its cohort won, and how it stands today."""

    __tablename__ = "clusters"
    __table_args__ = (
        Index("ix_clusters_region_code", "region", "code"),
        *indexes("clusters"),
    )

    id: UUID = Field(primary_key=True)
    code: str = Field(unique=True)
    name: str
    region: str = Field(foreign_key="regions.code")
    industry: str = Field(foreign_key="industries.code")
    cohort: int
    # The newest of `cluster_statuses`.
    status: ClusterStatus = Field(sa_type=text_enum(ClusterStatus))
    merged_into: UUID | None = Field(default=None, foreign_key="clusters.id")
    registered_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1


class ClusterTenure(Base, table=True):
    """A status of a cluster, both days included; one on any day, by migration 0003."""

    __tablename__ = "cluster_statuses"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    cluster_id: UUID = Field(foreign_key="clusters.id")
    status: ClusterStatus = Field(sa_type=text_enum(ClusterStatus))
    valid_from: date
    valid_to: date | None = None


class ClusterChange(Base, table=True):
    """An entry of the timeline: what came into force on which day, who entered it, and why."""

    __tablename__ = "cluster_changes"
    __table_args__ = (Index("ix_cluster_changes_timeline", "cluster_id", "effective_on", "id"),)

    id: UUID = Field(primary_key=True)
    cluster_id: UUID = Field(foreign_key="clusters.id")
    kind: ChangeKind = Field(sa_type=text_enum(ChangeKind))
    effective_on: date
    reason: str | None = Field(default=None, sa_type=Text)
    # Names as they were, so that a later renaming does not rewrite history.
    details: dict[str, str] = Field(sa_type=JSONB)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    recorded_by: str
