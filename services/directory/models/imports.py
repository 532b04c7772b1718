"""Imports of lists: the file as it was read, and what each of its rows will do."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, TEXT, Index
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.directory.domain.imports import ImportKind, ImportState, RowAction
from services.directory.models.base import Base
from shared.db import UtcDateTime, text_enum


class Import(Base, table=True):
    """One uploaded list. Counts of what its rows do are set once all are checked."""

    __tablename__ = "imports"

    id: UUID = Field(primary_key=True)
    kind: ImportKind = Field(sa_type=text_enum(ImportKind))
    state: ImportState = Field(sa_type=text_enum(ImportState))
    filename: str
    sha256: str
    # Field → heading and letter.
    columns: dict[str, list[str]] = Field(sa_type=JSONB)
    # Columns that mean nothing to us, as people call them.
    ignored: list[str] = Field(sa_type=ARRAY(TEXT))
    rows_read: int
    rows_checked: int = 0
    rows_applied: int = 0
    rows_created: int = 0
    rows_changed: int = 0
    rows_unchanged: int = 0
    rows_refused: int = 0
    # Why it is stale.
    conflict: str | None = None
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    applied_by: str | None = None
    applied_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1


class ImportRow(Base, table=True):
    """A row of the list, by its number in the file."""

    __tablename__ = "import_rows"
    __table_args__ = (
        Index(
            "ix_import_rows_refused",
            "import_id",
            "number",
            postgresql_where=sql("action = 'refused'"),
        ),
    )

    import_id: UUID = Field(foreign_key="imports.id", primary_key=True)
    number: int = Field(primary_key=True)
    # Field → text and kind of the cell.
    cells: dict[str, list[str]] = Field(sa_type=JSONB)
    stray: str | None = None
    action: RowAction | None = Field(default=None, sa_type=text_enum(RowAction))
    target: UUID | None = None
    before: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    after: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))
    # Field, code and reason of each.
    flaws: list[list[str | None]] = Field(
        default_factory=list, sa_type=JSONB, sa_column_kwargs={"server_default": sql("'[]'")}
    )
