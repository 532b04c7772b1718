"""People, and how much of them is told to whom."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Person
from services.directory.repository import rows as repository
from services.directory.repository.people import Circle
from services.directory.schemas.people import PersonCreate
from shared.auth import Actor, Role, Rows
from shared.ids import new_id

# They write to people: letters, reminders; or look into everything.
_KNOW_CONTACTS: Final = (Role.CUR_ADMIN, Role.AUDITOR, Role.SERVICE)


async def enter_person(session: AsyncSession, wanted: PersonCreate) -> Person:
    """Enter a person."""
    person = Person(id=new_id(), **wanted.model_dump())
    await repository.save(session, person)
    return person


def circle_of(actor: Actor) -> Circle:
    """Whose names the operation tells the actor."""
    return Circle(
        all=actor.reaches_all,
        regions=actor.regions if Rows.REGION in actor.rows else frozenset(),
        clusters=actor.clusters if Rows.CLUSTER in actor.rows else frozenset(),
        industries=actor.industries if Rows.INDUSTRY in actor.rows else frozenset(),
    )


def knows_contacts(actor: Actor) -> bool:
    """Whether the actor is told e-mails and phones, and not names alone."""
    return actor.is_any(*_KNOW_CONTACTS)
