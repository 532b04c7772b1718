"""What was compared with the owner of the facts, and what was put right."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.rating.domain.reconciliations import Outcome, Trigger
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class Reconciliation(Base, table=True):
    """One comparison, or one rebuild; unfinished while `finished_at` is null: one at a time."""

    __tablename__ = "reconciliations"
    __table_args__ = (
        Index(
            "uq_reconciliations_unfinished",
            text("(finished_at is null)"),
            unique=True,
            postgresql_where=text("finished_at is null"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    trigger: Trigger = Field(sa_type=text_enum(Trigger))
    requested_by: str
    outcome: Outcome = Field(sa_type=text_enum(Outcome))
    created_at: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # Up to which instant the two were compared: both knew every fact of it.
    as_of: datetime | None = Field(default=None, sa_type=UtcDateTime)
    partitions: int = 0
    partitions_done: int = 0
    versions_added: int = 0
    versions_changed: int = 0
    versions_removed: int = 0
    executions: int = 0
    # `domain.reconciliations.report`
    regions: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSONB)
