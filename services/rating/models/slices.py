"""Months frozen: the slice, its lines, and the facts a revision sees corrected."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from services.rating.domain.scores import Zone
from services.rating.domain.slices import SliceStatus
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class Slice(Base, table=True):
    """A month's rating as it stood at its end. A revision is another slice of the same month."""

    __tablename__ = "slices"
    __table_args__ = (UniqueConstraint("period", "revision"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    period: str
    revision: int
    status: SliceStatus = Field(sa_type=text_enum(SliceStatus))
    # Why it was revised; null in the first.
    reason: str | None = None
    revised_by: str | None = None
    cut_off: datetime = Field(sa_type=UtcDateTime)
    methodology_id: UUID | None = Field(default=None, foreign_key="methodologies.id")
    methodology: str | None = None
    methodology_version: int | None = None
    mu_bp: int | None = None
    national_raw_bp: int | None = None
    complete_through: datetime | None = Field(default=None, sa_type=UtcDateTime)
    inputs_hash: str | None = None
    result_hash: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    frozen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    published_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class SliceRow(Base, table=True):
    """A region's line of a frozen slice, with the zone its month ended in."""

    __tablename__ = "slice_rows"

    slice_id: UUID = Field(foreign_key="slices.id", primary_key=True)
    region: str = Field(primary_key=True)
    name: str
    short_name: str
    federal_district: str
    timezone: str
    numerator: int = Field(sa_type=BigInteger)
    weight: int
    executions: int
    on_time: int
    debts: int
    provisional: int
    delay: int
    returns: int
    extensions: int
    raw_bp: int | None = None
    stabilised_bp: int | None = None
    zone: Zone | None = Field(default=None, sa_type=text_enum(Zone))
    place: int | None = None
    # Against the month before; null where either has no score.
    change_bp: int | None = None
    place_before: int | None = None


class SliceInput(Base, table=True):
    """An execution that a month's first slice is made of, and in which version of its facts."""

    __tablename__ = "slice_inputs"

    slice_id: UUID = Field(foreign_key="slices.id", primary_key=True)
    execution_id: UUID = Field(primary_key=True)
    version: int


class SliceCorrection(Base, table=True):
    """An execution that a revision sees in another version of its facts, and why."""

    __tablename__ = "slice_corrections"

    slice_id: UUID = Field(foreign_key="slices.id", primary_key=True)
    execution_id: UUID = Field(primary_key=True)
    version: int
    reason: str
