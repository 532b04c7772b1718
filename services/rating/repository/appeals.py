"""Statements about appeals."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.appeals import AppealStatus
from services.rating.models import Appeal, ExecutionFacts, ExecutionVersion
from shared.errors import NotFound


class AppealNotFound(NotFound):
    """There is no such appeal, or it is another region's."""

    code = "appeal_not_found"
    title = "Апелляция не найдена"


class ExecutionNotHeard(NotFound):
    """The rating knows no such execution, or it is another region's."""

    code = "execution_not_found"
    title = "Исполнение не найдено"


async def newest_facts_of(
    session: AsyncSession, execution_id: UUID, regions: frozenset[str] | None
) -> ExecutionFacts:
    """The newest facts, of these regions where any are named. Raises `ExecutionNotHeard`."""
    statement = select(ExecutionFacts).where(col(ExecutionFacts.execution_id) == execution_id)
    if regions is not None:
        statement = statement.where(col(ExecutionFacts.region).in_(regions))
    found = (await session.exec(statement)).first()
    if found is None:
        raise ExecutionNotHeard("Такого исполнения нет.", field="body.execution_id")
    return found


async def open_appeal_of(session: AsyncSession, execution_id: UUID) -> Appeal | None:
    """The execution's open appeal, if there is one."""
    statement = select(Appeal).where(
        col(Appeal.execution_id) == execution_id, col(Appeal.status) == AppealStatus.OPEN
    )
    return (await session.exec(statement)).first()


async def upheld_of(
    session: AsyncSession, period: str
) -> Sequence[tuple[Appeal, ExecutionVersion]]:
    """The month's upheld appeals that no revision is made of, the first decided first.

    Each with the version that corrects the execution.
    """
    statement = (
        select(Appeal, ExecutionVersion)
        .join(
            ExecutionVersion,
            (col(ExecutionVersion.execution_id) == col(Appeal.execution_id))
            & (col(ExecutionVersion.version) == col(Appeal.corrected_version)),
        )
        .where(
            col(Appeal.period) == period,
            col(Appeal.status) == AppealStatus.UPHELD,
            col(Appeal.slice_id).is_(None),
        )
        .order_by(col(Appeal.decided_at), col(Appeal.id))
    )
    return (await session.exec(statement)).all()


async def get_appeal(
    session: AsyncSession, appeal_id: UUID, regions: frozenset[str] | None, *, lock: bool = False
) -> Appeal:
    """The appeal, of these regions where any are named. Raises `AppealNotFound`."""
    statement = select(Appeal).where(col(Appeal.id) == appeal_id)
    if regions is not None:
        statement = statement.where(col(Appeal.region).in_(regions))
    if lock:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise AppealNotFound("Такой апелляции нет.", field="path.appeal_id")
    return found


async def list_appeals(
    session: AsyncSession,
    regions: frozenset[str] | None,
    *,
    period: str | None,
    status: AppealStatus | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Appeal]:
    """Appeals by age, the newest first; of these regions where any are named."""
    statement = select(Appeal).order_by(col(Appeal.id).desc()).limit(limit)
    if regions is not None:
        statement = statement.where(col(Appeal.region).in_(regions))
    if period is not None:
        statement = statement.where(col(Appeal.period) == period)
    if status is not None:
        statement = statement.where(col(Appeal.status) == status)
    if after is not None:
        statement = statement.where(col(Appeal.id) < after)
    return (await session.exec(statement)).all()
