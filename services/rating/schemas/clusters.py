"""Clusters' lines."""

from uuid import UUID

from pydantic import BaseModel, Field

from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead


class ClusterRowRead(BaseModel):
    """A cluster's line: the same formula over its own executions."""

    cluster_id: UUID
    code: str | None = Field(max_length=64)
    name: str | None = Field(max_length=300)
    region: str = Field(max_length=2)
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None
    executions: int
    weight: int
    on_time_bp: BasisPoints | None
    debts: int
    provisional: int


class ClustersRating(RatingHead):
    """The rating of clusters, by place."""

    items: list[ClusterRowRead] = Field(max_length=10_000)
