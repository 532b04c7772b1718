"""Imports of lists, their previews and their rows."""

from collections.abc import Iterable
from typing import Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.directory.domain.imports import (
    ImportKind,
    ImportState,
    RowAction,
    column_said,
)
from services.directory.models import Import, ImportRow
from services.directory.schemas.fields import EXAMPLE_ID
from shared.pages import Page

# How many problems an import shows by itself; its rows show all.
SHOWN = 100


class ListColumn(BaseModel):
    """A column that was understood: what we call it, its own heading and letter."""

    field: str = Field(max_length=40, examples=["region"])
    heading: str = Field(max_length=100, examples=["Субъект РФ"])
    letter: str = Field(max_length=3, examples=["B"])


class RowProblem(BaseModel):
    """Why a row cannot be entered; without a column it is about the row as a whole."""

    row: int = Field(examples=[17])
    field: str | None = Field(max_length=40, examples=["region"])
    heading: str | None = Field(max_length=100, examples=["Субъект РФ"])
    letter: str | None = Field(max_length=3, examples=["B"])
    code: str = Field(max_length=60, examples=["unknown_region"])
    reason: str = Field(
        max_length=1000, examples=["Нет региона «Татарстнан». Похоже на «Татарстан»."]
    )

    @classmethod
    def of_row(cls, row: ImportRow, columns: dict[str, list[str]]) -> list[Self]:
        """The problems of a row, each by its column's own heading."""
        said = {name: (heading, letter) for name, (heading, letter) in columns.items()}
        found = []
        for name, code, reason in row.flaws:
            heading, letter = column_said(said, name)
            found.append(
                cls(
                    row=row.number,
                    field=name,
                    heading=heading or None,
                    letter=letter or None,
                    code=code or "",
                    reason=(reason or "")[:1000],
                )
            )
        return found


class RowCounts(BaseModel):
    """How far the work is, and what the rows do."""

    read: int
    checked: int
    applied: int
    created: int
    changed: int
    unchanged: int
    refused: int


class ImportRead(BaseModel):
    """An import: where it stands, what its columns are taken for, what is wrong."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": EXAMPLE_ID,
                    "kind": "clusters",
                    "state": "faulty",
                    "filename": "Кластеры Татарстана.xlsx",
                    "sha256": "0" * 64,
                    "columns": [{"field": "region", "heading": "Субъект РФ", "letter": "B"}],
                    "ignored": ["A «№ п/п»"],
                    "rows": {
                        "read": 2, "checked": 2, "applied": 0, "created": 1, "changed": 0,
                        "unchanged": 0, "refused": 1,
                    },
                    "problems": [
                        {
                            "row": 3, "field": "region", "heading": "Субъект РФ", "letter": "B",
                            "code": "unknown_region", "reason": "Нет региона «Татарстнан».",
                        }
                    ],
                    "conflict": None,
                    "created_by": "cur_admin",
                    "created_at": "2023-09-15T09:00:00Z",
                    "applied_by": None,
                    "applied_at": None,
                    "version": 2,
                }
            ]
        }
    )  # fmt: skip

    id: UUID
    kind: ImportKind
    state: ImportState
    filename: str = Field(max_length=300)
    sha256: str = Field(max_length=64)
    columns: list[ListColumn] = Field(max_length=40)
    ignored: list[str] = Field(max_length=64, description="Колонки, которые не читаются")
    rows: RowCounts
    problems: list[RowProblem] = Field(
        max_length=SHOWN, description="Первые 100; все — в строках загрузки"
    )
    conflict: str | None = Field(max_length=2000)
    created_by: str = Field(max_length=200)
    created_at: AwareDatetime
    applied_by: str | None = Field(max_length=200)
    applied_at: AwareDatetime | None
    version: int

    @classmethod
    def of(cls, found: Import, refused: Iterable[ImportRow]) -> Self:
        """The import with the problems of the rows given."""
        problems = [problem for row in refused for problem in RowProblem.of_row(row, found.columns)]
        return cls(
            **found.model_dump(
                include={
                    "id", "kind", "state", "filename", "sha256", "ignored", "conflict",
                    "created_by", "created_at", "applied_by", "applied_at", "version",
                }
            ),
            columns=[
                ListColumn(field=name, heading=heading, letter=letter)
                for name, (heading, letter) in found.columns.items()
            ],
            rows=RowCounts(
                **{
                    name: getattr(found, f"rows_{name}") for name in RowCounts.model_fields
                }
            ),
            problems=problems[:SHOWN],
        )  # fmt: skip


class ImportSummary(BaseModel):
    """An import in a list of imports."""

    id: UUID
    kind: ImportKind
    state: ImportState
    filename: str = Field(max_length=300)
    rows_read: int
    rows_refused: int
    created_by: str = Field(max_length=200)
    created_at: AwareDatetime
    applied_at: AwareDatetime | None
    version: int

    model_config = ConfigDict(from_attributes=True)


class ImportPage(Page[ImportSummary]):
    """A page of imports."""


class ImportRowRead(BaseModel):
    """What a row does: before and after, or its problems. Null while it is not checked."""

    number: int = Field(description="Номер строки в файле")
    action: RowAction | None
    target: UUID | None = Field(description="Какая запись справочника меняется")
    before: dict[str, str | int | None] | None
    after: dict[str, str | int | None] | None = Field(
        description="Что станет; `person_row` — строка, которая вносит нового человека"
    )
    problems: list[RowProblem] = Field(max_length=40)

    @classmethod
    def of(cls, row: ImportRow, columns: dict[str, list[str]]) -> Self:
        """The row with its problems by its columns' own headings."""
        return cls(
            number=row.number,
            action=row.action,
            target=row.target,
            before=row.before,
            after=row.after,
            problems=RowProblem.of_row(row, columns),
        )


class ImportRowPage(Page[ImportRowRead]):
    """A page of rows."""
