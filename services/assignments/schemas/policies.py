"""The control policy and what it makes of a term, as clients see them."""

from datetime import date
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from services.assignments.domain.deadlines import Term
from services.assignments.domain.policies import Policy
from services.assignments.schemas.dates import Day
from shared.text import Line, RegionCode, unfit


class PolicyCreate(BaseModel):
    """A new version: its numbers, since when, and what has changed."""

    model_config = ConfigDict(extra="forbid")

    effective_from: Day
    note: Line = Field(examples=["Срок рассмотрения — 2 рабочих дня"])
    document: Policy


class PolicyRead(BaseModel):
    """A version of the control policy."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    effective_from: date
    note: str = Field(max_length=300)
    created_at: AwareDatetime
    document: Policy


class PolicyList(BaseModel):
    """All versions, oldest first."""

    items: list[PolicyRead] = Field(max_length=1000)


class DeadlineQuery(BaseModel):
    """A term as a protocol says it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"term": "date", "on": "2023-11-04", "signed_on": "2023-10-04", "region": "41"}
            ]
        },
    )

    term: Term
    signed_on: Day
    on: Day | None = Field(default=None, description="Для term=date")
    day: int | None = Field(default=None, strict=True, ge=1, le=31, description="Для term=monthly")
    region: RegionCode | None = Field(
        default=None, description="Чтобы узнать момент, когда срок истекает"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.term is Term.DATE) != (self.on is not None):
            raise unfit("Дату on указывают вместе с term=date")
        if (self.term is Term.MONTHLY) != (self.day is not None):
            raise unfit("Число day указывают вместе с term=monthly")
        return self


class DeadlineRead(BaseModel):
    """The due date and the reasoning."""

    due: date
    nominal: date = Field(description="До учёта нерабочих дней")
    policy_version: int
    ends_at: AwareDatetime | None = Field(description="Когда день кончается в регионе, UTC")
    timezone: str | None = Field(max_length=64)
    why: list[str] = Field(max_length=10, examples=[["Срок назван датой: 04.11.2023."]])
