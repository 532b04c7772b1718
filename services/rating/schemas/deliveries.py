"""Deliveries as clients see them: every attempt and what came of it."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.webhooks import AttemptOutcome, DeliveryState
from shared.pages import Page


class AttemptRead(BaseModel):
    """One attempt."""

    model_config = ConfigDict(from_attributes=True)

    started_at: AwareDatetime
    outcome: AttemptOutcome
    status_code: int | None
    duration_ms: int | None
    error: str | None = Field(max_length=300, examples=["Нет ответа за 15 с."])
    excerpt: str | None = Field(max_length=500, description="Начало ответа получателя")


class DeliveryRead(BaseModel):
    """A message to a subscription and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    subscription_id: UUID
    type: str = Field(max_length=100, examples=["rating.slice.frozen.v1"])
    message_id: UUID = Field(description="webhook-id; один и тот же при всех повторах")
    state: DeliveryState
    attempts_made: int = Field(description="Попыток с последней постановки в очередь")
    due_at: AwareDatetime = Field(description="Когда следующая попытка, пока pending")
    created_at: AwareDatetime
    decided_at: AwareDatetime | None
    last_error: str | None = Field(max_length=300)
    attempts: list[AttemptRead] = Field(
        default=[], max_length=20, description="Последние попытки, по порядку"
    )


class DeliveryPage(Page[DeliveryRead]):
    """Deliveries, the newest first."""
