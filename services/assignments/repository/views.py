"""Statements about saved orders of the register; each is its owner's alone."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import SavedView
from shared.errors import NotFound


class ViewNotFound(NotFound):
    """The actor has no saved order with this id."""

    code = "view_not_found"
    title = "Сохранённый отбор не найден"


async def get_view(session: AsyncSession, view_id: UUID, owner: str) -> SavedView:
    """Raises `ViewNotFound`, also for another actor's."""
    found = await session.get(SavedView, view_id)
    if found is None or found.actor != owner:
        raise ViewNotFound("Такого сохранённого отбора у вас нет.")
    return found


async def list_views(session: AsyncSession, owner: str) -> Sequence[SavedView]:
    """The owner's, in the order they were saved."""
    statement = select(SavedView).where(col(SavedView.actor) == owner).order_by(col(SavedView.id))
    return (await session.exec(statement)).all()


async def count_views(session: AsyncSession, owner: str) -> int:
    """How many the owner has."""
    statement = select(func.count()).where(col(SavedView.actor) == owner)
    return (await session.exec(statement)).one()


async def add_view(session: AsyncSession, view: SavedView) -> bool:
    """Store it unless the owner has one of this name; whether it was stored."""
    statement = insert(SavedView).values(view.model_dump()).on_conflict_do_nothing()
    return bool((await session.exec(statement)).rowcount)


async def delete_view(session: AsyncSession, view: SavedView) -> None:
    """Forget it."""
    await session.delete(view)
    await session.flush()
