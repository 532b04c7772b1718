"""Letters as clients see them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.letters import LetterState


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
    sent_at: AwareDatetime | None
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None = Field(max_length=200)
    version: int


class LetterList(BaseModel):
    """A slice's letters by region, and how many are in which state."""

    counts: dict[str, int]
    items: list[LetterRead] = Field(max_length=200)
