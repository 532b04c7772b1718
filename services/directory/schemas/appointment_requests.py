"""Requests to authorities to appoint."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field

from services.directory.domain.appointments import Office
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import Line, RegionCode

# What an authority appoints: `OF_THE_AUTHORITY`.
Asked = Literal[Office.COORDINATOR, Office.DEPUTY]


class AppointmentRequestCreate(BaseModel):
    """Whom to ask, by when to answer; no regions are all that are vacant and not asked yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"due_on": "2023-09-20", "letter": "Письмо № 05-1234 от 12.09.2023"}]
        },
    )

    office: Asked = Office.COORDINATOR
    regions: list[RegionCode] = Field(default_factory=list, max_length=100)
    due_on: Day
    letter: Line | None = Field(default=None, description="Реквизиты письма")


class AppointmentReminder(BaseModel):
    """Whom to remind: everybody who has not answered, or only those whose day has passed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"overdue": True}]})

    office: Asked = Office.COORDINATOR
    overdue: bool = Field(default=False, strict=True)


class AppointmentsReminded(BaseModel):
    """How many were reminded."""

    reminded: int


class AppointmentRequestRead(BaseModel):
    """A request and its answer: the appointment that followed."""

    model_config = example(
        id=EXAMPLE_ID, region="16", office="coordinator", letter="Письмо № 05-1234 от 12.09.2023",
        due_on="2023-09-20", requested_at="2023-09-12T07:00:00Z", requested_by="cur_admin",
        reminders=1, reminded_at="2023-09-18T07:00:00Z", version=2, appointment_id=EXAMPLE_ID,
        appointed_from="2023-09-19", answered_at="2023-09-19T09:00:00Z", answered=True,
    )  # fmt: skip

    id: UUID
    region: str = Field(max_length=2)
    office: Office
    letter: str | None = Field(max_length=300)
    due_on: date
    requested_at: AwareDatetime
    requested_by: str = Field(max_length=300)
    reminders: int
    reminded_at: AwareDatetime | None
    version: int
    appointment_id: UUID | None
    appointed_from: date | None
    answered_at: AwareDatetime | None

    @computed_field
    def answered(self) -> bool:
        """Whether the appointment is there."""
        return self.appointment_id is not None


class AppointmentRequestPage(Page[AppointmentRequestRead]):
    """A page of requests."""


class AppointmentsRequested(BaseModel):
    """The requests made, by region."""

    requested: int
    items: list[AppointmentRequestRead] = Field(max_length=200)
