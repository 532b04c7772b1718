"""What clients send and get. Never a table."""

from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.meetings.domain import AgendaKind, MeetingStatus, ProtocolStatus, Series
from shared.control import ControlWrite
from shared.events.meetings import AddresseeKind, Addressees, Control, Priority
from shared.pages import Page
from shared.text import Code, Line, RegionCode, Text, unfit

# Wider than the programme will ever need, and narrow enough for every time zone's arithmetic.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100

Day = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), le=datetime(LAST_YEAR, 12, 31, tzinfo=UTC)),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]
Cohort = Annotated[int, Field(strict=True, ge=2022, le=LAST_YEAR)]
ClosesOn = Literal["coordinator_appointed"]

_MEETING_ID: Final = "0190c5a0-0000-7000-8000-000000000100"
_AGENDA_ITEM_ID: Final = "0190c5a0-0000-7000-8000-000000000101"
_PROTOCOL_ID: Final = "0190c5a0-0000-7000-8000-000000000001"
_ITEM_ID: Final = "0190c5a0-0000-7000-8000-000000000002"

_MEETING: Final[JsonDict] = {
    "id": _MEETING_ID,
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
_AGENDA_ITEM: Final[JsonDict] = {
    "id": _AGENDA_ITEM_ID,
    "meeting_id": _MEETING_ID,
    "position": 1,
    "kind": "operational",
    "text": "О загрузке мастерских в 2024 году",
    "presenter": "Иванова М. П.",
}
_ADDRESSEES: Final[JsonDict] = {
    "kind": "cluster",
    "clusters": [],
    "regions": ["16", "63"],
    "cohorts": [2022],
    "industries": [],
}
_PROTOCOL: Final[JsonDict] = {
    "id": _PROTOCOL_ID,
    "meeting_id": _MEETING_ID,
    "status": "approved",
    "number": 5,
    "year": 2023,
    "signed_on": "2023-10-04",
    "approved_at": "2023-10-04T12:00:00Z",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2023-10-04T08:10:00Z",
    "version": 4,
}
_ITEM: Final[JsonDict] = {
    "id": _ITEM_ID,
    "protocol_id": _PROTOCOL_ID,
    "position": 1,
    "text": "Представить план загрузки мастерских на 2024 год.",
    "priority": "important",
    "due_on": "2023-10-20",
    "addressees": _ADDRESSEES,
    "agenda_item_id": _AGENDA_ITEM_ID,
    "closes_on": None,
    "control": {"term": None, "points": ["План", "Смета"], "evidence": "file"},
}


def _reads(example: JsonDict) -> ConfigDict:
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})


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

    model_config = _reads(_MEETING)

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


class AgendaItemCreate(BaseModel):
    """A question for the agenda."""

    model_config = ConfigDict(extra="forbid")

    kind: AgendaKind = Field(examples=["operational"])
    text: Text = Field(examples=["О загрузке мастерских в 2024 году"])
    presenter: Line | None = Field(default=None, examples=["Иванова М. П."])


class AgendaItemRead(BaseModel):
    """A question of the agenda."""

    model_config = _reads(_AGENDA_ITEM)

    id: UUID
    meeting_id: UUID
    position: int
    kind: AgendaKind
    text: str = Field(max_length=10_000)
    presenter: str | None = Field(max_length=300)


class MeetingDetail(MeetingRead):
    """A meeting with its agenda."""

    model_config = _reads({**_MEETING, "agenda": [_AGENDA_ITEM]})

    agenda: list[AgendaItemRead] = Field(max_length=100)


class ProtocolCreate(BaseModel):
    """Whose protocol to open."""

    model_config = ConfigDict(extra="forbid")

    meeting_id: UUID = Field(examples=[_MEETING_ID])


class ProtocolRead(BaseModel):
    """A protocol without its items; what the approval gives is null in a draft."""

    model_config = _reads(_PROTOCOL)

    id: UUID
    meeting_id: UUID
    status: ProtocolStatus
    number: int | None = Field(description="Номер в пределах года, без пропусков")
    year: int | None
    signed_on: date | None = Field(description="Дата утверждения по московскому времени")
    approved_at: AwareDatetime | None
    content_hash: str | None = Field(max_length=64, description="SHA-256 содержания")
    created_at: AwareDatetime
    version: int


class ProtocolPage(Page[ProtocolRead]):
    """A page of protocols."""


class AddresseesWrite(BaseModel):
    """Whom an item addresses: every list narrows further, an empty one restricts nothing."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_ADDRESSEES]})

    kind: AddresseeKind
    clusters: list[UUID] = Field(default_factory=list, max_length=1000)
    regions: list[RegionCode] = Field(default_factory=list, max_length=100)
    cohorts: list[Cohort] = Field(default_factory=list, max_length=20)
    industries: list[Code] = Field(default_factory=list, max_length=100)


class ItemWrite(BaseModel):
    """What an item of a draft says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    name: value
                    for name, value in _ITEM.items()
                    if name not in {"id", "protocol_id", "position"}
                }
            ]
        },
    )

    text: Text
    priority: Priority
    due_on: Day | None = Field(default=None, description="Без даты — месяц со дня подписания")
    addressees: AddresseesWrite
    agenda_item_id: UUID | None = Field(default=None, description="Вопрос повестки совещания")
    closes_on: ClosesOn | None = Field(
        default=None, description="Закрывается само, когда назначен координатор (kind=authority)"
    )
    control: ControlWrite = Field(default_factory=ControlWrite)

    @model_validator(mode="after")
    def _one_term(self) -> Self:
        if self.due_on is not None and (self.control.term or self.control.rule):
            raise unfit("Либо дата, либо term или rule")
        return self


class ItemRead(BaseModel):
    """An item of a protocol."""

    model_config = _reads(_ITEM)

    id: UUID
    protocol_id: UUID
    position: int
    text: str = Field(max_length=10_000)
    priority: Priority
    due_on: date | None
    addressees: Addressees
    agenda_item_id: UUID | None
    closes_on: ClosesOn | None
    control: Control


class ProtocolDetail(ProtocolRead):
    """A protocol with its items."""

    model_config = _reads({**_PROTOCOL, "items": [_ITEM]})

    items: list[ItemRead] = Field(max_length=100)


class ItemReach(BaseModel):
    """How many an item would reach, if it were approved now."""

    item_id: UUID
    position: int
    kind: AddresseeKind
    executions: int = Field(description="Сколько исполнений появится")
    regions: int = Field(description="В скольких регионах")


class ProtocolPreview(BaseModel):
    """The reach of every item, by this service's copy of the directory."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "protocol_id": _PROTOCOL_ID,
                    "items": [
                        {
                            "item_id": _ITEM_ID,
                            "position": 1,
                            "kind": "cluster",
                            "executions": 14,
                            "regions": 2,
                        }
                    ],
                }
            ]
        }
    )

    protocol_id: UUID
    items: list[ItemReach] = Field(max_length=100)


class Verification(BaseModel):
    """Whether the stored content still gives the hash it was approved with."""

    model_config = _reads(
        {
            "protocol_id": _PROTOCOL_ID,
            "content_hash": _PROTOCOL["content_hash"],
            "computed_hash": _PROTOCOL["content_hash"],
            "matches": True,
        }
    )

    protocol_id: UUID
    content_hash: str = Field(max_length=64)
    computed_hash: str = Field(max_length=64)
    matches: bool
