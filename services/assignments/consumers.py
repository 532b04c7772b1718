"""What the assignments service listens to: approved protocols and appointed coordinators."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments import service
from shared.consumer import EventRouter, circumstances
from shared.events.directory import AppointmentEvent
from shared.events.meetings import ProtocolApproved

events = EventRouter()


@events.on(ProtocolApproved)
async def issue(session: AsyncSession, protocols: Sequence[ProtocolApproved]) -> None:
    """Approved items become assignments; hearing of them again makes nothing new."""
    around = circumstances(session)
    for protocol in protocols:
        now = max(around.now, protocol.occurred_at)
        await service.issue_protocol(session, around.client, protocol, now=now)


@events.on(AppointmentEvent)
async def hear(session: AsyncSession, appointments: Sequence[AppointmentEvent]) -> None:
    """A region has a coordinator: what waited for one moves."""
    around = circumstances(session)
    for appointment in appointments:
        now = max(around.now, appointment.occurred_at)
        await service.hear_appointment(session, appointment, now=now)
