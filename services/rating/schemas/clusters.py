"""Clusters' lines, and the parts a cluster's score is made of."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.rating.domain.scores import Zone
from services.rating.schemas.head import BasisPoints, RatingHead
from services.rating.schemas.regions import PartRead

_CLUSTER: Final[JsonDict] = {
    "cluster_id": "0190c5a0-0000-7000-8000-000000000003",
    "code": "16-2022-01",
    "name": "Кластер «Машиностроение» № 1",
    "region": "16",
    "industry": "mechanical-engineering",
    "cohort": 2022,
    "raw_bp": 9314,
    "stabilised_bp": 9021,
    "zone": "green",
    "place": 3,
    "executions": 8,
    "weight": 15,
    "on_time_bp": 9512,
    "debts": 0,
    "provisional": 1,
}


class ClusterRowRead(BaseModel):
    """A cluster's line: the same formula over its own executions."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CLUSTER]})

    cluster_id: UUID
    code: str | None = Field(max_length=64, description="null — справочник ещё не назвал кластер")
    name: str | None = Field(max_length=300)
    region: str = Field(max_length=2)
    industry: str | None = Field(max_length=64)
    cohort: int | None
    raw_bp: BasisPoints | None
    stabilised_bp: BasisPoints | None
    zone: Zone | None
    place: int | None = Field(description="null — данных недостаточно (меньше 3 исполнений)")
    executions: int
    weight: int
    on_time_bp: BasisPoints | None
    debts: int
    provisional: int


class ClustersRating(RatingHead):
    """A page of the rating of clusters; the next pages are of the same instant."""

    items: list[ClusterRowRead] = Field(max_length=200)
    total: int = Field(description="Сколько строк подходит под отбор на всех страницах")
    next_cursor: str | None = Field(default=None, max_length=500)


class ClusterRating(RatingHead):
    """One cluster's line; its place is among all clusters."""

    item: ClusterRowRead


class ClusterExplanationRead(ClusterRating):
    """Why the cluster has this score: the sum of `contribution` over the sum of weights."""

    numerator: int
    denominator: int
    parts: list[PartRead] = Field(max_length=100_000)
