"""Regions and industries."""

from sqlalchemy import Index
from sqlmodel import Field

from services.directory.models.base import Base
from services.directory.models.searched import indexes


class Region(Base, table=True):
    """One of the 89 subjects, by its two-digit code."""

    __tablename__ = "regions"
    __table_args__ = (
        Index("ix_regions_sort_key_code", "sort_key", "code"),
        *indexes("regions"),
    )

    code: str = Field(primary_key=True)
    name: str
    short_name: str
    sort_key: str
    federal_district: str
    timezone: str
    version: int = 1


class Industry(Base, table=True):
    """A branch of the economy clusters belong to."""

    __tablename__ = "industries"

    code: str = Field(primary_key=True)
    name: str
