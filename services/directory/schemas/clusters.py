"""Clusters."""

from typing import Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain.clusters import ClusterStatus
from services.directory.schemas.fields import EXAMPLE_ID, Cohort, example
from shared.pages import Page
from shared.text import Code, Line, RegionCode


class ClusterCreate(BaseModel):
    """A new cluster."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "16-2022-01",
                    "name": "Кластер «Машиностроение» № 1",
                    "region": "16",
                    "industry": "mechanical-engineering",
                    "cohort": 2022,
                }
            ]
        },
    )

    code: Code
    name: Line
    region: RegionCode
    industry: Code
    cohort: Cohort
    status: Literal[ClusterStatus.PLANNED, ClusterStatus.ACTIVE] = ClusterStatus.ACTIVE
    core_college_id: UUID | None = None


class ClusterPatch(BaseModel):
    """What may change of a cluster; what is left out stays. A core college of null is none."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "closed"}]}
    )

    name: Line | SkipJsonSchema[None] = None
    status: ClusterStatus | SkipJsonSchema[None] = None
    core_college_id: UUID | None = None

    @field_validator("name", "status")
    @classmethod
    def _is_something(cls, value: object) -> object:
        """Null is no name and no status; leaving the field out is how it stays."""
        if value is None:
            raise PydanticCustomError("null_not_allowed", "Null is not a value here")
        return value


class ClusterRead(BaseModel):
    """A cluster."""

    model_config = example(
        id=EXAMPLE_ID, code="16-2022-01", name="Кластер «Машиностроение» № 1", region="16",
        industry="mechanical-engineering", cohort=2022, status="active", core_college_id=None,
        registered_at="2023-09-01T06:00:00Z", version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    industry: str = Field(max_length=64)
    cohort: int
    status: ClusterStatus
    core_college_id: UUID | None
    registered_at: AwareDatetime
    version: int


class ClusterPage(Page[ClusterRead]):
    """A page of clusters."""


class ClusterExportQuery(BaseModel):
    """Which clusters the file has; nothing named, all."""

    model_config = ConfigDict(extra="forbid")

    region: RegionCode | None = None
    industry: Code | None = None
    cohort: Cohort | None = None
    status: ClusterStatus | None = None
