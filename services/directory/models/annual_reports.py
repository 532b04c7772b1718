"""Annual reports of associations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.directory.domain.annual_reports import ReportStatus
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


class AnnualReport(Base, table=True):
    """One for a year; once approved, no statement may change its content (migration 0021)."""

    __tablename__ = "annual_reports"
    __table_args__ = (UniqueConstraint("association", "year"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code")
    year: int
    status: ReportStatus = Field(sa_type=text_enum(ReportStatus))
    content: dict[str, Any] = Field(sa_type=JSONB)
    content_hash: str | None = None
    assembled_at: datetime = Field(sa_type=UtcDateTime)
    approved_by: str | None = None
    approved_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
