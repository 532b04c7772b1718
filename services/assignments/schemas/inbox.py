"""The inbox as its owner sees it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.assignments.domain.executions import Status
from services.assignments.schemas.executions import ActionRead


class InboxItem(BaseModel):
    """One execution that needs you."""

    execution_id: UUID
    assignment_id: UUID
    number: str = Field(max_length=64, examples=["5/2023 п. 2"])
    text: str = Field(max_length=10_000)
    region: str = Field(max_length=2)
    cluster_id: UUID | None
    state: Status
    version: int
    weight: int
    due: date
    until: date = Field(description="До какого дня ваш ход, по времени региона")
    overdue: bool
    why: list[str] = Field(max_length=10, examples=[["Отчёт кластера ждёт вашей проверки"]])
    next_action: ActionRead | None
    actions: list[ActionRead] = Field(max_length=50)


class Inbox(BaseModel):
    """A page of what needs you, the most urgent first."""

    total: int
    items: list[InboxItem] = Field(max_length=200)
    next_cursor: str | None = Field(default=None, max_length=500)
