"""Statements about methodologies and what was done to them."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import Stage
from services.rating.models import MethodologyAct, MethodologyDocument
from shared.errors import NotFound

_ADOPTED: Final = select(MethodologyDocument).where(
    col(MethodologyDocument.activated_at).is_not(None)
)


class MethodologyNotFound(NotFound):
    """No methodology has this id."""

    code = "methodology_not_found"
    title = "Методика не найдена"


async def in_force(session: AsyncSession, day: date) -> MethodologyDocument:
    """The one in force for a period that begins on the day; before the first, the first."""
    begun = _ADOPTED.where(col(MethodologyDocument.effective_from) <= day)
    latest = begun.order_by(col(MethodologyDocument.effective_from).desc()).limit(1)
    return (await session.exec(latest)).first() or await first_adopted(session)


async def first_adopted(session: AsyncSession) -> MethodologyDocument:
    """The first that ever came into force: there is always one."""
    first = _ADOPTED.order_by(col(MethodologyDocument.effective_from)).limit(1)
    return (await session.exec(first)).one()


async def list_methodologies(session: AsyncSession) -> Sequence[MethodologyDocument]:
    """All of them, oldest first."""
    ordered = select(MethodologyDocument).order_by(
        col(MethodologyDocument.effective_from), col(MethodologyDocument.created_at)
    )
    return (await session.exec(ordered)).all()


async def get_methodology(session: AsyncSession, methodology_id: UUID) -> MethodologyDocument:
    """Raises `MethodologyNotFound`."""
    found = await session.get(MethodologyDocument, methodology_id)
    if found is None:
        raise MethodologyNotFound("Такой методики нет.", field="path.methodology_id")
    return found


async def lock_methodology(session: AsyncSession, methodology_id: UUID) -> MethodologyDocument:
    """The document, ours until the transaction ends. Raises `MethodologyNotFound`."""
    statement = (
        select(MethodologyDocument)
        .where(col(MethodologyDocument.id) == methodology_id)
        .with_for_update()
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise MethodologyNotFound("Такой методики нет.", field="path.methodology_id")
    return found


async def lock_active(session: AsyncSession) -> MethodologyDocument:
    """The active one, ours until the transaction ends: there is always exactly one."""
    connection = await session.connection()
    # Who waits for a row that is retired meanwhile would find none: wait before looking.
    await connection.execute(text("lock table methodologies in share row exclusive mode"))
    active = col(MethodologyDocument.stage) == Stage.ACTIVE
    return (await session.exec(select(MethodologyDocument).where(active))).one()


async def next_number(session: AsyncSession, code: str) -> int:
    """The number of the code's next version."""
    newest = select(func.max(MethodologyDocument.number)).where(
        col(MethodologyDocument.code) == code
    )
    return ((await session.exec(newest)).one() or 0) + 1


async def list_acts(session: AsyncSession, methodology_id: UUID) -> Sequence[MethodologyAct]:
    """What was done to it, in order."""
    statement = (
        select(MethodologyAct)
        .where(col(MethodologyAct.methodology_id) == methodology_id)
        .order_by(col(MethodologyAct.id))
    )
    return (await session.exec(statement)).all()
