"""Facts contested by regions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, text
from sqlmodel import Field

from services.rating.domain.appeals import AppealStatus, Contested
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class Appeal(Base, table=True):
    """A region's appeal against a fact of an execution, and what ЦУР decided."""

    __tablename__ = "appeals"
    __table_args__ = (
        Index(
            "uq_appeals_open",
            "execution_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    region: str = Field(index=True)
    execution_id: UUID = Field(index=True)
    period: str = Field(index=True)
    contested: Contested = Field(sa_type=text_enum(Contested))
    # The newest version of the facts when it was filed: what is contested is in it.
    facts_version: int
    text: str
    status: AppealStatus = Field(sa_type=text_enum(AppealStatus))
    filed_by: str
    filed_at: datetime = Field(sa_type=UtcDateTime)
    decision: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The version that carries the correction; null where the decision is a note.
    corrected_version: int | None = None
    # The revision that the correction made of the month, frozen by then or later.
    slice_id: UUID | None = Field(default=None, foreign_key="slices.id")
    version: int = 1
