"""One partition heard anew: its log is read whole, and what is kept is made equal to it.

All in the caller's transaction: until it is through, readers see what was there before. Rows that
are right are not touched. Slices, letters, methodologies and appeals are nobody's copy and stay.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import msgspec
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.heard import HeardFacts
from services.rating.domain.reconciliations import Mended
from services.rating.repository import positions
from services.rating.repository import renewals as repository
from shared.clients.base import ServiceClient
from shared.clients.feed import PAGE, event_at, read_feed
from shared.envelopes import Message
from shared.events.assignments import AssignmentEvent, ExecutionEvent
from shared.events.base import Event
from shared.events.directory import ClusterEvent, RegionEvent
from shared.events.meetings import AttendanceRecorded
from shared.events.views import View

E = TypeVar("E", bound=Event)
R = TypeVar("R", bound=Event | View)


async def renew_facts(session: AsyncSession, client: ServiceClient, partition: int) -> Mended:
    """Make the partition's versions and newest facts what their owner's log says.

    Raises `CalleeAway` on an outage.
    """
    await repository.begin(session)

    async def gather(page: Sequence[HeardFacts]) -> None:
        await repository.gather(session, page)

    await _read_whole(session, client, ExecutionEvent, partition, gather, read=HeardFacts.read)
    return await repository.put_right(session, partition)


async def renew_regions(session: AsyncSession, client: ServiceClient, partition: int) -> None:
    """Make the partition's regions what the directory's log says. Raises `CalleeAway`."""
    heard = await _heard(session, client, RegionEvent, partition)
    await repository.renew_regions(session, partition, heard)


async def renew_clusters(session: AsyncSession, client: ServiceClient, partition: int) -> None:
    """Make the partition's clusters what the directory's log says. Raises `CalleeAway`."""
    heard = await _heard(session, client, ClusterEvent, partition)
    await repository.renew_clusters(session, partition, heard)


async def renew_assignments(session: AsyncSession, client: ServiceClient, partition: int) -> None:
    """Make the partition's assignments what their owner's log says. Raises `CalleeAway`."""
    heard = await _heard(session, client, AssignmentEvent, partition)
    await repository.renew_assignments(session, partition, heard)


async def renew_attendance(session: AsyncSession, client: ServiceClient, partition: int) -> None:
    """Make the partition's attendance what the meetings' log says. Raises `CalleeAway`."""
    heard = await _heard(session, client, AttendanceRecorded, partition)
    await repository.renew_attendance(session, partition, heard)


async def _heard(
    session: AsyncSession, client: ServiceClient, model: type[E], partition: int
) -> list[E]:
    """All that the partition's log says, in memory: of what is few."""
    heard: list[E] = []

    async def gather(page: Sequence[E]) -> None:
        heard.extend(page)

    await _read_whole(session, client, model, partition, gather, read=model.model_validate_json)
    return heard


async def _read_whole(
    session: AsyncSession,
    client: ServiceClient,
    model: type[Event],
    partition: int,
    keep: Callable[[Sequence[R]], Awaitable[None]],
    *,
    read: Callable[[bytes], R],
) -> None:
    """Hand over the whole log, the end of it under the position's lock; mend the position.

    A position that the log does not bear out is put to the log's end; how far that is complete,
    the next checkpoint tells.
    """
    types = {concrete.type for concrete in model.concrete()}
    end: Message | None = None

    async def read_on() -> None:
        nonlocal end
        after = end.seq or 0 if end else 0
        async for page in read_feed(client, model.topic, partition, after=after):
            numbered = [message for message in page if message.seq is not None]
            if numbered:
                await keep([*_parsed(read, types, numbered)])
                end = numbered[-1]

    await repository.take_time(session)
    if not 0 < await positions.reached(session, model.topic, partition) < PAGE:
        # Most of it while the consumer goes on, the rest while it waits for us; what one page
        # holds is all the rest.
        await read_on()
    position = await positions.lock(session, model.topic, partition)
    await read_on()
    if position.seq == 0:
        return
    there = end
    if there is None or there.seq != position.seq:
        there = await event_at(client, model.topic, partition, position.seq)
    if there is None or position.event_id not in (None, there.id):
        position.seq, position.event_id = (end.seq or 0, end.id) if end else (0, None)
        position.through = None
        session.add(position)
        await session.flush()


def _parsed(
    read: Callable[[bytes], R], types: set[str], messages: Sequence[Message]
) -> Iterator[R]:
    """The events that can be read; of the others the consumer has made dead letters."""
    for message in messages:
        if message.type not in types:
            continue
        try:
            event = read(message.data)
        except (ValidationError, msgspec.DecodeError, UnicodeDecodeError):
            continue
        yield event
