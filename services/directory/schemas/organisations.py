"""Organisations."""

from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.schemas.fields import EXAMPLE_ID, example
from shared.pages import Page
from shared.text import Code, Line, RegionCode


class OrganisationCreate(BaseModel):
    """A new organisation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "kzn-college-1",
                    "name": "Казанский политехнический колледж",
                    "kind": "college",
                    "level": "operational",
                    "region": "16",
                }
            ]
        },
    )

    code: Code
    name: Line
    kind: OrganisationKind
    level: Level
    region: RegionCode | None = None


class OrganisationRead(BaseModel):
    """An organisation."""

    model_config = example(
        id=EXAMPLE_ID, code="rsv", name="АНО «РСВ»", kind="operator", level="strategic",
        region=None, version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    kind: OrganisationKind
    level: Level
    region: str | None = Field(max_length=2)
    version: int


class OrganisationPage(Page[OrganisationRead]):
    """A page of organisations."""
