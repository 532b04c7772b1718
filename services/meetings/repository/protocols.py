"""Statements of protocols and their numbers."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.protocols import ProtocolNotFound, ProtocolStatus
from services.meetings.models import (
    Protocol,
    ProtocolNumber,
)


async def add_protocol(session: AsyncSession, protocol: Protocol) -> bool:
    """Insert the protocol, or say False where its meeting has one."""
    statement = (
        upsert(Protocol)
        .values(protocol.model_dump())
        .on_conflict_do_nothing(
            index_elements=["meeting_id"], index_where=col(Protocol.corrects).is_(None)
        )
        .returning(col(Protocol.id))
    )
    return (await session.exec(statement)).first() is not None


async def of_meeting(session: AsyncSession, meeting_id: UUID) -> Protocol | None:
    """The meeting's protocol, where it has been opened; its addenda are others."""
    statement = select(Protocol).where(
        col(Protocol.meeting_id) == meeting_id, col(Protocol.corrects).is_(None)
    )
    return (await session.exec(statement)).first()


async def get_protocol(
    session: AsyncSession, protocol_id: UUID, *, for_update: bool = False
) -> Protocol:
    """Raises `ProtocolNotFound`."""
    statement = select(Protocol).where(col(Protocol.id) == protocol_id)
    if for_update:
        # No key changes: addenda that refer to the row need not wait, nor wait for each other.
        statement = statement.with_for_update(key_share=True)
        statement = statement.execution_options(populate_existing=True)
    found = (await session.exec(statement)).first()
    if found is None:
        raise ProtocolNotFound("Протокол не найден.")
    return found


async def list_protocols(
    session: AsyncSession,
    *,
    year: int | None,
    status: ProtocolStatus | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Protocol]:
    """Protocols, the newest first."""
    statement = select(Protocol).order_by(col(Protocol.id).desc()).limit(limit)
    if year is not None:
        statement = statement.where(col(Protocol.year) == year)
    if status is not None:
        statement = statement.where(col(Protocol.status) == status)
    if before is not None:
        statement = statement.where(col(Protocol.id) < before)
    return (await session.exec(statement)).all()


async def list_addenda(session: AsyncSession, protocol_id: UUID) -> Sequence[Protocol]:
    """What corrects the protocol, approved or not, in the order it was opened."""
    statement = (
        select(Protocol).where(col(Protocol.corrects) == protocol_id).order_by(col(Protocol.id))
    )
    return (await session.exec(statement)).all()


async def last_addendum(session: AsyncSession, protocol_id: UUID) -> int:
    """The highest number of the protocol's addenda; 0 where none is approved."""
    statement = select(func.max(col(Protocol.addendum))).where(
        col(Protocol.corrects) == protocol_id
    )
    return (await session.exec(statement)).one() or 0


async def take_number(session: AsyncSession, year: int) -> int:
    """The year's next number. Others wait for this transaction, so a rollback leaves no gap."""
    statement = (
        upsert(ProtocolNumber)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": col(ProtocolNumber.last) + 1})
        .returning(col(ProtocolNumber.last))
    )
    number: int = (await session.exec(statement)).one()[0]
    return number
