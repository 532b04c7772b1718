"""Letters as clients see them."""

from typing import Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.letters import LetterState
from shared.clock import Instant
from shared.text import Line


class LetterRead(BaseModel):
    """A letter and what became of it. No address is kept here."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slice_id: UUID
    region: str = Field(max_length=2)
    person_id: UUID | None = Field(description="Руководитель по справочнику; null — вакансия")
    addressee: str | None = Field(max_length=300)
    state: LetterState
    attempts: int
    last_error: str | None = Field(max_length=500)
    prepared_at: AwareDatetime
    sent_at: AwareDatetime | None = Field(description="Когда письмо принял почтовый сервер")
    delivered_at: AwareDatetime | None = Field(description="Когда доставлено, по уведомлению")
    delivery_note: str | None = Field(max_length=300, description="По какому уведомлению")
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None = Field(max_length=200)
    version: int


class DeliveryTold(BaseModel):
    """What a notification says: of the mail server (DSN), or of the authority that received it."""

    model_config = ConfigDict(extra="forbid")

    outcome: Literal[LetterState.DELIVERED, LetterState.FAILED]
    at: Instant = Field(
        description="Когда, по уведомлению; не раньше отправки", examples=["2023-11-01T07:30:00Z"]
    )
    note: Line = Field(
        description="Какое уведомление: входящий номер, код DSN",
        examples=["Вх. № 01-15/1203 от 01.11.2023"],
    )


class LetterList(BaseModel):
    """A slice's letters by region, and how many are in which state."""

    counts: dict[str, int]
    items: list[LetterRead] = Field(max_length=200)
