"""Sub-tasks, absences and automatic forwarding as clients see them."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.assignments.schemas.dates import Day
from shared.pages import Page
from shared.text import RegionCode, Text


class SubtaskCreate(BaseModel):
    """What the cluster is to do on the way."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["Прислать черновик акта."])
    due: Day = Field(examples=["2023-10-13"])


class SubtaskDone(BaseModel):
    """What was done."""

    model_config = ConfigDict(extra="forbid")

    text: Text = Field(examples=["Черновик отправлен на почту координатора."])


class SubtaskRead(BaseModel):
    """A coordinator's sub-task."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    execution_id: UUID
    text: str = Field(max_length=10_000)
    due: date
    created_at: AwareDatetime
    completed_at: AwareDatetime | None
    words: str | None = Field(max_length=10_000)
    cancelled_at: AwareDatetime | None
    version: int


class SubtaskList(BaseModel):
    """The execution's sub-tasks, oldest first."""

    items: list[SubtaskRead] = Field(max_length=10_000)


class CoExecutors(BaseModel):
    """Clusters that are to contribute."""

    model_config = ConfigDict(extra="forbid")

    cluster_ids: list[UUID] = Field(min_length=1, max_length=100)


class AbsenceCreate(BaseModel):
    """Days (inclusive) on which the region's deputy acts for its coordinator."""

    model_config = ConfigDict(extra="forbid")

    region: RegionCode = Field(examples=["16"])
    away_from: Day = Field(examples=["2023-10-09"])
    away_to: Day = Field(examples=["2023-10-20"])
    reason: Text = Field(examples=["Отпуск"])


class AbsenceRead(BaseModel):
    """A coordinator's absence."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    region: str = Field(max_length=2)
    away_from: date
    away_to: date
    reason: str = Field(max_length=10_000)
    created_at: AwareDatetime
    ended_at: AwareDatetime | None


class AbsencePage(Page[AbsenceRead]):
    """A page of absences, the newest first."""


class AutoForwardingWrite(BaseModel):
    """Exactly these clusters' reports pass to ЦУР without the coordinator's check."""

    model_config = ConfigDict(extra="forbid")

    cluster_ids: list[UUID] = Field(max_length=200)


class AutoForwardingRead(BaseModel):
    """The region's clusters whose reports pass by themselves."""

    region: str = Field(max_length=2)
    cluster_ids: list[UUID] = Field(max_length=1000)
