"""Erase what assignments hold about a person; whose name it was the directory has forgotten."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.repository import erasures as repository
from shared.erasures import Erased

ERASED: Final = "Получатель обезличен."


async def forget(session: AsyncSession, erased: Erased) -> None:
    """Messages to them lose their words, those not sent are called off, their views go.

    Who did what in an execution stays, by ids: the score is made of it.
    """
    await repository.call_off(session, erased.person_id, ERASED)
    await repository.silence(session, erased.person_id, ERASED)
    await repository.delete_views(session, erased.subjects)
    await repository.clear_reasons(session, erased.subjects)
