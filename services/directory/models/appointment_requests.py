"""Requests to authorities to appoint."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.directory.domain.appointments import Office
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


class AppointmentRequest(Base, table=True):
    """A letter asking a region's authority to appoint; the appointment itself is the answer."""

    __tablename__ = "appointment_requests"
    __table_args__ = (
        CheckConstraint("reminders >= 0", name="reminders"),
        Index("ix_appointment_requests_region_office", "region", "office"),
    )

    id: UUID = Field(primary_key=True)
    region: str = Field(foreign_key="regions.code")
    office: Office = Field(sa_type=text_enum(Office))
    letter: str | None = None
    due_on: date
    requested_at: datetime = Field(sa_type=UtcDateTime)
    requested_by: str
    reminders: int = 0
    reminded_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
