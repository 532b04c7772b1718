"""Appointments."""

from datetime import date
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
)

from services.directory.domain.appointments import Office
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import RegionCode


class AppointmentCreate(BaseModel):
    """A new tenure; both days are included, no last day means until further notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "region": "16",
                    "office": "coordinator",
                    "person_id": EXAMPLE_ID,
                    "valid_from": "2023-09-15",
                }
            ]
        },
    )

    region: RegionCode
    office: Office
    person_id: UUID
    valid_from: Day
    valid_to: Day | None = None


class AppointmentEnd(BaseModel):
    """The last day of a tenure."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    valid_to: Day


class AppointmentRead(BaseModel):
    """A tenure."""

    model_config = example(
        id=EXAMPLE_ID, region="16", office="coordinator", person_id=EXAMPLE_ID,
        valid_from="2023-09-15", valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    region: str = Field(max_length=2)
    office: Office
    person_id: UUID
    valid_from: date
    valid_to: date | None
    version: int


class AppointmentPage(Page[AppointmentRead]):
    """A page of appointments."""
