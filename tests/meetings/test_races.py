"""What happens at once, over real connections: nothing is made, carried or counted twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import text

from services.meetings.domain.agendas import AgendaKind
from services.meetings.domain.meetings import MeetingCommand, MeetingStatus, Series
from services.meetings.domain.series import SeriesOverlap
from services.meetings.models import Meeting, MeetingSeries
from services.meetings.repository import meetings as meeting_rows
from services.meetings.schemas.agendas import AgendaItemCreate
from services.meetings.schemas.meetings import MeetingCreate
from services.meetings.schemas.series import SeriesCreate
from services.meetings.service import agendas, attendance_imports, meetings, series
from shared.db import Sessions, open_sessions, transaction
from tests.conftest import NOW
from tests.meetings.factories import series_body

AT_ONCE = 8


@pytest.fixture
async def sessions(databases: dict[str, str]) -> AsyncIterator[Sessions]:
    """Sessions of their own connections, whose commits are real; emptied afterwards."""
    async with open_sessions(databases["meetings"], pool_size=AT_ONCE) as found:
        yield found
    connection = await asyncpg.connect(databases["meetings"])
    await connection.execute("truncate meetings, meeting_series, outbox cascade")
    await connection.close()


async def _scalar(sessions: Sessions, statement: str) -> int:
    async with sessions() as session:
        found: int = (await (await session.connection()).execute(text(statement))).scalar_one()
        return found


async def _schedule(sessions: Sessions, *, days: int) -> UUID:
    async with transaction(sessions) as session:
        wanted = MeetingCreate(
            title="Совещание",
            series=Series.UNIFIED,
            starts_at=NOW + timedelta(days=days),
            duration_minutes=60,
        )
        return (await meetings.create_meeting(session, wanted, now=NOW)).id


async def test_many_workers_make_each_meeting_once(sessions: Sessions) -> None:
    async with transaction(sessions) as session:
        await series.load_series(session, now=NOW)

    async def make() -> int:
        async with transaction(sessions) as session:
            return await series.make_ahead(session, now=NOW)

    made = await asyncio.gather(*(make() for _ in range(AT_ONCE)))

    # A Tuesday of the winners of 2022 and six unified Wednesdays lie in the weeks ahead.
    assert sum(made) == await _scalar(sessions, "select count(*) from meetings") == 7


async def test_of_many_series_of_the_same_participants_one_is_entered(sessions: Sessions) -> None:
    async def enter(number: int) -> MeetingSeries:
        async with transaction(sessions) as session:
            wanted = SeriesCreate.model_validate(series_body(code=f"series-{number}"))
            return await series.create_series(session, wanted, now=NOW)

    results = await asyncio.gather(*(enter(n) for n in range(AT_ONCE)), return_exceptions=True)

    assert sum(isinstance(result, MeetingSeries) for result in results) == 1
    assert sum(isinstance(result, SeriesOverlap) for result in results) == AT_ONCE - 1


async def test_a_question_comes_back_at_one_of_many_meetings_made_at_once(
    sessions: Sessions,
) -> None:
    held = await _schedule(sessions, days=0)
    for number in range(3):
        async with transaction(sessions) as session:
            wanted = AgendaItemCreate(kind=AgendaKind.OPERATIONAL, text=f"Вопрос {number}")
            await agendas.add_agenda_item(session, held, wanted)
    async with transaction(sessions) as session:
        await meetings.change_meeting(session, held, MeetingCommand.HOLD, now=NOW)

    made = await asyncio.gather(*(_schedule(sessions, days=7) for _ in range(AT_ONCE)))

    assert len(set(made)) == AT_ONCE
    carried = "select count(*) from agenda_items where carried_from is not null"
    assert await _scalar(sessions, carried) == 3


async def test_what_was_read_before_a_lock_is_read_again_under_it(sessions: Sessions) -> None:
    meeting_id = await _schedule(sessions, days=0)
    async with transaction(sessions) as session:
        read = await meeting_rows.get_meeting(session, meeting_id)
        async with transaction(sessions) as other:
            await meetings.change_meeting(other, meeting_id, MeetingCommand.HOLD, now=NOW)
        assert read.status is MeetingStatus.SCHEDULED

        locked = await meeting_rows.get_meeting(session, meeting_id, for_update=True)

        assert (locked.status, locked.version) == (MeetingStatus.HELD, 2)


async def test_a_list_of_participants_is_read_without_the_meetings_lock(sessions: Sessions) -> None:
    meeting_id = await _schedule(sessions, days=0)
    async with transaction(sessions) as session:
        await meetings.change_meeting(session, meeting_id, MeetingCommand.HOLD, now=NOW)

    # As if somebody were changing the meeting.
    async with transaction(sessions) as busy, transaction(sessions) as session:
        await (await busy.connection()).execute(
            text("select 1 from meetings where id = :id for no key update"), {"id": meeting_id}
        )
        await (await session.connection()).execute(text("set local lock_timeout = '1s'"))
        found = await attendance_imports.preview(
            session, meeting_id, "list.csv", [], actor="secretary", now=NOW
        )

    assert found.rows == []


async def test_of_many_who_hold_a_meeting_one_freezes_its_agenda(sessions: Sessions) -> None:
    meeting_id = await _schedule(sessions, days=0)

    async def hold() -> Meeting:
        async with transaction(sessions) as session:
            return await meetings.change_meeting(session, meeting_id, MeetingCommand.HOLD, now=NOW)

    async def freeze() -> int:
        async with transaction(sessions) as session:
            return await agendas.freeze_due(session, now=NOW)

    results = await asyncio.gather(
        *(hold() for _ in range(AT_ONCE // 2)),
        *(freeze() for _ in range(AT_ONCE // 2)),
        return_exceptions=True,
    )

    assert sum(isinstance(result, Meeting) for result in results) == 1
    assert sum(result for result in results if isinstance(result, int)) <= 1
    assert await _scalar(sessions, "select agenda_revision from meetings") == 1
