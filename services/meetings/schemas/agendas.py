"""Agendas."""

from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.agendas import AgendaKind
from services.meetings.schemas.fields import AGENDA_ITEM_ID, MEETING_ID, reads
from shared.text import Line, Text

AGENDA_ITEM: Final[JsonDict] = {
    "id": AGENDA_ITEM_ID,
    "meeting_id": MEETING_ID,
    "position": 1,
    "kind": "operational",
    "text": "О загрузке мастерских в 2024 году",
    "presenter": "Иванова М. П.",
}


class AgendaItemCreate(BaseModel):
    """A question for the agenda."""

    model_config = ConfigDict(extra="forbid")

    kind: AgendaKind = Field(examples=["operational"])
    text: Text = Field(examples=["О загрузке мастерских в 2024 году"])
    presenter: Line | None = Field(default=None, examples=["Иванова М. П."])


class AgendaItemRead(BaseModel):
    """A question of the agenda."""

    model_config = reads(AGENDA_ITEM)

    id: UUID
    meeting_id: UUID
    position: int
    kind: AgendaKind
    text: str = Field(max_length=10_000)
    presenter: str | None = Field(max_length=300)
