"""Slices as clients see them."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.slices import SliceStatus
from services.rating.schemas.head import BasisPoints
from services.rating.schemas.regions import PartRead, RegionRow
from shared.text import Text

Hash = Annotated[str, Field(max_length=64, pattern=r"^[0-9a-f]{64}$")]
# The longest text of a decision, and before it whose appeal it was.
_REASON: Final = 10_000 + 100


class SliceRead(BaseModel):
    """A month frozen. Null until it is frozen."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    period: str = Field(max_length=7, examples=["2023-10"])
    revision: int = Field(description="0 — первый срез месяца; ревизия не заменяет его, а рядом")
    status: SliceStatus
    reason: str | None = Field(max_length=_REASON, description="Почему пересмотрен")
    revised_by: str | None = Field(max_length=200)
    cut_off: AwareDatetime = Field(description="Конец месяца в самом западном поясе")
    methodology: str | None = Field(max_length=32)
    methodology_version: int | None
    mu_bp: BasisPoints | None
    national_raw_bp: BasisPoints | None = Field(description="Балл страны: μ следующих месяцев")
    complete_through: AwareDatetime | None = Field(
        description="Все факты до этого момента были услышаны, когда срез делали"
    )
    inputs_hash: Hash | None
    result_hash: Hash | None
    created_at: AwareDatetime
    frozen_at: AwareDatetime | None
    sent_at: AwareDatetime | None
    published_at: AwareDatetime | None
    version: int


class SliceList(BaseModel):
    """The slices, the newest month first."""

    items: list[SliceRead] = Field(max_length=10_000)


class SliceRowRead(RegionRow):
    """A region's line as frozen, and against the slice of the month before."""

    delay: int = Field(description="Опоздание, рабочих дней, вместе с долгами")


class CorrectionRead(BaseModel):
    """An execution that the revision sees in a later version of its facts."""

    model_config = ConfigDict(from_attributes=True)

    execution_id: UUID
    version: int
    reason: str = Field(max_length=_REASON)


class SliceWhole(SliceRead):
    """A slice with all its lines."""

    items: list[SliceRowRead] = Field(max_length=200)
    corrections: list[CorrectionRead] = Field(max_length=10_000)


class SliceExplanation(BaseModel):
    """Why the region has this score in the slice, execution by execution."""

    slice: SliceRead
    item: SliceRowRead
    numerator: int
    denominator: int
    parts: list[PartRead] = Field(max_length=100_000)


class VerificationRead(BaseModel):
    """The slice beside its replay from the facts kept."""

    matches: bool
    inputs_hash: Hash
    inputs_hash_replayed: Hash
    result_hash: Hash
    result_hash_replayed: Hash
    differing: list[str] = Field(max_length=200, description="Регионы, чьи строки не совпали")


class CorrectionWanted(BaseModel):
    """An execution, and the version of its facts that is right."""

    model_config = ConfigDict(extra="forbid")

    execution_id: UUID
    version: int = Field(strict=True, ge=1, le=2**31 - 1)


class RevisionCreate(BaseModel):
    """What was wrong, and why the month is frozen once more."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Апелляция региона 16 удовлетворена: возврат сделан по ошибке"])
    corrections: list[CorrectionWanted] = Field(min_length=1, max_length=1000)
