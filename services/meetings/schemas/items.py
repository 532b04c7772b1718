"""Items of a protocol."""

from datetime import date
from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.meetings.schemas.fields import (
    AGENDA_ITEM_ID,
    ITEM_ID,
    LAST_YEAR,
    PROTOCOL_ID,
    Day,
    reads,
)
from shared.control import ControlWrite
from shared.events.meetings import AddresseeKind, Addressees, Control, Priority
from shared.text import Code, RegionCode, Text, unfit

Cohort = Annotated[int, Field(strict=True, ge=2022, le=LAST_YEAR)]


ClosesOn = Literal["coordinator_appointed"]


_ADDRESSEES: Final[JsonDict] = {
    "kind": "cluster",
    "clusters": [],
    "regions": ["16", "63"],
    "cohorts": [2022],
    "industries": [],
}


ITEM: Final[JsonDict] = {
    "id": ITEM_ID,
    "protocol_id": PROTOCOL_ID,
    "position": 1,
    "text": "Представить план загрузки мастерских на 2024 год.",
    "priority": "important",
    "due_on": "2023-10-20",
    "addressees": _ADDRESSEES,
    "agenda_item_id": AGENDA_ITEM_ID,
    "closes_on": None,
    "control": {"term": None, "points": ["План", "Смета"], "evidence": "file"},
    "supersedes": None,
}


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
                    for name, value in ITEM.items()
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
    supersedes: UUID | None = Field(
        default=None, description="В дополнении: пункт протокола, который этот заменяет"
    )

    @model_validator(mode="after")
    def _one_term(self) -> Self:
        if self.due_on is not None and (self.control.term or self.control.rule):
            raise unfit("Либо дата, либо term или rule")
        return self


class ItemRead(BaseModel):
    """An item of a protocol."""

    model_config = reads(ITEM)

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
    supersedes: UUID | None = Field(description="Какой пункт заменяет")


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
                    "protocol_id": PROTOCOL_ID,
                    "items": [
                        {
                            "item_id": ITEM_ID,
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
