"""Statements of people."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Person
from shared.errors import NotFound


class PersonNotFound(NotFound):
    """No person has this id."""

    code = "person_not_found"
    title = "Человек не найден"


async def get_person(session: AsyncSession, person_id: UUID) -> Person:
    """Raises `PersonNotFound`."""
    found = await session.get(Person, person_id)
    if found is None:
        raise PersonNotFound("Человек не найден.")
    return found


async def living(session: AsyncSession, people: Collection[UUID]) -> dict[UUID, bool]:
    """Those there are, and whether they are not erased: nobody erases them until commit."""
    statement = (
        select(col(Person.id), col(Person.erased_at))
        .where(col(Person.id).in_(people))
        .order_by(col(Person.id))
        .with_for_update(read=True, key_share=True)
    )
    return {id_: erased_at is None for id_, erased_at in await session.exec(statement)}


async def list_people(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Person]:
    """Ordered by id, that is by the time they were entered."""
    statement = select(Person).order_by(col(Person.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement)).all()
