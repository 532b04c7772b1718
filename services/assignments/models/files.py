"""Files uploaded as evidence: what they are; their content is in the object store."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, UniqueConstraint
from sqlmodel import Field

from services.assignments.domain.executions import Party
from services.assignments.models.base import Base
from shared.db import UtcDateTime, text_enum


class StoredFile(Base, table=True):
    """One file of an execution. The same content by the same party is the same file."""

    __tablename__ = "files"
    __table_args__ = (UniqueConstraint("execution_id", "party", "sha256"),)

    id: UUID = Field(primary_key=True)
    execution_id: UUID = Field(foreign_key="executions.id")
    name: str
    media_type: str
    size: int = Field(sa_type=BigInteger)
    sha256: str
    party: Party = Field(sa_type=text_enum(Party))
    uploaded_by: str
    uploaded_at: datetime = Field(sa_type=UtcDateTime)
    # A report names it as evidence: from then on it stays.
    used: bool = False
