"""Versions of the control policy."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.assignments.models.base import Base
from shared.db import UtcDateTime


class ControlPolicy(Base, table=True):
    """One version: the newest whose day has come applies to what is issued from then on."""

    __tablename__ = "control_policies"

    version: int = Field(primary_key=True)
    effective_from: date = Field(unique=True)
    document: dict[str, Any] = Field(sa_type=JSONB)
    note: str
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
