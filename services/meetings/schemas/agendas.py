"""Agendas."""

from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.agendas import MAX_AGENDA_ITEMS, AgendaKind, AgendaOrigin, Outcome
from services.meetings.schemas.fields import AGENDA_ITEM_ID, MEETING_ID, Duration, reads
from shared.text import Line, Text

AGENDA_ITEM: Final[JsonDict] = {
    "id": AGENDA_ITEM_ID,
    "meeting_id": MEETING_ID,
    "position": 1,
    "kind": "operational",
    "text": "О загрузке мастерских в 2024 году",
    "presenter": "Иванова М. П.",
    "duration_minutes": 15,
    "late": False,
    "origin": "person",
    "carried_from": None,
    "outcome": "decision",
    "outcome_note": "Загрузку представить к 20 октября.",
    "decided_at": "2023-10-04T08:10:00Z",
    "decided_by": "secretary",
}
_LINE: Final[JsonDict] = {"region": "16", "overdue": 2, "due_soon": 5, "awaiting": 1}


class AgendaItemCreate(BaseModel):
    """A question for the agenda."""

    model_config = ConfigDict(extra="forbid")

    kind: AgendaKind = Field(examples=["operational"])
    text: Text = Field(examples=["О загрузке мастерских в 2024 году"])
    presenter: Line | None = Field(default=None, examples=["Иванова М. П."])
    duration_minutes: Duration | None = Field(default=None, examples=[15])


class AgendaItemRead(BaseModel):
    """A question of the agenda."""

    model_config = reads(AGENDA_ITEM)

    id: UUID
    meeting_id: UUID
    position: int
    kind: AgendaKind
    text: str = Field(max_length=10_000)
    presenter: str | None = Field(max_length=300)
    duration_minutes: int | None
    late: bool = Field(description="Внесён после фиксации повестки")
    origin: AgendaOrigin
    carried_from: UUID | None = Field(description="Вопрос прошлого совещания, не рассмотренный там")
    outcome: Outcome | None
    outcome_note: str | None = Field(max_length=10_000)
    decided_at: AwareDatetime | None
    decided_by: str | None = Field(max_length=300)


class AgendaOrder(BaseModel):
    """Every question of the agenda, in the order wanted."""

    model_config = ConfigDict(extra="forbid")

    items: list[UUID] = Field(max_length=MAX_AGENDA_ITEMS, examples=[[AGENDA_ITEM_ID]])


class OutcomeWrite(BaseModel):
    """What the meeting made of a question."""

    model_config = ConfigDict(extra="forbid")

    outcome: Outcome = Field(examples=["decision"])
    note: Text | None = Field(default=None, examples=["Загрузку представить к 20 октября."])


class ControlLineRead(BaseModel):
    """What a region owes."""

    model_config = reads(_LINE)

    region: str = Field(max_length=2)
    overdue: int = Field(description="Просрочено")
    due_soon: int = Field(description="Срок в ближайшие семь дней")
    awaiting: int = Field(description="Сдано и ждёт приёмки")


class ReceiptCounts(BaseModel):
    """Who has read the agenda as it is now."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"read": 61, "regions": 58, "stale": 4}]}
    )

    read: int = Field(description="Сколько человек ознакомились с нынешней повесткой")
    regions: int = Field(description="Из скольких регионов")
    stale: int = Field(description="Сколько видели только прежнюю")


class AgendaSection(BaseModel):
    """A section of the agenda."""

    kind: AgendaKind
    items: list[AgendaItemRead] = Field(max_length=MAX_AGENDA_ITEMS)


class AgendaRead(BaseModel):
    """The agenda by sections, in the order in which they are heard."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "meeting_id": MEETING_ID,
                    "revision": 3,
                    "frozen_at": "2023-10-04T06:00:00Z",
                    "duration_minutes": 15,
                    "sections": [{"kind": "operational", "items": [AGENDA_ITEM]}],
                    "control": [_LINE],
                    "receipts": {"read": 61, "regions": 58, "stale": 4},
                }
            ]
        }
    )

    meeting_id: UUID
    revision: int
    frozen_at: AwareDatetime | None = Field(description="Пока не зафиксирована — раздел живой")
    duration_minutes: int = Field(description="Сумма отведённого времени")
    sections: list[AgendaSection] = Field(max_length=4)
    control: list[ControlLineRead] = Field(
        max_length=100, description="Контроль по регионам: на начало совещания или на сейчас"
    )
    receipts: ReceiptCounts
