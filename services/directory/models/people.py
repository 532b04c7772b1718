"""People."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text as sql
from sqlmodel import Field

from services.directory.models.base import Base
from services.directory.models.searched import indexes
from shared.db import UtcDateTime


class Person(Base, table=True):
    """A person. Phone and e-mail are personal data: they leave for few, and never in events.

    One who is erased keeps the id, which history refers to, and is called by a pseudonym.
    """

    __tablename__ = "people"
    __table_args__ = indexes("people")

    id: UUID = Field(primary_key=True)
    full_name: str
    email: str | None = None
    phone: str | None = None
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = Field(default=1, sa_column_kwargs={"server_default": sql("1")})
