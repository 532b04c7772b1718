"""An approved protocol issues its items; those of an addendum may take the place of others."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Command, Order
from services.assignments.models import Assignment
from services.assignments.repository import assignments as repository
from services.assignments.service import issuing, recurrences
from services.assignments.service.assignments import command_all
from services.assignments.service.parties import SYSTEM
from shared.auth import Actor, Role, Rows
from shared.clients.base import ServiceClient
from shared.events.meetings import ProtocolApproved

# Whoever signed the addendum has decided; that it is carried out nobody may refuse.
_BY_PROTOCOL: Final = Actor(SYSTEM, frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))


async def issue_protocol(
    session: AsyncSession, client: ServiceClient, event: ProtocolApproved, *, now: datetime
) -> None:
    """Issue the items, and supersede whatever is still open of those whose place they take.

    Repeating the event makes nothing new. Raises what `issuing.issue_protocol` raises.
    """
    issued = await issuing.issue_protocol(session, client, event, now=now)
    for item in event.items:
        if item.supersedes is not None and item.item_id in issued:
            await _supersede(session, item.supersedes, issued[item.item_id], now=now)


async def _supersede(
    session: AsyncSession, item_id: UUID, successor: Assignment, *, now: datetime
) -> None:
    why = f"Пункт заменён дополнением к протоколу: {successor.number}."
    for series in await repository.series_of_item(session, item_id):
        await recurrences.end_series(session, series.id, why, _BY_PROTOCOL, now=now)
    order = Order(Command.SUPERSEDE, words=why, successor=successor.id)
    for assignment in await repository.standing_of_item(session, item_id):
        await command_all(session, assignment.id, order, _BY_PROTOCOL, now=now)
