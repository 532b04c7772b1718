"""What approving a draft would unfold into, asked of those who will do it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import AddresseesRefused
from services.meetings.models import ProtocolItem
from services.meetings.repository import items as repository
from services.meetings.repository import protocols
from shared.clients import assignments, directory
from shared.clients.base import CalleeRefused, ServiceClient
from shared.events.meetings import Addressees, Control
from shared.recurrence import next_date


@dataclass(frozen=True, slots=True)
class Unfolded:
    """An item, who would owe it, and by when."""

    item: ProtocolItem
    owing: Sequence[directory.Addressee]
    due: date | None

    @property
    def by_region(self) -> dict[str, int]:
        return dict(sorted(Counter(one.region for one in self.owing).items()))

    @property
    def vacant(self) -> list[str]:
        return sorted({one.region for one in self.owing if one.coordinator_id is None})


async def unfold(
    session: AsyncSession, client: ServiceClient, protocol_id: UUID, *, at: date
) -> list[Unfolded]:
    """Each item with its addressees as of the day and its date, as if signed on it.

    Raises `ProtocolNotFound`, `AddresseesRefused`, `CalleeAway`.
    """
    await protocols.get_protocol(session, protocol_id)
    known: dict[Addressees, Sequence[directory.Addressee]] = {}
    found = []
    for item in await repository.list_items(session, protocol_id):
        addressees = Addressees.model_validate(item.addressees)
        if addressees not in known:
            known[addressees] = await _owing(client, item, addressees, at)
        found.append(Unfolded(item, known[addressees], await _due(client, item, at)))
    return found


async def _owing(
    client: ServiceClient, item: ProtocolItem, addressees: Addressees, at: date
) -> Sequence[directory.Addressee]:
    """Who is addressed on the day. Raises `AddresseesRefused`, `CalleeAway`."""
    try:
        return await directory.resolve_addressees(client, addressees, at=at)
    except CalleeRefused as refusal:
        raise AddresseesRefused(
            f"Справочник не знает адресатов пункта {item.position}: проверьте в нём кластеры,"
            " регионы и отрасли."
        ) from refusal


async def _due(client: ServiceClient, item: ProtocolItem, at: date) -> date | None:
    """The item's date by the control policy of the day; None where it has none to give."""
    control = Control.model_validate(item.control)
    on = item.due_on
    if control.rule is not None:
        on = next_date(control.rule, starts_on=at, after=at)
        if on is None:
            return None
    try:
        return await assignments.resolve_deadline(
            client, control.term, signed_on=at, on=on, day=control.monthly_day
        )
    except CalleeRefused:
        # A date outside the calendar, say: the approval itself will name what is wrong with it.
        return None
