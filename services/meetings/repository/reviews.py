"""Statements of reviews: the chain of approvers, their decisions, the participants' remarks."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, delete, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.reviews import RemarkNotFound, RemarksMade, ReviewDecision
from services.meetings.models import Approver, Decision, Protocol, Remark


async def list_approvers(session: AsyncSession, protocol_id: UUID) -> Sequence[Approver]:
    """The chain, in its order."""
    statement = (
        select(Approver)
        .where(col(Approver.protocol_id) == protocol_id)
        .order_by(col(Approver.position))
    )
    return (await session.exec(statement)).all()


async def replace_approvers(
    session: AsyncSession, protocol_id: UUID, approvers: Sequence[Approver]
) -> None:
    """Let these be the chain, and no others."""
    await session.exec(delete(Approver).where(col(Approver.protocol_id) == protocol_id))
    session.add_all(approvers)
    await session.flush()


async def list_decisions(session: AsyncSession, protocol_id: UUID) -> Sequence[Decision]:
    """Everything decided in all rounds, in order."""
    statement = (
        select(Decision).where(col(Decision.protocol_id) == protocol_id).order_by(col(Decision.id))
    )
    return (await session.exec(statement)).all()


async def approved_positions(session: AsyncSession, protocol: Protocol) -> set[int]:
    """Which places of the chain have approved in the present round."""
    statement = select(Decision.position).where(
        col(Decision.protocol_id) == protocol.id,
        col(Decision.round) == protocol.review_round,
        col(Decision.decision) == ReviewDecision.APPROVED,
    )
    return {position for position in await session.exec(statement) if position is not None}


async def get_remark(session: AsyncSession, protocol_id: UUID, remark_id: UUID) -> Remark:
    """The remark, locked. Raises `RemarkNotFound`."""
    statement = (
        select(Remark)
        .where(col(Remark.id) == remark_id, col(Remark.protocol_id) == protocol_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise RemarkNotFound("К этому протоколу нет такого замечания.")
    return found


async def get_remarks(
    session: AsyncSession, protocol_id: UUID, ids: Collection[UUID]
) -> Sequence[Remark]:
    """These remarks, locked, in the order they were made. Raises `RemarkNotFound`."""
    statement = (
        select(Remark)
        .where(col(Remark.id).in_(ids), col(Remark.protocol_id) == protocol_id)
        .order_by(col(Remark.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    found = (await session.exec(statement)).all()
    if len(found) < len(set(ids)):
        raise RemarkNotFound("К этому протоколу есть не все такие замечания.", field="body.remarks")
    return found


async def list_remarks(
    session: AsyncSession, protocol_id: UUID, *, made_by: str | None = None
) -> Sequence[Remark]:
    """The remarks in the order they were made; of one person where that is said."""
    statement = (
        select(Remark).where(col(Remark.protocol_id) == protocol_id).order_by(col(Remark.id))
    )
    if made_by is not None:
        statement = statement.where(col(Remark.made_by) == made_by)
    return (await session.exec(statement)).all()


async def count_remarks(
    session: AsyncSession, protocol_id: UUID, *, undecided: bool = False
) -> int:
    """How many remarks the protocol has; with `undecided` those nobody has answered."""
    statement = (
        select(func.count()).select_from(Remark).where(col(Remark.protocol_id) == protocol_id)
    )
    if undecided:
        statement = statement.where(col(Remark.decision).is_(None))
    return (await session.exec(statement)).one()


async def remarks_made(
    session: AsyncSession, protocol_id: UUID, *, made_by: str, region: str | None
) -> RemarksMade:
    """How many remarks the protocol has, and how many of them of this author and this region."""
    statement = select(
        func.count(),
        func.count().filter(col(Remark.region) == region),
        func.count().filter(col(Remark.made_by) == made_by),
    ).where(col(Remark.protocol_id) == protocol_id)
    return RemarksMade(*(await session.exec(statement)).one())
