"""Messages as those who answer for them see them."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.assignments.domain.notifications import Channel, NotificationState
from shared.pages import Page


class NotificationRead(BaseModel):
    """One message. Addresses are not kept: they are asked of the directory when it is sent."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    offices: list[str] = Field(
        description="В каких должностях человек получает сообщение", examples=[["coordinator"]]
    )
    regions: list[str] = Field(description="О каких регионах речь", examples=[["16"]])
    person_id: UUID | None = Field(description="Кому; null — должность вакантна или общий чат")
    channel: Channel
    day: date
    subject: str = Field(max_length=1000, examples=["Поручения на 20.10.2023: 4 — Татарстан"])
    body: str = Field(max_length=100_000)
    state: NotificationState
    attempts: int = Field(description="Попыток с последней постановки в очередь")
    last_error: str | None = Field(max_length=500)
    created_at: AwareDatetime
    sent_at: AwareDatetime | None
    version: int


class NotificationPage(Page[NotificationRead]):
    """A page of messages."""
