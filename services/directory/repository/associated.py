"""What the rows of an association have in common: they are its own, and many have a term."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.repository.appointments import held_at
from shared.errors import NotFound

M = TypeVar("M", bound=SQLModel)


class RowNotOfAssociation(NotFound):
    """The association has no such row."""

    code = "association_row_not_found"
    title = "У ассоциации нет такой записи"


async def insert_free(session: AsyncSession, row: SQLModel) -> bool:
    """Insert the row, or say False where a constraint says that its place is taken.

    `on conflict` and not the constraint's error: plain inserts that meet under an exclusion
    constraint wait for each other, and all but one die of the deadlock.
    """
    model: Any = type(row)
    statement = upsert(model).values(row.model_dump()).on_conflict_do_nothing()
    return (await session.exec(statement.returning(model.__table__))).first() is not None


async def get_own(
    session: AsyncSession,
    model: type[M],
    association: str,
    row_id: UUID,
    *,
    for_update: bool = True,
) -> M:
    """Raises `RowNotOfAssociation`, also where it is another association's."""
    found: Any = await session.get(
        model, row_id, with_for_update=for_update, populate_existing=for_update
    )
    if found is None or found.association != association:
        raise RowNotOfAssociation("У этой ассоциации такой записи нет.")
    row: M = found
    return row


async def list_own(
    session: AsyncSession,
    model: Any,
    association: str,
    *,
    at: date | None = None,
    after: UUID | None = None,
    limit: int | None = None,
    **wanted: object,
) -> Sequence[Any]:
    """The association's rows in the order of making; `at` leaves those that hold on the day."""
    statement = select(model).where(model.association == association).order_by(col(model.id))
    for name, value in wanted.items():
        if value is not None:
            statement = statement.where(getattr(model, name) == value)
    if at is not None:
        statement = statement.where(held_at(at, model))
    if after is not None:
        statement = statement.where(col(model.id) > after)
    return (await session.exec(statement.limit(limit))).all()
