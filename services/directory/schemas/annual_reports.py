"""Annual reports of associations."""

from typing import Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from services.directory.domain.annual_reports import ReportStatus
from services.directory.schemas.fields import EXAMPLE_ID, example


class AnnualReportRead(BaseModel):
    """A report: its content, and once it is approved the hash that fixes it."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", year=2023, status="approved",
        content={"year": 2023, "reach": {"participants": 340, "audience": 12000}},
        content_hash="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        is_intact=True, assembled_at="2023-12-20T09:00:00Z", approved_at="2023-12-25T09:00:00Z",
        published_at=None, version=2,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    year: int
    status: ReportStatus
    content: dict[str, Any]
    content_hash: str | None = Field(
        max_length=64, description="SHA-256 канонического JSON содержания"
    )
    is_intact: bool | None = Field(
        description="Сходится ли содержание с хешем; null, пока отчёт – черновик"
    )
    assembled_at: AwareDatetime
    approved_at: AwareDatetime | None
    published_at: AwareDatetime | None
    version: int
