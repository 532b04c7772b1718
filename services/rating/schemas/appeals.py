"""Appeals as clients see them."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.rating.domain.appeals import AppealStatus, Contested
from shared.pages import Page
from shared.text import Text

MonthName = Annotated[str, Field(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2023-10"])]


class AppealCreate(BaseModel):
    """Which fact of which execution is wrong, and why."""

    model_config = ConfigDict(extra="forbid")

    execution_id: UUID
    contested: Contested = Field(examples=["return"])
    text: Text = Field(examples=["Отчёт возвращён по ошибке: приложение № 2 было в первой версии."])
    period: MonthName | None = Field(
        default=None,
        description="Месяц, в балле которого факт; по умолчанию месяц срока, для долга — текущий",
    )


class AppealUphold(BaseModel):
    """ЦУР agrees."""

    model_config = ConfigDict(extra="forbid")

    note: Text = Field(examples=["Возврат отменён, исполнение принято."])
    as_note: bool = Field(
        default=False,
        strict=True,
        description="Решение — примечание: факты не меняются. Иначе они уже должны быть исправлены",
    )


class AppealReject(BaseModel):
    """ЦУР disagrees."""

    model_config = ConfigDict(extra="forbid")

    note: Text = Field(examples=["Приложения в первой версии отчёта не было."])


class AppealRead(BaseModel):
    """An appeal and what became of it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    region: str = Field(max_length=2)
    execution_id: UUID
    period: str = Field(max_length=7)
    contested: Contested
    facts_version: int = Field(description="Версия фактов исполнения при подаче")
    text: str = Field(max_length=10_000)
    status: AppealStatus
    filed_by: str = Field(max_length=200)
    filed_at: AwareDatetime
    decision: str | None = Field(max_length=10_000)
    decided_by: str | None = Field(max_length=200)
    decided_at: AwareDatetime | None
    corrected_version: int | None = Field(description="Версия фактов с исправлением")
    slice_id: UUID | None = Field(
        description="Ревизия среза с исправлением; пусто, если первый срез и так его видит"
    )
    version: int


class AppealPage(Page[AppealRead]):
    """Appeals, the newest first."""
