"""Statements of protocols' items."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, delete, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import ProtocolItemNotFound
from services.meetings.domain.protocols import ProtocolStatus
from services.meetings.models import Protocol, ProtocolItem


async def list_items(session: AsyncSession, protocol_id: UUID) -> Sequence[ProtocolItem]:
    """The protocol's items by position."""
    statement = (
        select(ProtocolItem)
        .where(col(ProtocolItem.protocol_id) == protocol_id)
        .order_by(col(ProtocolItem.position))
    )
    return (await session.exec(statement)).all()


async def get_item(session: AsyncSession, protocol_id: UUID, item_id: UUID) -> ProtocolItem:
    """Raises `ProtocolItemNotFound`."""
    statement = select(ProtocolItem).where(
        col(ProtocolItem.id) == item_id, col(ProtocolItem.protocol_id) == protocol_id
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise ProtocolItemNotFound("В этом протоколе нет такого пункта.")
    return found


async def find_standing(
    session: AsyncSession, protocol_id: UUID, item_id: UUID
) -> ProtocolItem | None:
    """The item, where the protocol or an approved addendum to it has one with this id."""
    statement = (
        select(ProtocolItem)
        .join(Protocol, col(Protocol.id) == col(ProtocolItem.protocol_id))
        .where(
            col(ProtocolItem.id) == item_id,
            col(Protocol.status) == ProtocolStatus.APPROVED,
            or_(col(Protocol.id) == protocol_id, col(Protocol.corrects) == protocol_id),
        )
    )
    return (await session.exec(statement)).first()


async def successor_of(session: AsyncSession, item_id: UUID) -> ProtocolItem | None:
    """The item that takes the place of this one, or is about to."""
    statement = select(ProtocolItem).where(col(ProtocolItem.supersedes) == item_id)
    return (await session.exec(statement)).first()


async def numbers_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Item of an approved protocol → how people name it: «2 протокола № 5/2023»."""
    if not ids:
        return {}
    statement = (
        select(ProtocolItem, Protocol)
        .join(Protocol, col(Protocol.id) == col(ProtocolItem.protocol_id))
        .where(col(ProtocolItem.id).in_(ids))
    )
    return {
        item.id: f"{item.position} протокола № {protocol.full_number}"
        for item, protocol in await session.exec(statement)
    }


async def remove_item(session: AsyncSession, item: ProtocolItem) -> None:
    """Delete the item; those that follow it move up."""
    await session.exec(delete(ProtocolItem).where(col(ProtocolItem.id) == item.id))
    await session.exec(
        update(ProtocolItem)
        .where(
            col(ProtocolItem.protocol_id) == item.protocol_id,
            col(ProtocolItem.position) > item.position,
        )
        .values(position=col(ProtocolItem.position) - 1)
    )
