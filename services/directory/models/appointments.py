"""Appointments."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from services.directory.domain.appointments import Office
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


class Appointment(Base, table=True):
    """A tenure, both days included.

    Overlap is refused by the database: exclusion constraint of migration 0001, which models
    cannot express.
    """

    __tablename__ = "appointments"
    __table_args__ = (CheckConstraint("valid_to >= valid_from", name="in_order"),)

    id: UUID = Field(primary_key=True)
    region: str = Field(foreign_key="regions.code")
    office: Office = Field(sa_type=text_enum(Office))
    person_id: UUID = Field(foreign_key="people.id")
    valid_from: date
    valid_to: date | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    version: int = 1
