"""What the assignments service listens to: approved protocols, and the directory's facts."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.repository import directory
from services.assignments.service import corrections, routing
from services.assignments.service.erasures import forget
from shared import erasures
from shared.event_router import EventRouter, circumstances
from shared.events.directory import AppointmentEvent, ClusterEvent, PersonErased, RegionEvent
from shared.events.meetings import ProtocolApproved

events = EventRouter(urgent=[ProtocolApproved, AppointmentEvent])


@events.on(ProtocolApproved)
async def issue(session: AsyncSession, protocols: Sequence[ProtocolApproved]) -> None:
    """Approved items become assignments, an addendum's take the place of those they correct.

    Hearing of them again makes nothing new.
    """
    around = circumstances(session)
    for protocol in protocols:
        now = max(around.now, protocol.occurred_at)
        await corrections.issue_protocol(session, around.client, protocol, now=now)


@events.on(AppointmentEvent)
async def hear(session: AsyncSession, appointments: Sequence[AppointmentEvent]) -> None:
    """Who holds an office: what waited for a coordinator moves."""
    around = circumstances(session)
    for appointment in appointments:
        now = max(around.now, appointment.occurred_at)
        await routing.hear_appointment(session, appointment, now=now)


@events.on(RegionEvent)
async def keep_regions(session: AsyncSession, regions: Sequence[RegionEvent]) -> None:
    """Names and time zones of regions."""
    await directory.keep_regions(session, regions)


@events.on(ClusterEvent)
async def keep_clusters(session: AsyncSession, clusters: Sequence[ClusterEvent]) -> None:
    """Names of clusters."""
    await directory.keep_clusters(session, clusters)


@events.on(PersonErased)
async def erase_people(session: AsyncSession, heard: Sequence[PersonErased]) -> None:
    """Whoever the directory erased is erased here, and stays so."""
    await erasures.hear(session, heard, forget)
