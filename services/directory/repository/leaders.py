"""Statements of leaders: proposals that are made once, and who may read them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.leaders import (
    LeaderKind,
    LeaderNotFound,
    LeaderSource,
    LeaderStatus,
)
from services.directory.models import HeardSlice, Leader


async def keep_newest_revision(session: AsyncSession, period: str, revision: int) -> bool:
    """Whether this revision of the month's slice is newer than any heard before."""
    statement = upsert(HeardSlice).values(period=period, revision=revision)
    newer = statement.on_conflict_do_update(
        index_elements=["period"],
        set_={"revision": revision},
        where=col(HeardSlice.revision) < revision,
    )
    return (await session.exec(newer.returning(col(HeardSlice.period)))).first() is not None


async def propose(session: AsyncSession, leaders: Sequence[Leader]) -> None:
    """Enter the proposals; one made before is open again where it had lapsed, else as it was."""
    if not leaders:
        return
    statement = upsert(Leader).values([leader.model_dump() for leader in leaders])
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["subject", "source", "source_ref"],
            set_={
                "status": LeaderStatus.PROPOSED,
                "basis": statement.excluded.basis,
                "version": Leader.version + 1,
            },
            where=col(Leader.status).in_([LeaderStatus.LAPSED, LeaderStatus.PROPOSED]),
        )
    )


async def lapse_others(session: AsyncSession, period: str, regions: Collection[str]) -> None:
    """Proposals of the month's slice that nobody decided and that it no longer makes."""
    await session.exec(
        update(Leader)
        .where(
            col(Leader.source) == LeaderSource.SLICE,
            col(Leader.source_ref) == period,
            col(Leader.status) == LeaderStatus.PROPOSED,
            col(Leader.subject).not_in(regions),
        )
        .values(status=LeaderStatus.LAPSED, version=Leader.version + 1)
    )


def _of(industries: Collection[str] | None) -> ColumnElement[bool]:
    return true() if industries is None else col(Leader.association).in_(industries)


async def get_leader(
    session: AsyncSession, leader_id: UUID, industries: Collection[str] | None
) -> Leader:
    """For changing; of these industries, None for all. Raises `LeaderNotFound`."""
    statement = select(Leader).where(Leader.id == leader_id, _of(industries))
    statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).first()
    if found is None:
        raise LeaderNotFound("Такого лидера нет.")
    return found


async def list_leaders(
    session: AsyncSession,
    industries: Collection[str] | None,
    *,
    kind: LeaderKind | None,
    status: LeaderStatus | None,
    association: str | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Leader]:
    """In the order of proposing: the confirmed, and of these industries (None for all) the rest."""
    is_confirmed = col(Leader.status) == LeaderStatus.CONFIRMED
    visible = or_(is_confirmed, _of(industries))
    statement = select(Leader).where(visible).order_by(col(Leader.id)).limit(limit)
    for column, value in (
        (Leader.kind, kind),
        (Leader.status, status),
        (Leader.association, association),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if after is not None:
        statement = statement.where(col(Leader.id) > after)
    return (await session.exec(statement)).all()
