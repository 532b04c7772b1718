"""Erase what meetings hold about a person; whose name it was the directory has forgotten."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.repository import erasures as repository
from shared.erasures import Erased


async def forget(session: AsyncSession, erased: Erased) -> None:
    """Their calendars go, and the lines of conference lists that were taken for them lose the name.

    Protocols, decisions and attendance stay: they name ids, or are sealed by a hash.
    """
    await repository.delete_calendars(session, erased.person_id, erased.subjects)
    for one in await repository.lists_of(session, erased.person_id):
        one.rows = [
            {**row, "name": erased.called}
            if row["participant_id"] == str(erased.person_id)
            else row
            for row in one.rows
        ]
        session.add(one)
    await session.flush()
