"""Cyclograms: templates, which are never changed, and what each cohort makes of one."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.meetings.models.base import Base
from shared.db import UtcDateTime


class CyclogramTemplate(Base, table=True):
    """A version of the template: checkpoints relative to a cohort's start."""

    __tablename__ = "cyclogram_templates"

    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    title: str
    # Where its content comes from; an example says here that it is one.
    source: str
    checkpoints: list[dict[str, Any]] = Field(sa_type=JSONB)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class Cyclogram(Base, table=True):
    """A cohort's cyclogram: a template, the day it counts from, and dates set by hand."""

    __tablename__ = "cyclograms"

    cohort: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    template: int = Field(foreign_key="cyclogram_templates.version")
    starts_on: date
    # Checkpoint's code → its date, where that is not the one that counting gives.
    dates: dict[str, Any] = Field(sa_type=JSONB)
    changed_by: str
    changed_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
