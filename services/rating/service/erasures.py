"""Erase what the rating holds about a person; whose name it was the directory has forgotten."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.repository import erasures as repository
from shared.erasures import Erased

ERASED: Final = "Адресат обезличен."


async def forget(session: AsyncSession, erased: Erased) -> None:
    """Letters to them lose the name; one that was never sent is called off, and its files go.

    A letter that was sent stays as it was sent: it is a document.
    """
    await repository.delete_unsent_files(session, erased.person_id)
    await repository.call_off(session, erased.person_id, ERASED)
    await repository.rename_addressee(session, erased.person_id, erased.called, ERASED)
