"""What is there on a day, and what is missing."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.directory.domain.coverage import Gap
from services.directory.schemas.regions import RegionName


class LackingRead(BaseModel):
    """A region, or a cluster of a region, that lacks something."""

    model_config = ConfigDict(from_attributes=True)

    region: str = Field(max_length=2)
    cluster_id: UUID | None = Field(description="null — недостаёт самому региону")
    code: str | None = Field(max_length=64)
    name: str = Field(max_length=300)


class GapRead(BaseModel):
    """Of how many regions or active clusters how many lack this, and which (the first 200)."""

    model_config = ConfigDict(from_attributes=True)

    kind: Gap
    name: str = Field(max_length=300)
    total: int
    missing: int
    items: list[LackingRead] = Field(max_length=200)


class Coverage(BaseModel):
    """How many regions have a coordinator on the date, and everything that is missing."""

    at: date
    total: int
    appointed: int
    vacant: int
    vacant_regions: list[RegionName] = Field(max_length=200)
    gaps: list[GapRead] = Field(max_length=20)
