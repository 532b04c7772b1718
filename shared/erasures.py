"""Who must stay erased in this database, as the directory said it.

An erasure is a standing rule and not an act: a copy may come back later (a letter was being
written at that moment, a backup was restored), so the list is kept and applied again.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.directory import PersonErased
from shared.personal import pseudonym
from shared.tables import ErasedPerson


@dataclass(frozen=True, slots=True)
class Erased:
    """A person whose copies are to be erased, and the accounts that were theirs."""

    person_id: UUID
    subjects: Sequence[str]
    at: datetime

    @property
    def called(self) -> str:
        return pseudonym(self.person_id)


Forget = Callable[[AsyncSession, Erased], Awaitable[None]]


async def hear(session: AsyncSession, heard: Iterable[PersonErased], forget: Forget) -> None:
    """Remember who was erased, and erase what is held about them here."""
    for erased in await keep(session, heard):
        await forget(session, erased)


async def apply_again(session: AsyncSession, forget: Forget) -> None:
    """Erase what has come back, or was being written when the erasure was heard of."""
    for erased in await known(session):
        await forget(session, erased)


async def keep(session: AsyncSession, heard: Iterable[PersonErased]) -> list[Erased]:
    """Remember who was erased; hearing of it again, in any order, changes nothing."""
    found = []
    for event in heard:
        row = {
            "person_id": event.person_id,
            "subjects": event.subjects,
            "erased_at": event.occurred_at,
            "version": event.version,
        }
        statement = insert(ErasedPerson).values(row)
        await session.exec(
            statement.on_conflict_do_update(
                index_elements=["person_id"],
                set_=row,
                where=col(ErasedPerson.version) < statement.excluded.version,
            )
        )
        found.append(Erased(event.person_id, event.subjects, event.occurred_at))
    return found


async def known(session: AsyncSession) -> list[Erased]:
    """Everyone who must stay erased."""
    rows = await session.exec(select(ErasedPerson).order_by(col(ErasedPerson.person_id)))
    return [Erased(row.person_id, row.subjects, row.erased_at) for row in rows]
