"""What the rating listens to: facts of executions, and what is shown beside their score."""

from collections.abc import Sequence

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.heard import HeardFacts
from services.rating.repository import assignments, attendance, directory, facts
from services.rating.service import reconciliations, renewals
from services.rating.service.erasures import forget
from shared import erasures
from shared.db import commit_lazily
from shared.event_router import EventRouter, circumstances
from shared.events.assignments import AssignmentEvent, ExecutionEvent
from shared.events.directory import ClusterEvent, PersonErased, RegionEvent
from shared.events.meetings import AttendanceRecorded

events = EventRouter(urgent=[ExecutionEvent])


@events.on_view(HeardFacts, of=ExecutionEvent)
async def keep_facts(session: AsyncSession, heard: Sequence[HeardFacts]) -> None:
    """Keep every version and the newest of each; duplicates and stragglers change nothing.

    What happened does not matter here, only the facts after it. Lateness needs no event at all.
    """
    # A copy, with its position: what a crash takes of it is heard again, the same to the bit.
    await commit_lazily(session)
    await facts.keep_facts(session, heard)


@events.anew(ExecutionEvent)
async def renew_facts(session: AsyncSession, partition: int) -> None:
    """Assignments came back from an older backup: what they now say of the partition is true."""
    here = circumstances(session)
    await reconciliations.follow_replaced_log(session, here.client, partition, now=here.now)


@events.on(RegionEvent)
async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Keep the newest name and time zone of each region."""
    await directory.keep_regions(session, heard)


@events.anew(RegionEvent)
async def renew_regions(session: AsyncSession, partition: int) -> None:
    """The directory came back from an older backup."""
    await renewals.renew_regions(session, circumstances(session).client, partition)


@events.on(ClusterEvent)
async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Keep the newest facts of each cluster."""
    await directory.keep_clusters(session, heard)


@events.anew(ClusterEvent)
async def renew_clusters(session: AsyncSession, partition: int) -> None:
    """The directory came back from an older backup."""
    await renewals.renew_clusters(session, circumstances(session).client, partition)


@events.on(AssignmentEvent)
async def keep_assignments(session: AsyncSession, heard: Sequence[AssignmentEvent]) -> None:
    """Keep the newest number and words of each assignment: only sentences depend on them."""
    await assignments.keep_assignments(session, heard)


@events.anew(AssignmentEvent)
async def renew_assignments(session: AsyncSession, partition: int) -> None:
    """Assignments came back from an older backup."""
    await renewals.renew_assignments(session, circumstances(session).client, partition)


@events.on(AttendanceRecorded)
async def keep_attendance(session: AsyncSession, heard: Sequence[AttendanceRecorded]) -> None:
    """Keep every version of how a region attended a meeting: it is shown, and moves no score."""
    await attendance.keep_attendance(session, heard)


@events.anew(AttendanceRecorded)
async def renew_attendance(session: AsyncSession, partition: int) -> None:
    """Meetings came back from an older backup."""
    await renewals.renew_attendance(session, circumstances(session).client, partition)


@events.on(PersonErased)
async def erase_people(session: AsyncSession, heard: Sequence[PersonErased]) -> None:
    """Whoever the directory erased is erased here, and stays so."""
    await erasures.hear(session, heard, forget)
