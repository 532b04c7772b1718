"""Regions and industries."""

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from services.directory.schemas.fields import example
from shared.pages import Page


class RegionRead(BaseModel):
    """A region."""

    model_config = example(
        code="16",
        name="Республика Татарстан (Татарстан)",
        short_name="Татарстан",
        federal_district="ПФО",
        timezone="Europe/Moscow",
        authority="Министерство образования и науки Республики Татарстан",
        version=1,
    )

    code: str = Field(max_length=2)
    name: str = Field(max_length=300)
    short_name: str = Field(max_length=300)
    federal_district: str = Field(max_length=300)
    timezone: str = Field(max_length=64, description="Часовой пояс IANA: когда в регионе полночь")
    authority: str | None = Field(max_length=300, description="Орган исполнительной власти на дату")
    version: int


class RegionPage(Page[RegionRead]):
    """A page of regions."""


class RegionName(BaseModel):
    """A region by name."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(max_length=2)
    name: str = Field(max_length=300)


class IndustryRead(BaseModel):
    """An industry."""

    model_config = example(code="mechanical-engineering", name="Машиностроение")

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)


class IndustryList(BaseModel):
    """All industries."""

    items: list[IndustryRead] = Field(max_length=200)
