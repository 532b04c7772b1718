"""Statements of what assignments have told."""

from collections.abc import Sequence
from typing import Any, Final

from sqlmodel import col, func, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.control import HeardExecution, OpenWork
from services.meetings.models import KnownExecution
from services.meetings.models.executions import OPEN
from shared.db import copy_rows

_COLUMNS: Final = tuple(HeardExecution.__struct_fields__)
_NAMES: Final = ", ".join(_COLUMNS)
_STAGE: Final = text(
    "create temporary table if not exists heard_executions"
    " (like known_executions) on commit delete rows"
)
# In the order of keys, so locks never cross.
_KEEP: Final = text(
    f"insert into known_executions ({_NAMES})"  # noqa: S608 - our names
    f" select distinct on (execution_id) {_NAMES} from heard_executions"
    " order by execution_id, version desc"
    " on conflict (execution_id) do update set "
    + ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "execution_id")
    + " where known_executions.version < excluded.version"
)


async def keep_executions(session: AsyncSession, heard: Sequence[HeardExecution]) -> None:
    """Store the newest facts of each. Saying it twice changes nothing."""
    connection = await session.connection()
    await connection.execute(_STAGE)
    await connection.execute(text("truncate heard_executions"))
    rows = [tuple(getattr(one, name) for name in _COLUMNS) for one in heard]
    await copy_rows(session, "heard_executions", _COLUMNS, rows)
    await connection.execute(_KEEP)


async def open_work(
    session: AsyncSession, cohorts: tuple[int, int | None] | None
) -> list[OpenWork]:
    """What is owed by lead executors, counted by region and dates.

    `cohorts` leaves what clusters of these owe; None also what authorities do.
    """
    table = KnownExecution
    handed_in = col(table.done).is_not(None)
    columns: tuple[Any, ...] = (table.region, table.due, table.returned_on, handed_in, func.count())
    statement = (
        select(*columns)
        .where(text(OPEN), col(table.role) == "lead")
        .group_by(col(table.region), col(table.due), col(table.returned_on), handed_in)
    )
    if cohorts is not None:
        first, last = cohorts
        statement = statement.where(col(table.cohort) >= first)
        if last is not None:
            statement = statement.where(col(table.cohort) <= last)
    return [OpenWork(*row) for row in await session.exec(statement)]
