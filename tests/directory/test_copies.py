"""What others hold of a person who is erased goes too, and no rebuild brings it back.

The directory's own feed is heard in each of the other databases, as their workers hear it.
"""

import importlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.domain.register import Sort
from services.assignments.models import Absence, Notification, SavedView
from services.meetings.domain.calendars import FeedKind
from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.models import AttendanceImport, CalendarFeed, Meeting
from services.rating.domain.letters import LetterState
from services.rating.domain.slices import SliceStatus
from services.rating.models import LetterFile, Slice, SliceLetter
from shared import erasures
from shared.db import async_url
from shared.envelopes import Message, from_feed
from shared.event_router import Circumstances, EventRouter
from shared.events.base import PARTITIONS
from shared.events.directory import PersonErased
from tests.conftest import NOW, Headers, Tokens
from tests.directory.conftest import Ask
from tests.directory.test_erasures import EMAIL, NAME, SUBJECT, erased, everything, named_in
from tests.directory.test_erasures import anna as anna
from tests.directory.test_erasures import former as former

INSTANT: Final = datetime(2023, 10, 20, 9, tzinfo=UTC)
TOPIC: Final = PersonErased.topic
NUMBER: Final = """
update outbox set seq = counted.n from (
    select position, row_number() over (partition by topic, partition order by position) as n
    from outbox
) as counted where counted.position = outbox.position
"""
# Where the directory's copies of offices are.
TENURES: Final = {"assignments": "tenures", "meetings": "known_appointments"}
# A letter as it was sent is a document: it stays, and names whom it was sent to.
SENT: Final = b"%PDF " + NAME.encode()


@asynccontextmanager
async def database(databases: dict[str, str], service: str) -> AsyncIterator[AsyncSession]:
    engine = create_async_engine(async_url(databases[service]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            session.info[Circumstances] = Circumstances(NOW, None)  # type: ignore[arg-type]
            yield session
        await transaction.rollback()
    await engine.dispose()


async def feed(client: httpx.AsyncClient, session: AsyncSession, service: Headers) -> list[Message]:
    """The whole log, numbered as the relay would; nobody is named in it."""
    await (await session.connection()).execute(text(NUMBER))
    found = []
    for partition in range(PARTITIONS):
        answer = await client.get(f"/v1/events/{TOPIC}/{partition}", headers=service)
        assert named_in(answer.text.lower()) == []
        lines = answer.content.splitlines()
        found += [from_feed(TOPIC, partition, line) for line in lines]
    return [one for one in found if not one.is_checkpoint]


async def hear(session: AsyncSession, service: str, messages: Sequence[Message]) -> None:
    events: EventRouter = importlib.import_module(f"services.{service}.consumers").events
    for message in messages:
        parsed = events.parse(message)
        if parsed is not None:
            handler, event = parsed
            await handler(session, [event])
    await session.flush()


def message(anna: UUID, day: int, state: NotificationState) -> Notification:
    return Notification(
        id=uuid4(),
        recipient=str(anna),
        offices=["coordinator"],
        regions=["16"],
        person_id=anna,
        channel=Channel.EMAIL,
        day=date(2023, 10, day),
        subject="Поручения",
        body=f"Здравствуйте, {NAME}!",
        state=state,
        last_error=f"550 <{EMAIL}> unknown",
        created_at=INSTANT,
    )


def _letter(anna: UUID, slice_id: UUID, region: str, state: LetterState) -> SliceLetter:
    return SliceLetter(
        slice_id=slice_id,
        region=region,
        person_id=anna,
        addressee=NAME,
        state=state,
        token=str(uuid4()),
        last_error=f"550 <{EMAIL}> unknown",
        delivery_note=f"DSN: <{EMAIL}>",
        prepared_at=INSTANT,
        sent_at=INSTANT if state is LetterState.SENT else None,
    )


async def put_copies(session: AsyncSession, service: str, anna: UUID) -> None:
    """Rows of the service that name her, by name, contact or account."""
    if service == "assignments":
        session.add_all(
            [
                message(anna, 20, NotificationState.PREPARED),
                message(anna, 21, NotificationState.SENT),
                SavedView(
                    id=uuid4(),
                    actor=SUBJECT,
                    name=NAME,
                    filter={},
                    sort=Sort.DUE,
                    created_at=INSTANT,
                ),
                Absence(
                    id=uuid4(),
                    region="16",
                    away_from=date(2023, 10, 2),
                    away_to=date(2023, 10, 6),
                    reason=f"Больничный: {NAME}",
                    created_by=SUBJECT,
                    created_at=INSTANT,
                ),
            ]
        )
    elif service == "meetings":
        meeting = Meeting(
            id=uuid4(),
            title="Совещание",
            series=Series.UNIFIED,
            starts_at=INSTANT,
            duration_minutes=60,
            status=MeetingStatus.HELD,
            created_at=INSTANT,
        )
        session.add(meeting)
        await session.flush()
        other = {"row": 2, "name": "Кластер № 1", "participant_id": str(uuid4())}
        session.add_all(
            [
                CalendarFeed(
                    id=uuid4(),
                    token_hash=str(uuid4()),
                    kind=FeedKind.PERSON,
                    person_id=anna,
                    created_at=INSTANT,
                    created_by=NAME,
                ),
                AttendanceImport(
                    id=uuid4(),
                    meeting_id=meeting.id,
                    filename="vks.csv",
                    rows=[{"row": 1, "name": NAME, "participant_id": str(anna)}, other],
                    created_at=INSTANT,
                    created_by="secretary",
                ),
            ]
        )
    else:
        frozen = Slice(
            period="2023-10",
            revision=0,
            status=SliceStatus.DRAFT,
            cut_off=INSTANT,
            created_at=INSTANT,
        )
        letters = [
            _letter(anna, frozen.id, "16", LetterState.PREPARED),
            _letter(anna, frozen.id, "77", LetterState.SENT),
        ]
        session.add(frozen)
        await session.flush()
        session.add_all(letters)
        await session.flush()
        session.add_all([LetterFile(letter_id=one.id, pdf=SENT) for one in letters])
    await session.flush()


async def take_copies(session: AsyncSession, service: str) -> None:
    """The database is as empty as a new one."""
    emptied = {
        "assignments": ("notifications", "saved_views", "absences", "tenures"),
        "meetings": (
            "attendance_imports",
            "calendar_feeds",
            "meetings",
            "known_appointments",
        ),
        "rating": ("letter_files", "slice_letters", "slices"),
    }[service]
    connection = await session.connection()
    for table in (*emptied, "erased_people"):
        await connection.execute(text(f"delete from {table}"))
    session.expunge_all()


async def history(session: AsyncSession, service: str) -> list[str]:
    """Whose tenures are known: ids, which stay."""
    if service not in TENURES:
        return []
    connection = await session.connection()
    found = await connection.execute(
        text(f"select cast(person_id as text) from {TENURES[service]}")
    )
    return list(found.scalars())


@pytest.mark.parametrize("service_of", ["assignments", "meetings", "rating"])
async def test_copies_go_and_no_rebuild_brings_them_back(
    ask: Ask,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    databases: dict[str, str],
    former: dict[str, Any],
    service_of: str,
) -> None:
    anna = UUID(former["id"])
    before = await feed(client, session, token("service"))
    await erased(ask, former)
    log = await feed(client, session, token("service"))
    assert len(log) == len(before) + 1

    async with database(databases, service_of) as theirs:
        await put_copies(theirs, service_of, anna)
        assert named_in(await everything(theirs)) != []
        # As it happened; once more; in another order, after the database was emptied; and what a
        # backup of before has, heard anew from the first.
        for again in (log, log, log[::-1], before, log):
            await hear(theirs, service_of, again)
            if again is before:
                continue
            assert named_in(await everything(theirs)) == []
            assert await history(theirs, service_of) == [former["id"]] * (service_of in TENURES)
            await take_copies(theirs, service_of)
            await put_copies(theirs, service_of, anna)


@pytest.mark.parametrize("service_of", ["assignments", "meetings", "rating"])
async def test_what_was_being_written_meanwhile_goes_with_the_next_look(
    databases: dict[str, str], service_of: str
) -> None:
    anna = uuid4()
    event = PersonErased(person_id=anna, subjects=[SUBJECT], version=2, occurred_at=NOW)
    forget = importlib.import_module(f"services.{service_of}.service.erasures").forget
    async with database(databases, service_of) as session:
        await erasures.hear(session, [event], forget)
        await put_copies(session, service_of, anna)

        await erasures.apply_again(session, forget)
        session.expunge_all()

        assert named_in(await everything(session)) == []


async def test_what_is_left_is_what_history_needs(databases: dict[str, str]) -> None:
    """A letter that was sent stays; one that was not is called off, and so is a message."""
    anna = uuid4()
    event = PersonErased(person_id=anna, subjects=[SUBJECT], version=2, occurred_at=NOW)
    called = f"Удалённый человек {anna.hex[-8:]}"

    async def rows(session: AsyncSession, statement: str) -> list[tuple[Any, ...]]:
        connection = await session.connection()
        return [tuple(row) for row in await connection.execute(text(statement))]

    async with database(databases, "rating") as session:
        await put_copies(session, "rating", anna)
        await hear_erased(session, "rating", event)
        assert await rows(
            session,
            "select region, state, addressee, last_error, f.letter_id is not null"
            " from slice_letters l left join letter_files f on f.letter_id = l.id order by region",
        ) == [
            ("16", "failed", called, "Адресат обезличен.", False),
            ("77", "sent", called, None, True),
        ]
    async with database(databases, "assignments") as session:
        await put_copies(session, "assignments", anna)
        await hear_erased(session, "assignments", event)
        assert await rows(
            session, "select state, body, last_error, person_id from notifications order by day"
        ) == [
            ("undeliverable", "", "Получатель обезличен.", anna),
            ("sent", "", None, anna),
        ]
    async with database(databases, "meetings") as session:
        await put_copies(session, "meetings", anna)
        await hear_erased(session, "meetings", event)
        ((listed,),) = await rows(session, "select rows from attendance_imports")
        assert [one["name"] for one in listed] == [called, "Кластер № 1"]


async def hear_erased(session: AsyncSession, service: str, event: PersonErased) -> None:
    data = event.model_dump_json().encode()
    await hear(
        session, service, [Message(TOPIC, event.partition, event.type, str(uuid4()), 1, data)]
    )
