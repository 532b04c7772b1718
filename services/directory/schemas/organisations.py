"""Organisations."""

from datetime import date
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
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
    valid_from: Day | None = Field(default=None, description="Первый день; null — неизвестен")
    valid_to: Day | None = Field(default=None, description="Последний день; null — действует")


class OrganisationPatch(BaseModel):
    """What may change of an organisation; what is left out stays. Its kind is for good."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    name: Line | SkipJsonSchema[None] = None
    level: Level | SkipJsonSchema[None] = None
    region: RegionCode | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    @field_validator("name", "level")
    @classmethod
    def _is_something(cls, value: object) -> object:
        """Null is no name and no level; leaving the field out is how it stays."""
        if value is None:
            raise PydanticCustomError("null_not_allowed", "Null is not a value here")
        return value


class OrganisationRead(BaseModel):
    """An organisation."""

    model_config = example(
        id=EXAMPLE_ID, code="rsv", name="АНО «РСВ»", kind="operator", level="strategic",
        region=None, valid_from=None, valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    kind: OrganisationKind
    level: Level
    region: str | None = Field(max_length=2)
    valid_from: date | None
    valid_to: date | None
    version: int


class OrganisationPage(Page[OrganisationRead]):
    """A page of organisations."""
