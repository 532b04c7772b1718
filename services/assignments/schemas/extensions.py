"""Requests for a later date as clients see and make them."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.assignments.domain.executions import Party
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.schemas.dates import Day
from shared.text import Text


class ExtensionAsk(BaseModel):
    """Until when, and why."""

    model_config = ConfigDict(extra="forbid")

    wanted: Day = Field(examples=["2023-11-03"])
    reason: Text = Field(examples=["Поставщик перенёс отгрузку оборудования."])


class ExtensionGrant(BaseModel):
    """Until when it is granted: the date asked for, or another later than the due date."""

    model_config = ConfigDict(extra="forbid")

    due: Day | None = Field(default=None, description="Без даты — до запрошенной")
    text: Text | None = None


class ExtensionRead(BaseModel):
    """A request and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    execution_id: UUID
    status: ExtensionStatus
    party: Party
    asked_at: AwareDatetime
    due: date = Field(description="Срок, действовавший при обращении")
    wanted: date
    reason: str = Field(max_length=10_000)
    in_time: bool = Field(
        description="Попросили не позже срока; иначе продление ставит лишь контрольный срок"
    )
    decided_at: AwareDatetime | None
    granted: date | None
    words: str | None = Field(max_length=10_000)


class ExtensionList(BaseModel):
    """All requests of an execution, oldest first."""

    items: list[ExtensionRead] = Field(max_length=10_000)
