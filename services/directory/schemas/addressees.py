"""Addressees as of a date."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from services.directory.schemas.fields import Cohort, Day
from shared.text import Code, RegionCode


class AddresseesQuery(BaseModel):
    """Whom an instruction is for, as of a date. Empty lists restrict nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "cluster", "cohorts": [2022], "at": "2023-10-04"}]
        },
    )

    kind: Literal["cluster", "authority"]
    clusters: list[UUID] = Field(default_factory=list, max_length=2000)
    regions: list[RegionCode] = Field(default_factory=list, max_length=100)
    cohorts: list[Cohort] = Field(default_factory=list, max_length=50)
    industries: list[Code] = Field(default_factory=list, max_length=100)
    at: Day


class AddresseeRead(BaseModel):
    """Someone who owes an execution, with what the execution needs to know of the region."""

    model_config = ConfigDict(from_attributes=True)

    cluster_id: UUID | None = None
    cluster_code: str | None = Field(default=None, max_length=64)
    cluster_name: str | None = Field(default=None, max_length=300)
    region: str = Field(max_length=2)
    region_name: str = Field(max_length=300)
    timezone: str = Field(max_length=64)
    cohort: int | None = None
    industry: str | None = Field(default=None, max_length=64)
    coordinator_id: UUID | None
    authority_head_id: UUID | None


class Addressees(BaseModel):
    """Everyone addressed, by region and cluster code."""

    at: date
    items: list[AddresseeRead] = Field(max_length=2000)
