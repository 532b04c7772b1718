"""Meetings."""

from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.schemas.agendas import AGENDA_ITEM, AgendaItemRead
from services.meetings.schemas.fields import MEETING_ID, Instant, reads
from shared.pages import Page
from shared.text import Line, Text

_MEETING: Final[JsonDict] = {
    "id": MEETING_ID,
    "title": "Еженедельное совещание с регионами",
    "series": "unified",
    "starts_at": "2023-10-04T07:00:00Z",
    "duration_minutes": 60,
    "place": "Видеоконференция",
    "status": "held",
    "held_at": "2023-10-04T08:05:00Z",
    "cancelled_at": None,
    "cancel_reason": None,
    "created_at": "2023-10-02T09:00:00Z",
    "version": 3,
}


class MeetingCreate(BaseModel):
    """A meeting to schedule."""

    model_config = ConfigDict(extra="forbid")

    title: Line = Field(examples=["Еженедельное совещание с регионами"])
    series: Series = Field(examples=["unified"])
    starts_at: Instant = Field(examples=["2023-10-04T10:00:00+03:00"])
    duration_minutes: int = Field(strict=True, ge=1, le=24 * 60, examples=[60])
    place: Line | None = Field(default=None, examples=["Видеоконференция"])


class MeetingRead(BaseModel):
    """A meeting without its agenda."""

    model_config = reads(_MEETING)

    id: UUID
    title: str = Field(max_length=300)
    series: Series
    starts_at: AwareDatetime
    duration_minutes: int
    place: str | None = Field(max_length=300)
    status: MeetingStatus
    held_at: AwareDatetime | None
    cancelled_at: AwareDatetime | None
    cancel_reason: str | None = Field(max_length=10_000)
    created_at: AwareDatetime
    version: int


class MeetingPage(Page[MeetingRead]):
    """A page of meetings."""


class CancelReason(BaseModel):
    """Why the meeting will not take place."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Перенесено на следующую неделю из-за праздничного дня."])


class MeetingDetail(MeetingRead):
    """A meeting with its agenda."""

    model_config = reads({**_MEETING, "agenda": [AGENDA_ITEM]})

    agenda: list[AgendaItemRead] = Field(max_length=100)
