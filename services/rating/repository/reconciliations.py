"""Statements about reconciliations."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.reconciliations import Outcome, Trigger
from services.rating.models import Reconciliation
from services.rating.repository.newest import table_of
from shared.errors import NotFound

_TURN: Final = 0x4EA1


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation."""

    code = "reconciliation_not_found"
    title = "Сверка не найдена"


async def take_turn(session: AsyncSession) -> bool:
    """Whether, until the transaction ends, we are the one process that reconciles."""
    connection = await session.connection()
    statement = text("select pg_try_advisory_xact_lock(:key)")
    return bool((await connection.execute(statement, {"key": _TURN})).scalar_one())


async def begin(session: AsyncSession, one: Reconciliation) -> bool:
    """Add it; False where another is unfinished."""
    statement = upsert(table_of(Reconciliation)).values(one.model_dump()).on_conflict_do_nothing()
    result = await session.exec(statement)
    return bool(result.rowcount)


async def unfinished(session: AsyncSession) -> Reconciliation | None:
    """The one that waits or runs, if any."""
    statement = select(Reconciliation).where(col(Reconciliation.finished_at).is_(None))
    return (await session.exec(statement)).first()


async def get_reconciliation(session: AsyncSession, found: UUID) -> Reconciliation:
    """Raises `ReconciliationNotFound`."""
    one = await session.get(Reconciliation, found, populate_existing=True)
    if one is None:
        raise ReconciliationNotFound("Такой сверки нет.", field="path.reconciliation_id")
    return one


async def list_reconciliations(
    session: AsyncSession, *, after: UUID | None, limit: int
) -> Sequence[Reconciliation]:
    """Newest first."""
    statement = select(Reconciliation).order_by(col(Reconciliation.id).desc()).limit(limit)
    if after is not None:
        statement = statement.where(col(Reconciliation.id) < after)
    return (await session.exec(statement)).all()


async def forget_uneventful(session: AsyncSession, *, but: UUID) -> None:
    """Of scheduled ones that found nothing, only this last one is kept."""
    await session.exec(
        delete(Reconciliation).where(
            col(Reconciliation.trigger) == Trigger.SCHEDULE,
            col(Reconciliation.outcome) == Outcome.SAME,
            col(Reconciliation.id) != but,
        )
    )
