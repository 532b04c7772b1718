"""Protocols."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.protocols import ProtocolStatus
from services.meetings.schemas.fields import MEETING_ID, PROTOCOL_ID, reads
from services.meetings.schemas.items import ITEM, ItemRead
from shared.pages import Page
from shared.text import Line

_PROTOCOL: Final[JsonDict] = {
    "id": PROTOCOL_ID,
    "meeting_id": MEETING_ID,
    "status": "approved",
    "number": 5,
    "year": 2023,
    "signed_on": "2023-10-04",
    "approved_at": "2023-10-04T12:00:00Z",
    "content_hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "created_at": "2023-10-04T08:10:00Z",
    "version": 4,
    "full_number": "5/2023",
    "corrects": None,
    "addendum": 0,
    "review_round": 1,
    "remarks_until": "2023-10-04T11:00:00Z",
}
_HEADER: Final[JsonDict] = {
    "chair": "Смирнова А. В., заместитель Министра просвещения Российской Федерации",
    "secretary": "Кузнецова О. И.",
    "present": ["Иванов И. И. (Республика Татарстан)", "Петрова П. П. (Самарская область)"],
}


class ProtocolCreate(BaseModel):
    """Whose protocol to open."""

    model_config = ConfigDict(extra="forbid")

    meeting_id: UUID = Field(examples=[MEETING_ID])


class ProtocolRead(BaseModel):
    """A protocol without its items; what the approval gives is null in a draft."""

    model_config = reads(_PROTOCOL)

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
    full_number: str | None = Field(max_length=40, description="«5/2023», «5/2023-Д1»")
    corrects: UUID | None = Field(description="Протокол, который исправляет это дополнение")
    addendum: int = Field(description="Номер дополнения; у самого протокола и у черновика — 0")
    review_round: int = Field(description="Сколько раз отправлен на согласование")
    remarks_until: AwareDatetime | None = Field(description="Срок замечаний участников")


class HeaderWrite(BaseModel):
    """Who chaired the meeting, who wrote it down, who was there, as the document names them."""

    model_config = ConfigDict(
        extra="forbid", from_attributes=True, json_schema_extra={"examples": [_HEADER]}
    )

    chair: Line | None = Field(default=None, description="Председательствовал")
    secretary: Line | None = Field(default=None, description="Секретарь")
    present: list[Line] = Field(
        default_factory=list, max_length=300, description="Присутствовали, по строке на каждого"
    )


class AddendumList(BaseModel):
    """Addenda to a protocol in the order they were opened."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            **_PROTOCOL,
                            "full_number": "5/2023-Д1",
                            "corrects": PROTOCOL_ID,
                            "addendum": 1,
                        }
                    ]
                }
            ]
        }
    )

    items: list[ProtocolRead] = Field(max_length=1000)


class ProtocolPage(Page[ProtocolRead]):
    """A page of protocols."""


class ProtocolDetail(ProtocolRead):
    """A protocol with its items."""

    model_config = reads({**_PROTOCOL, "header": _HEADER, "items": [ITEM]})

    header: HeaderWrite
    items: list[ItemRead] = Field(max_length=100)


class Verification(BaseModel):
    """Whether the stored content still gives the hash it was approved with."""

    model_config = reads(
        {
            "protocol_id": PROTOCOL_ID,
            "content_hash": _PROTOCOL["content_hash"],
            "computed_hash": _PROTOCOL["content_hash"],
            "matches": True,
        }
    )

    protocol_id: UUID
    content_hash: str = Field(max_length=64)
    computed_hash: str = Field(max_length=64)
    matches: bool
