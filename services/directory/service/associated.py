"""Read the rows of one association."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.repository import associated as repository
from services.directory.service.associations import association_of
from shared.auth import Actor


async def rows_of(
    session: AsyncSession,
    model: Any,
    code: str,
    actor: Actor,
    *,
    at: date | None = None,
    after: UUID | None = None,
    limit: int | None = None,
    **wanted: object,
) -> Sequence[Any]:
    """In the order of making. Raises `AssociationNotFound`, also for another industry's."""
    await association_of(session, code, actor)
    return await repository.list_own(
        session, model, code, at=at, after=after, limit=limit, **wanted
    )
