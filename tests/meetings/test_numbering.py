"""Numbers within a year have no gap, however many approve at once, and over real connections."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.meetings.domain.meetings import MeetingCommand, Series
from services.meetings.domain.protocols import ProtocolAlreadyApproved, ProtocolExists
from services.meetings.models import Protocol
from services.meetings.repository import items as repository
from services.meetings.schemas.items import AddresseesWrite, ItemWrite
from services.meetings.schemas.meetings import MeetingCreate
from services.meetings.service import items, meetings, protocols, reviews
from shared.auth import Actor, Role
from shared.db import Sessions, open_sessions, transaction
from shared.events.meetings import AddresseeKind, Priority
from tests.conftest import NOW

APPROVALS = 50
CHANGED_THEIR_MIND = 5
ADMIN = Actor("admin", frozenset({Role.CUR_ADMIN}))


@pytest.fixture
async def sessions(databases: dict[str, str]) -> AsyncIterator[Sessions]:
    """Sessions of their own connections, whose commits are real; emptied afterwards."""
    async with open_sessions(databases["meetings"], pool_size=APPROVALS) as found:
        yield found
    connection = await asyncpg.connect(databases["meetings"])
    await connection.execute(
        "truncate meetings, agenda_items, protocols, protocol_items, protocol_numbers, outbox"
        " cascade"
    )
    await connection.close()


async def _meeting(sessions: Sessions) -> UUID:
    async with transaction(sessions) as session:
        wanted = MeetingCreate(
            title="Совещание", series=Series.UNIFIED, starts_at=NOW, duration_minutes=60
        )
        meeting = await meetings.create_meeting(session, wanted, now=NOW)
        await meetings.change_meeting(session, meeting.id, MeetingCommand.HOLD, now=NOW)
        return meeting.id


async def _ready(sessions: Sessions) -> UUID:
    meeting_id = await _meeting(sessions)
    async with transaction(sessions) as session:
        protocol = await protocols.create_protocol(session, meeting_id, now=NOW)
        addressees = AddresseesWrite(kind=AddresseeKind.CLUSTER)
        item = ItemWrite(text="Сделать.", priority=Priority.PLANNED, addressees=addressees)
        await items.add_item(session, protocol.id, item)
        return protocol.id


async def _approve(sessions: Sessions, protocol_id: UUID) -> int | None:
    async with transaction(sessions) as session:
        return (await reviews.approve(session, protocol_id, ADMIN, now=NOW)).number


class ChangedTheirMind(Exception):
    """Something after the approval, in the same transaction, went wrong."""


async def _approve_and_fail(sessions: Sessions, protocol_id: UUID) -> None:
    async with transaction(sessions) as session:
        await reviews.approve(session, protocol_id, ADMIN, now=NOW)
        raise ChangedTheirMind


async def test_fifty_approvals_at_once_take_the_numbers_one_to_fifty(
    sessions: Sessions,
) -> None:
    wanted = [await _ready(sessions) for _ in range(APPROVALS)]
    unwanted = [await _ready(sessions) for _ in range(CHANGED_THEIR_MIND)]

    results = await asyncio.gather(
        *(_approve_and_fail(sessions, protocol_id) for protocol_id in unwanted),
        *(_approve(sessions, protocol_id) for protocol_id in wanted),
        return_exceptions=True,
    )

    failed, numbers = results[:CHANGED_THEIR_MIND], results[CHANGED_THEIR_MIND:]
    assert all(isinstance(result, ChangedTheirMind) for result in failed)
    assert sorted(map(str, numbers), key=int) == [str(n) for n in range(1, APPROVALS + 1)]
    async with sessions() as session:
        events = await (await session.connection()).execute(text("select key from outbox"))
        assert sorted(UUID(key) for (key,) in events) == sorted(wanted)


async def test_of_many_who_approve_one_protocol_one_succeeds(sessions: Sessions) -> None:
    protocol_id = await _ready(sessions)

    results = await asyncio.gather(
        *(_approve(sessions, protocol_id) for _ in range(8)), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, ProtocolAlreadyApproved)]
    assert len(refused) == 7
    assert [result for result in results if result not in refused] == [1]
    async with sessions() as session:
        count = await (await session.connection()).execute(text("select count(*) from outbox"))
        assert count.scalar_one() == 1


async def test_of_many_who_open_one_meetings_protocol_one_succeeds(sessions: Sessions) -> None:
    meeting_id = await _meeting(sessions)

    async def open_protocol() -> Protocol:
        async with transaction(sessions) as session:
            return await protocols.create_protocol(session, meeting_id, now=NOW)

    results = await asyncio.gather(*(open_protocol() for _ in range(8)), return_exceptions=True)

    assert sum(isinstance(result, Protocol) for result in results) == 1
    assert sum(isinstance(result, ProtocolExists) for result in results) == 7


async def test_an_item_written_past_the_service_waits_for_an_approval_and_is_refused(
    sessions: Sessions,
) -> None:
    protocol_id = await _ready(sessions)

    async def slip_in() -> None:
        async with transaction(sessions) as session:
            await (await session.connection()).execute(
                text(
                    "insert into protocol_items (id, protocol_id, position, text, priority,"
                    " addressees) values (gen_random_uuid(), :id, 2, 'Ещё', 'planned', '{}')"
                ),
                {"id": protocol_id},
            )

    async with transaction(sessions) as session:
        await reviews.approve(session, protocol_id, ADMIN, now=NOW + timedelta(seconds=1))
        slipping = asyncio.create_task(slip_in())
        connection = await session.connection()
        waiting = text("select count(*) from pg_locks where not granted")
        while not (await connection.execute(waiting)).scalar_one():
            assert not slipping.done()
    with pytest.raises(DBAPIError, match="immutable"):
        await slipping
    async with sessions() as session:
        assert len(await repository.list_items(session, protocol_id)) == 1
