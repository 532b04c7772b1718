"""What an order to many executions came to, one by one."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assignments.domain.executions import Status
from services.assignments.schemas.dates import Day
from shared.text import Text

MAX_BULK = 1000


class OutcomeRead(BaseModel):
    """One execution: done, or refused with the reason a single request would have got."""

    execution_id: UUID
    done: bool
    state: Status | None = Field(description="Состояние после команды или помешавшее ей")
    version: int | None
    due: date | None
    status: int = Field(description="Код HTTP, который дал бы отдельный запрос", examples=[200])
    code: str | None = Field(max_length=100, description="Код отказа")
    detail: str | None = Field(max_length=2000, description="Причина отказа")


class Outcomes(BaseModel):
    """All of them, in the order asked."""

    done: int
    refused: int
    items: list[OutcomeRead] = Field(max_length=MAX_BULK * 10)


class BulkItem(BaseModel):
    """An execution, and the version the command is meant for, where that matters."""

    model_config = ConfigDict(extra="forbid")

    execution_id: UUID
    version: int | None = Field(default=None, strict=True, ge=1, le=2**31 - 1)


class BulkCommand(BaseModel):
    """One command for many executions; each is done or refused by itself."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "command": "return",
                    "reason": "Не приложен акт.",
                    "items": [{"execution_id": "0190c5a0-0000-7000-8000-000000000012"}],
                }
            ]
        },
    )

    command: Literal[
        "acknowledge",
        "delegate",
        "start",
        "pre_check",
        "return",
        "forward",
        "accept",
        "grant_extension",
        "refuse_extension",
        "redate",
        "withdraw",
    ]
    items: list[BulkItem] = Field(min_length=1, max_length=MAX_BULK)
    reason: Text | None = Field(
        default=None, description="Обязательно для возврата, отзыва, отказа и переноса срока"
    )
    on: Annotated[
        Day | None, Field(description="Дата: внутренний срок, новый срок или продление до")
    ] = None
