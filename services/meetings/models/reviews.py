"""A protocol's review: who approves it in which order, what they decided, what others remarked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from services.meetings.domain.reviews import ApproverRole, RemarkDecision, ReviewDecision
from services.meetings.models.base import Base
from shared.db import UtcDateTime, text_enum

ONE_WAY = "num_nonnulls(role, subject) = 1"
DECIDED_WHOLE = "num_nonnulls(decision, reason, decided_by, decided_at) in (0, 4)"


class Approver(Base, table=True):
    """Whose approval a protocol needs, and after whose: a role, or one person."""

    __tablename__ = "protocol_approvers"
    __table_args__ = (CheckConstraint(ONE_WAY, name="one_way"),)

    protocol_id: UUID = Field(primary_key=True, foreign_key="protocols.id")
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    role: ApproverRole | None = Field(default=None, sa_type=text_enum(ApproverRole))
    # The subject of the person's token.
    subject: str | None = None


class Decision(Base, table=True):
    """What somebody decided in a round of review. Never changed, never deleted."""

    __tablename__ = "protocol_decisions"
    __table_args__ = (UniqueConstraint("protocol_id", "round", "position"),)

    id: UUID = Field(primary_key=True)
    protocol_id: UUID = Field(foreign_key="protocols.id")
    round: int
    # The approver's place in the chain; none where the secretary called the protocol back.
    position: int | None = None
    decision: ReviewDecision = Field(sa_type=text_enum(ReviewDecision))
    by: str
    reason: str | None = None
    at: datetime = Field(sa_type=UtcDateTime)


class Remark(Base, table=True):
    """What a participant asks to change, and what became of it."""

    __tablename__ = "protocol_remarks"
    __table_args__ = (
        Index("ix_protocol_remarks_protocol_id", "protocol_id"),
        CheckConstraint(DECIDED_WHOLE, name="decided_whole"),
    )

    id: UUID = Field(primary_key=True)
    protocol_id: UUID = Field(foreign_key="protocols.id")
    round: int
    # The item it is about, as it stood then: a draft's item may be taken out later.
    item_id: UUID | None = None
    text: str
    made_by: str
    region: str | None = None
    made_at: datetime = Field(sa_type=UtcDateTime)
    decision: RemarkDecision | None = Field(default=None, sa_type=text_enum(RemarkDecision))
    reason: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
