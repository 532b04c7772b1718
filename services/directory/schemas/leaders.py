"""Leaders: regions, colleges, enterprises."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, Field

from services.directory.domain.leaders import LeaderKind, LeaderSource, LeaderStatus
from services.directory.schemas.fields import EXAMPLE_ID, example
from shared.pages import Page


class LeaderRead(BaseModel):
    """A leader, or a proposal of one: what proposed it, and what a person decided and why."""

    model_config = example(
        id=EXAMPLE_ID, kind="region", subject="16", association=None, source="slice",
        source_ref="2023-10", basis="Срез рейтинга за 2023-10: место 1, оценка 97,20.",
        status="proposed", proposed_on="2023-11-01", reason=None, decided_on=None, version=1,
    )  # fmt: skip

    id: UUID
    kind: LeaderKind
    subject: str = Field(max_length=64, description="Код региона или id организации")
    association: str | None = Field(max_length=64)
    source: LeaderSource
    source_ref: str = Field(max_length=64, description="Месяц среза или id практики")
    basis: str = Field(max_length=1000)
    status: LeaderStatus
    proposed_on: date
    reason: str | None = Field(max_length=10_000)
    decided_on: date | None
    version: int


class LeaderPage(Page[LeaderRead]):
    """A page of leaders."""
