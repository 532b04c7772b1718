"""Meetings."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.schemas.agendas import AGENDA_ITEM, AgendaItemRead
from services.meetings.schemas.fields import MEETING_ID, Duration, Instant, reads
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
    "series_id": None,
    "occurrence_on": None,
    "started_at": None,
    "closed_at": None,
    "frozen_at": "2023-10-04T06:00:00Z",
    "agenda_revision": 2,
    "sequence": 0,
    "version": 3,
}


_MOVE: Final[JsonDict] = {
    "sequence": 1,
    "from_at": "2023-10-04T07:00:00Z",
    "to_at": "2023-10-05T07:00:00Z",
    "reason": "День учителя: переносим на четверг.",
    "moved_at": "2023-10-02T09:00:00Z",
    "moved_by": "secretary",
}


class MeetingCreate(BaseModel):
    """A meeting to schedule."""

    model_config = ConfigDict(extra="forbid")

    title: Line = Field(examples=["Еженедельное совещание с регионами"])
    series: Series = Field(examples=["unified"])
    starts_at: Instant = Field(examples=["2023-10-04T10:00:00+03:00"])
    duration_minutes: Duration = Field(examples=[60])
    place: Line | None = Field(default=None, examples=["Видеоконференция"])
    draft: bool = Field(
        default=False, strict=True, description="Черновик: в календарях его ещё нет"
    )


class MeetingMoveWrite(BaseModel):
    """When the meeting will take place instead, and why."""

    model_config = ConfigDict(extra="forbid")

    starts_at: Instant = Field(examples=["2023-10-05T10:00:00+03:00"])
    duration_minutes: Duration | None = Field(default=None, description="Без неё — прежняя")
    place: Line | None = Field(default=None, description="Без него — прежнее")
    reason: Text = Field(examples=["День учителя: переносим на четверг."])


class MeetingMoveRead(BaseModel):
    """From when to when the meeting was moved."""

    model_config = reads(_MOVE)

    sequence: int
    from_at: AwareDatetime
    to_at: AwareDatetime
    reason: str = Field(max_length=10_000)
    moved_at: AwareDatetime
    moved_by: str = Field(max_length=300)


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
    series_id: UUID | None = Field(description="Серия, которая назначила совещание")
    occurrence_on: date | None = Field(description="День серии, куда бы его ни перенесли")
    started_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    frozen_at: AwareDatetime | None = Field(description="Когда зафиксирована повестка")
    agenda_revision: int
    sequence: int = Field(description="SEQUENCE в календарях")
    version: int


class MeetingPage(Page[MeetingRead]):
    """A page of meetings."""


class CancelReason(BaseModel):
    """Why the meeting will not take place."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Перенесено на следующую неделю из-за праздничного дня."])


class MeetingDetail(MeetingRead):
    """A meeting with its agenda."""

    model_config = reads({**_MEETING, "agenda": [AGENDA_ITEM], "moves": [_MOVE]})

    agenda: list[AgendaItemRead] = Field(max_length=100)
    moves: list[MeetingMoveRead] = Field(max_length=10_000, description="Переносы по порядку")
