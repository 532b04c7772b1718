"""What is no history goes when its term is over, and not a day before."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import NotificationState
from services.assignments.service import retention as of_assignments
from services.directory.service import retention
from services.meetings.service import retention as of_meetings
from shared import dead_letters
from shared.settings import ServiceSettings
from tests.conftest import NOW, Headers, settings_for
from tests.directory.conftest import Ask
from tests.directory.lists import csv_of, upload
from tests.directory.test_coordinator_lists import HEADINGS
from tests.directory.test_copies import INSTANT, database, message, put_copies

ROW = ("Москва", "", "Анна Иванова", "", "anna@example.org", "01.12.2023", "")


@pytest.fixture
def settings(databases: dict[str, str]) -> ServiceSettings:
    return settings_for(databases["directory"])


async def count(session: AsyncSession, table: str, where: str = "true") -> Any:
    connection = await session.connection()
    statement = text(f"select count(*) from {table} where {where}")
    return (await connection.execute(statement)).scalar_one()


async def test_rows_of_lists_go_and_that_they_were_entered_stays(
    ask: Ask,
    client: httpx.AsyncClient,
    session: AsyncSession,
    admin: Headers,
    loaded: dict[str, Any],
    settings: ServiceSettings,
) -> None:
    content = csv_of([ROW], HEADINGS).encode()
    applied = (await upload(client, admin, content, kind="coordinators")).json()
    assert (await ask("POST", f"/v1/imports/{applied['id']}/commit")).status_code == 200
    await upload(client, admin, content, kind="coordinators")
    terms = retention.Terms.of(settings)

    await retention.forget(session, terms, now=NOW + terms.imports)
    assert (await count(session, "imports"), await count(session, "import_rows")) == (2, 2)

    await retention.forget(session, terms, now=NOW + terms.imports + timedelta(seconds=1))
    assert (await count(session, "imports"), await count(session, "import_rows")) == (1, 0)
    read = (await ask("GET", f"/v1/imports/{applied['id']}")).json()
    assert (read["state"], read["rows"]["created"]) == ("applied", 1)
    assert await count(session, "people", "erased_at is null") == 1


async def test_messages_lose_their_words_and_absences_their_reasons(
    databases: dict[str, str], settings: ServiceSettings
) -> None:
    anna = uuid4()
    terms = of_assignments.Terms.of(settings)
    async with database(databases, "assignments") as session:
        await put_copies(session, "assignments", anna)
        session.add(message(anna, 19, NotificationState.SENT))
        await session.flush()
        said = "body <> ''"

        on_the_last_day = datetime(2023, 10, 21, 12, tzinfo=UTC) + terms.messages
        await of_assignments.forget(session, terms, now=on_the_last_day)

        # One still waits, one is of that very day.
        assert await count(session, "notifications", said) == 2
        assert await count(session, "notifications") == 3
        assert await count(session, "absences", "reason <> ''") == 0

        await of_assignments.forget(session, terms, now=on_the_last_day + timedelta(days=1))
        assert await count(session, "notifications", said) == 1
        assert await count(session, "notifications", f"{said} and state = 'prepared'") == 1


async def test_an_absence_of_yesterday_keeps_its_reason(
    databases: dict[str, str], settings: ServiceSettings
) -> None:
    terms = of_assignments.Terms.of(settings)
    async with database(databases, "assignments") as session:
        await put_copies(session, "assignments", uuid4())
        ended = datetime.combine(date(2023, 10, 6), datetime.min.time(), UTC)

        await of_assignments.forget(session, terms, now=ended + terms.absences)

        assert await count(session, "absences", "reason <> ''") == 1


async def test_conference_lists_and_closed_calendars_go(
    databases: dict[str, str], settings: ServiceSettings
) -> None:
    terms = of_meetings.Terms.of(settings)
    async with database(databases, "meetings") as session:
        await put_copies(session, "meetings", uuid4())

        await of_meetings.forget(session, terms, now=INSTANT + terms.imports)
        assert await count(session, "attendance_imports") == 1
        await of_meetings.forget(session, terms, now=INSTANT + timedelta(days=1000))
        assert await count(session, "attendance_imports") == 0
        # An open one has no term.
        assert await count(session, "calendar_feeds") == 1
        connection = await session.connection()
        await connection.execute(
            text("update calendar_feeds set revoked_at = :at"), {"at": INSTANT}
        )
        await of_meetings.forget(session, terms, now=INSTANT + terms.calendars)
        assert await count(session, "calendar_feeds") == 1
        await of_meetings.forget(
            session, terms, now=INSTANT + terms.calendars + timedelta(seconds=1)
        )
        assert await count(session, "calendar_feeds") == 0


async def test_a_dead_letter_that_waits_is_never_forgotten(session: AsyncSession) -> None:
    connection = await session.connection()
    for event_id, replayed_at in (("waits", None), ("replayed", NOW)):
        await connection.execute(
            text(
                "insert into dead_letters (topic, partition, seq, event_id, type, reason,"
                " envelope, received_at, replayed_at)"
                " values ('t', 0, 1, :event_id, 't', 'r', '{}', now(), :replayed_at)"
            ),
            {"event_id": event_id, "replayed_at": replayed_at},
        )

    await dead_letters.forget(session, before=NOW)
    assert await count(session, "dead_letters") == 2
    await dead_letters.forget(session, before=NOW + timedelta(days=1))
    assert await count(session, "dead_letters", "event_id = 'waits'") == 1
    assert await count(session, "dead_letters") == 1
