"""Assignments as their service tells them."""

from uuid import UUID

from sqlmodel import Field

from services.rating.models.base import Base


class Assignment(Base, table=True):
    """An assignment's number and words: for people; no score depends on it."""

    __tablename__ = "assignments"

    assignment_id: UUID = Field(primary_key=True)
    number: str
    text: str
    version: int
