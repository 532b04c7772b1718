"""Composing and sending messages: once, visibly, and again on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Status
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import Absence, KnownRegion, Notification, Tenure
from services.assignments.service import delivery, reminders
from shared.clients.base import ServiceClient
from tests.conftest import NOW, Tokens, settings_for
from tests.factories import make_assignment, make_execution

# Tuesday 24 October 2023, 10:00 in Moscow; the execution was due on Friday the 20th.
TUESDAY: Final = datetime(2023, 10, 24, 7, tzinfo=UTC)
COORDINATOR, DEPUTY = uuid4(), uuid4()
Office = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
async def region(session: AsyncSession) -> None:
    assignment = make_assignment(issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC))
    session.add(
        KnownRegion(
            code="77",
            name="Москва",
            short_name="Москва",
            federal_district="ЦФО",
            timezone="Europe/Moscow",
            version=1,
        )
    )
    session.add(assignment)
    await session.flush()
    session.add(make_execution(assignment, region="77", status=Status.IN_PROGRESS))
    await session.flush()


@pytest.fixture
def office(session: AsyncSession) -> Office:
    async def hold(name: str, person: Any) -> None:
        session.add(
            Tenure(
                appointment_id=uuid4(),
                region="77",
                office=name,
                person_id=person,
                valid_from=date(2023, 9, 1),
                version=1,
            )
        )
        await session.flush()

    return hold


async def _compose(session: AsyncSession, now: datetime = TUESDAY, **flags: bool) -> int:
    due = await reminders.due_regions(session, now)
    found = await reminders.compose(session, due, now=now, **{"sending": False, **flags})
    session.expunge_all()
    return found


async def _messages(session: AsyncSession, channel: Channel) -> list[Notification]:
    rows = await session.exec(select(Notification))
    return [row for row in rows if row.channel is channel]


async def test_a_day_is_composed_once_and_waits_where_no_mail_is_configured(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    assert await _compose(session) == 2
    assert await _compose(session, TUESDAY + timedelta(hours=5)) == 0
    [message] = await _messages(session, Channel.EMAIL)
    assert (message.person_id, message.state) == (COORDINATOR, NotificationState.PREPARED)
    assert message.last_error == delivery.NO_CHANNEL
    assert "К совещанию: просрочено (1):" in message.body


async def test_the_deputy_is_written_to_while_the_coordinator_is_away(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await office("deputy", DEPUTY)
    session.add(
        Absence(
            id=uuid4(),
            region="77",
            away_from=date(2023, 10, 23),
            away_to=date(2023, 10, 27),
            reason="Отпуск",
            created_by="coordinator",
            created_at=NOW,
        )
    )
    await session.flush()
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    assert message.person_id == DEPUTY


async def test_a_vacant_office_is_visible_and_not_lost(session: AsyncSession) -> None:
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    assert (message.state, message.last_error) == (
        NotificationState.UNDELIVERABLE,
        "Должность вакантна.",
    )


async def test_missed_days_are_caught_up_in_one_message(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session, TUESDAY - timedelta(days=6))
    before = {row.id for row in await _messages(session, Channel.EMAIL)}
    await _compose(session)
    [message] = [row for row in await _messages(session, Channel.EMAIL) if row.id not in before]
    # The due day of the 20th and the first working day after it fell into the gap.
    assert "Просрочено (1):" in message.body


@asynccontextmanager
async def _receiver(statuses: list[int]) -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A chat's web hook that answers these statuses, then 200."""
    heard: list[dict[str, Any]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:] if line)
        heard.append(json.loads(await reader.readexactly(int(fields["Content-Length"]))))
        status = statuses.pop(0) if statuses else 200
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"json://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heard


async def test_the_chat_gets_its_digest_and_a_failure_is_tried_again(
    session: AsyncSession, databases: dict[str, str], office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    [message] = await _messages(session, Channel.CHAT)
    async with _receiver([500]) as (url, heard), httpx.AsyncClient() as http:
        client = ServiceClient(http, settings_for(databases["assignments"]))
        targets = SimpleNamespace(notify_email_url=None, notify_chat_urls=[url])
        first = await delivery.deliver(session, client, targets, message.id, now=TUESDAY)
        assert (first, message.state) == (timedelta(seconds=5), NotificationState.PREPARED)
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
        assert message.state is NotificationState.SENT
        # What is sent is not sent again.
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
    assert len(heard) == 2
    assert "Москва: просрочено 1" in heard[-1]["message"]


async def test_who_may_see_and_resend(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    path = f"/v1/notifications/{message.id}"
    own, other = token("coordinator", regions=["77"]), token("coordinator", regions=["16"])
    listed = (await client.get("/v1/notifications?channel=email", headers=own)).json()["items"]
    assert [item["id"] for item in listed] == [str(message.id)]
    assert (await client.get("/v1/notifications", headers=other)).json()["items"] == []
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.get(path, headers=token("auditor"))).status_code == 200
    refused = await client.post(f"{path}/resend", headers=token("cur_controller"))
    assert (refused.status_code, refused.json()["code"]) == (409, "notification_queued")
    assert (await client.post(f"{path}/resend", headers=own)).status_code == 403
