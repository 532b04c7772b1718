"""People."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Person
from services.directory.repository import rows as repository
from services.directory.schemas.people import PersonCreate
from shared.ids import new_id


async def enter_person(session: AsyncSession, wanted: PersonCreate) -> Person:
    """Enter a person."""
    person = Person(id=new_id(), **wanted.model_dump())
    await repository.save(session, person)
    return person
