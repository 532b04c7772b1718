"""Reconciliations as clients see them."""

from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.reconciliations import Outcome, Trigger
from shared.pages import Page


class ReconciliationCreate(BaseModel):
    """A comparison that heals what differs, or a whole rebuild."""

    model_config = ConfigDict(extra="forbid")

    rebuild: bool = Field(
        default=False, strict=True, description="Услышать заново всё, даже если не отличается"
    )


class ExtentRead(BaseModel):
    """What there is of a region's facts."""

    executions: int = Field(examples=[61])
    versions: int = Field(examples=[342])
    digest: str = Field(max_length=40, examples=["-81650236720931"])


class RegionHealed(BaseModel):
    """A region that differed: ours before, the owner's, ours after."""

    region: str = Field(max_length=64, examples=["16"])
    before: ExtentRead
    owner: ExtentRead
    after: ExtentRead


class ReconciliationRead(BaseModel):
    """A comparison with the owner of the facts, and what it put right."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    trigger: Trigger = Field(examples=["request"])
    requested_by: str = Field(max_length=200)
    outcome: Outcome = Field(
        description="same — отличий нет; healed — исправлено; differing — отличия остались",
        examples=["healed"],
    )
    created_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    as_of: AwareDatetime | None = Field(description="До какого момента обе стороны знали все факты")
    partitions: int = Field(description="Сколько разделов услышать заново", examples=[1])
    partitions_done: int = Field(examples=[1])
    versions_added: int
    versions_changed: int
    versions_removed: int
    executions: int = Field(description="Скольких исполнений коснулось исправление")
    regions: list[RegionHealed] = Field(max_length=1000)


class ReconciliationPage(Page[ReconciliationRead]):
    """A page of reconciliations."""
