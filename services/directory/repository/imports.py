"""Statements of imports and their rows."""

import json
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.imports import (
    ImportKind,
    ImportNotFound,
    ImportState,
    Plan,
    RowAction,
)
from services.directory.models import Import, ImportRow
from shared.db import copy_rows
from shared.listings.cells import Cell, CellKind, ListedRow

# What is compared with the list must stand still until the list is entered; readers go on.
_LOCKS = {
    ImportKind.CLUSTERS: text("lock table clusters in exclusive mode"),
    ImportKind.COORDINATORS: text("lock table appointments, people in exclusive mode"),
}
_PLANNED = text(
    "update import_rows set action = new.action, target = new.target, before = new.before,"
    " after = new.after, flaws = new.flaws"
    " from unnest(cast(:numbers as int[]), cast(:actions as text[]), cast(:targets as uuid[]),"
    " cast(:befores as jsonb[]), cast(:afters as jsonb[]), cast(:flaws as jsonb[]))"
    " as new (number, action, target, before, after, flaws)"
    " where import_rows.import_id = :import_id and import_rows.number = new.number"
)
_PROGRESS = text("update imports set rows_applied = :applied where id = :import_id")
_BUSY = (ImportState.CHECKING, ImportState.APPLYING)


async def get_import(session: AsyncSession, import_id: UUID, *, for_update: bool = False) -> Import:
    """Raises `ImportNotFound`."""
    found = await session.get(
        Import, import_id, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise ImportNotFound("Такой загрузки нет.")
    return found


async def list_imports(
    session: AsyncSession, *, state: ImportState | None, after: UUID | None, limit: int
) -> Sequence[Import]:
    """The newest first."""
    statement = select(Import).order_by(col(Import.id).desc()).limit(limit)
    if state is not None:
        statement = statement.where(col(Import.state) == state)
    if after is not None:
        statement = statement.where(col(Import.id) < after)
    return (await session.exec(statement)).all()


async def add_rows(session: AsyncSession, import_id: UUID, rows: Sequence[ListedRow]) -> None:
    """Keep the rows as they were read."""
    await copy_rows(
        session,
        "import_rows",
        ("import_id", "number", "cells", "stray"),
        (
            (
                import_id,
                row.number,
                json.dumps({name: [cell.text, cell.kind] for name, cell in row.cells.items()}),
                row.stray,
            )
            for row in rows
        ),
    )


async def listed_rows(session: AsyncSession, import_id: UUID) -> list[ListedRow]:
    """The rows as they were read, in the file's order."""
    statement = (
        select(col(ImportRow.number), col(ImportRow.cells), col(ImportRow.stray))
        .where(col(ImportRow.import_id) == import_id)
        .order_by(col(ImportRow.number))
    )
    return [
        ListedRow(
            number,
            {name: Cell(said, CellKind(kind)) for name, (said, kind) in cells.items()},
            stray,
        )
        for number, cells, stray in await session.exec(statement)
    ]


async def write_plans(
    session: AsyncSession, import_id: UUID, plans: Sequence[tuple[int, Plan]]
) -> None:
    """Say of these rows what they will do, in one statement."""
    await (await session.connection()).execute(
        _PLANNED,
        {
            "import_id": import_id,
            "numbers": [number for number, _ in plans],
            "actions": [plan.action.value for _, plan in plans],
            "targets": [plan.target for _, plan in plans],
            "befores": [_json(plan.before) for _, plan in plans],
            "afters": [_json(plan.after) for _, plan in plans],
            "flaws": [
                json.dumps([[flaw.field, flaw.code, flaw.reason] for flaw in plan.flaws])
                for _, plan in plans
            ],
        },
    )


def _json(facts: object) -> str | None:
    return None if facts is None else json.dumps(facts)


async def list_rows(
    session: AsyncSession,
    import_id: UUID,
    *,
    action: RowAction | None,
    after: int | None,
    limit: int | None,
) -> Sequence[ImportRow]:
    """In the file's order; without a limit all of them."""
    statement = (
        select(ImportRow)
        .where(col(ImportRow.import_id) == import_id)
        .order_by(col(ImportRow.number))
        .limit(limit)
    )
    if action is not None:
        statement = statement.where(col(ImportRow.action) == action)
    if after is not None:
        statement = statement.where(col(ImportRow.number) > after)
    return (await session.exec(statement)).all()


async def lock_tables(session: AsyncSession, kind: ImportKind) -> None:
    """Let nobody else change what a list of this kind is compared with, until commit."""
    await (await session.connection()).execute(_LOCKS[kind])


async def note_applied(session: AsyncSession, import_id: UUID, applied: int) -> None:
    """How many rows are entered so far."""
    await (await session.connection()).execute(
        _PROGRESS, {"import_id": import_id, "applied": applied}
    )


async def busy(session: AsyncSession) -> Sequence[Import]:
    """Imports the worker owes something."""
    statement = select(Import).where(col(Import.state).in_(_BUSY)).order_by(col(Import.id))
    return (await session.exec(statement)).all()
