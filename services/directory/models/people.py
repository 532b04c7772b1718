"""People."""

from uuid import UUID

from sqlmodel import Field

from services.directory.models.base import Base
from services.directory.models.searched import indexes


class Person(Base, table=True):
    """A person. Phone and e-mail are personal data: they leave for few, and never in events."""

    __tablename__ = "people"
    __table_args__ = indexes("people")

    id: UUID = Field(primary_key=True)
    full_name: str
    email: str | None = None
    phone: str | None = None
