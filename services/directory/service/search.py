"""Find by name whatever the caller may find."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.search import Found
from services.directory.repository import search as repository
from shared.auth import Actor, PermissionDenied


async def search(
    session: AsyncSession, q: str, kinds: Collection[Found], lister: Actor, *, limit: int
) -> Sequence[Any]:
    """The best first; no kinds are all the caller may find.

    People are found by those who may list them all: `lister` is the caller as it would do so.
    Raises `PermissionDenied` where others ask.
    """
    may_find_people = lister.reaches_all
    if Found.PERSON in kinds and not may_find_people:
        raise PermissionDenied("Людей ищут администратор ЦУР и аудитор.", field="query.kind")
    wanted = set(kinds) or set(Found)
    if not may_find_people:
        wanted.discard(Found.PERSON)
    return await repository.search(session, q, wanted, limit=limit)
