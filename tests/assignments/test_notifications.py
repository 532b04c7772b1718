"""Composing and sending messages: once, visibly, and again on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import HttpUrl, SecretStr, ValidationError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import ExecutorRole, Status
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import (
    Absence,
    Execution,
    KnownRegion,
    Notification,
    NotificationLine,
    Tenure,
)
from services.assignments.repository import notifications, retention
from services.assignments.service import delivery, reminders, routing
from services.assignments.service.changes import first_step
from shared import queue
from shared.clients.base import CalleeAway, ServiceClient
from shared.settings import ServiceSettings
from tests.assignments.stand import appointed
from tests.conftest import NOW, Tokens, settings_for
from tests.factories import make_assignment, make_execution
from tests.mailbox import mailbox

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
    async def hold(
        name: str, person: Any, *, region: str = "77", since: date = date(2023, 9, 1)
    ) -> None:
        session.add(
            Tenure(
                appointment_id=uuid4(),
                region=region,
                office=name,
                person_id=person,
                valid_from=since,
                version=1,
            )
        )
        await session.flush()

    return hold


async def _compose(session: AsyncSession, now: datetime = TUESDAY, **flags: Any) -> int:
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
    assert "Просрочено (1):" in message.body


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


async def test_a_vacant_office_is_visible_and_its_message_finds_the_next_holder(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    assert (message.state, message.last_error) == (
        NotificationState.UNDELIVERABLE,
        "Должность вакантна.",
    )
    path, headers = f"/v1/notifications/{message.id}/resend", token("cur_controller")
    refused = await client.post(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "office_vacant")
    await office("coordinator", COORDINATOR)
    given = await client.post(path, headers=headers)
    assert given.status_code == 200
    assert (given.json()["person_id"], given.json()["state"]) == (str(COORDINATOR), "prepared")


async def test_who_comes_into_the_office_learns_of_its_open_work(
    session: AsyncSession, office: Office
) -> None:
    await office("deputy", DEPUTY)
    await _compose(session, TUESDAY - timedelta(days=1))
    await office("coordinator", COORDINATOR, since=date(2023, 10, 25))
    await _compose(session, TUESDAY + timedelta(days=1))
    found = {one.person_id: one for one in await _messages(session, Channel.EMAIL)}
    message = found[COORDINATOR]
    # The head of the authority, to whom it is escalated, is yet to be named.
    assert set(found) == {DEPUTY, COORDINATOR, None}
    # Overdue goes before new: each execution stands in one place.
    assert "Просрочено (1):" in message.body
    lines = await session.exec(
        select(NotificationLine).where(NotificationLine.recipient == str(COORDINATOR))
    )
    assert {"issued", "overdue"} <= {line.rung for line in lines}


async def test_one_person_gets_one_message_a_day_over_all_offices(
    session: AsyncSession, office: Office
) -> None:
    # In Kamchatka the hour of sending comes nine hours earlier.
    session.add(
        KnownRegion(
            code="41",
            name="Камчатский край",
            short_name="Камчатка",
            federal_district="ДФО",
            timezone="Asia/Kamchatka",
            version=1,
        )
    )
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC), number="9/2023 п. 9", item=9
    )
    session.add(assignment)
    await session.flush()
    far = make_execution(assignment, region="41", status=Status.IN_PROGRESS)
    far.timezone = "Asia/Kamchatka"
    session.add(far)
    await office("coordinator", COORDINATOR)
    await office("coordinator", COORDINATOR, region="41")
    await office("authority_head", COORDINATOR, region="41")

    await _compose(session, datetime(2023, 10, 23, 22, tzinfo=UTC))  # 10:00 of the 24th there
    await _compose(session, TUESDAY)

    [message] = [one for one in await _messages(session, Channel.EMAIL) if one.day.day == 24]
    assert (message.recipient, message.regions) == (str(COORDINATOR), ["41", "77"])
    assert message.subject.endswith("— Камчатка, Москва")
    assert "9/2023 п. 9" in message.body


async def test_a_date_moved_onto_a_morning_that_is_over_is_still_said(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    wednesday = TUESDAY + timedelta(days=1)
    await _compose(session, wednesday)
    [execution] = (await session.exec(select(Execution))).all()
    execution.due = wednesday.date()  # at noon, by the issuer
    session.add(execution)
    await session.flush()
    await _compose(session, wednesday + timedelta(days=1))
    [message] = [one for one in await _messages(session, Channel.EMAIL) if one.day.day == 26]
    assert "Просрочено (1):" in message.body
    assert "срок 25.10.2023" in message.body


async def test_after_a_return_the_message_names_the_date_that_counts(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    [execution] = (await session.exec(select(Execution))).all()
    execution.status, execution.returned_on = Status.RETURNED, date(2023, 10, 23)
    session.add(execution)
    await session.flush()
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    assert "срок 26.10.2023" in message.body
    assert "росрочено" not in message.subject
    [digest] = await _messages(session, Channel.CHAT)
    assert "Москва: просрочено 0, скоро срок 1" in digest.body
    assert "просрочено" not in message.body.lower()


async def test_work_that_ends_while_its_letter_is_composed_stops_nobody(
    session: AsyncSession, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    listed = notifications.open_of_regions

    async def then_it_ends(session: AsyncSession, regions: Any) -> Any:
        rows = await listed(session, regions)
        connection = await session.connection()
        await connection.exec_driver_sql("update executions set status = 'accepted'")
        return rows

    monkeypatch.setattr(notifications, "open_of_regions", then_it_ends)
    await _compose(session, TUESDAY + timedelta(days=1))
    days = sorted(one.day.day for one in await _messages(session, Channel.EMAIL))
    # The 25th brought the escalation, whose office is vacant, and nothing anew.
    assert days == [24, 25]


async def test_a_date_at_the_end_of_the_calendar_stops_nobody(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 23, 10, tzinfo=UTC), number="8/2023 п. 1", item=8
    )
    session.add(assignment)
    await session.flush()
    late = make_execution(assignment, region="77", status=Status.ROUTED)
    late.due = date(2035, 12, 29)
    session.add(late)
    await session.flush()
    assert await _compose(session) == 2


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


async def _told_as_new(session: AsyncSession, recipient: UUID) -> list[UUID]:
    """The executions the person was told of as new ones."""
    rows = await session.exec(select(NotificationLine))
    return [
        row.execution_id for row in rows if (row.rung, row.recipient) == ("issued", str(recipient))
    ]


@pytest.mark.parametrize("first_from", [None, date(2023, 11, 1)], ids=["entered", "moved back"])
async def test_whoever_is_known_of_late_learns_of_the_open_work(
    session: AsyncSession, first_from: date | None
) -> None:
    await _compose(session)
    made = appointed(COORDINATOR, region="77", valid_from=date(2023, 10, 10))
    if first_from:
        early = made.model_copy(update={"valid_from": first_from})
        made = made.model_copy(update={"version": 2})
        await routing.hear_appointment(session, early, now=TUESDAY - timedelta(days=14))
    # On Wednesday the 25th: in office since the 10th.
    await routing.hear_appointment(session, made, now=TUESDAY + timedelta(days=1, hours=5))

    await _compose(session, TUESDAY + timedelta(days=2))

    assert await _told_as_new(session, COORDINATOR) == [await _only(session)]
    # Heard anew, and ended later: nothing is said twice.
    over = made.model_copy(update={"version": 3, "valid_to": date(2023, 11, 30)})
    for heard in (made, over):
        await routing.hear_appointment(session, heard, now=TUESDAY + timedelta(days=5))
    await _compose(session, TUESDAY + timedelta(days=6))
    assert await _told_as_new(session, COORDINATOR) == [await _only(session)]


async def _co_executor(session: AsyncSession, number: str, **facts: Any) -> Execution:
    """A co-executor of an assignment of 4 October, engaged on Monday the 16th."""
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC), number=number, item=5
    )
    session.add(assignment)
    await session.flush()
    lead = make_execution(assignment, region="77", status=Status.FORWARDED, done=NOW.date())
    session.add(lead)
    await session.flush()
    given = {"region": "77", "role": ExecutorRole.CO, "lead_id": lead.id, **facts}
    found = make_execution(assignment, **given)
    session.add(found)
    await session.flush()
    session.add(first_step(found, now=datetime(2023, 10, 16, 12, tzinfo=UTC)))
    await session.flush()
    return found


async def test_a_co_executor_engaged_later_is_told_of_then(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    tuesday = TUESDAY - timedelta(days=7)
    await _compose(session, tuesday - timedelta(days=1))
    helper = await _co_executor(session, "5/2023 п. 1")
    await _compose(session, tuesday)
    assert helper.id in await _told_as_new(session, COORDINATOR)


async def test_the_digest_leaves_out_what_a_co_executor_has_handed_in(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    for number, done in (("5/2023 п. 1", None), ("5/2023 п. 2", date(2023, 10, 23))):
        status = Status.SUBMITTED if done else Status.IN_PROGRESS
        dates = {"due": date(2023, 10, 30), "internal_due": date(2023, 10, 30), "done": done}
        await _co_executor(session, number, status=status, **dates)
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    assert "5/2023 п. 1: Представить план загрузки мастерских; срок 30.10.2023" in message.body
    assert "5/2023 п. 2: Представить план загрузки мастерских; срок 30.10.2023" not in message.body


async def test_a_message_whose_words_are_gone_is_not_sent_again(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    [message] = await _messages(session, Channel.EMAIL)
    message.state = NotificationState.SENT
    session.add(message)
    await session.flush()
    await retention.silence(session, before=date(2024, 1, 1))
    path = f"/v1/notifications/{message.id}/resend"
    refused = await client.post(path, headers=token("cur_controller"))
    assert (refused.status_code, refused.json()["code"]) == (409, "message_emptied")
    assert await _jobs(session) == []


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


def _targets(**changes: Any) -> Any:
    return SimpleNamespace(
        **{"smtp_url": None, "mail_from": "cur@example.org", "notify_chat_urls": [], **changes}
    )


async def _jobs(session: AsyncSession) -> list[str]:
    connection = await session.connection()
    rows = await connection.exec_driver_sql("select dedupe_key from pgqueuer order by id")
    return [row[0] for row in rows]


@asynccontextmanager
async def _directory(
    databases: dict[str, str], status: int, email: str | None = None
) -> AsyncIterator[ServiceClient]:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x", "expires_in": 300})
        return httpx.Response(status, json={"email": email})

    settings = settings_for(databases["assignments"])
    settings.oidc_token_url = HttpUrl("http://issuer/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield ServiceClient(http, settings)


async def _one_letter(session: AsyncSession, office: Office) -> Notification:
    await office("coordinator", COORDINATOR)
    await _compose(session, sending=True)
    [message] = await _messages(session, Channel.EMAIL)
    return message


@pytest.mark.parametrize(
    "email", ["o'brien@example.org", "a&bcc=evil@example.org", "a%2Cevil@example.org"]
)
async def test_a_letter_goes_to_exactly_its_person_whatever_the_address(
    session: AsyncSession, databases: dict[str, str], office: Office, email: str
) -> None:
    message = await _one_letter(session, office)
    async with mailbox() as (url, box), _directory(databases, 200, email) as client:
        targets = _targets(smtp_url=url)
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
    assert message.state is NotificationState.SENT
    [(recipients, letter)] = box.kept
    assert recipients == [email]
    assert [one.addr_spec for one in letter["To"].addresses] == [email]
    assert (letter["Cc"], letter["Bcc"]) == (None, None)
    assert letter["Message-ID"] == f"<{message.id}@example.org>"
    assert letter.get_content().rstrip() == message.body


async def test_a_letter_refused_for_good_is_not_tried_again_and_one_for_now_is(
    session: AsyncSession, databases: dict[str, str], office: Office
) -> None:
    message = await _one_letter(session, office)
    async with (
        mailbox("451 later", "554 never") as (url, box),
        _directory(databases, 200, "a@example.org") as client,
    ):
        targets = _targets(smtp_url=url)
        pause = await delivery.deliver(session, client, targets, message.id, now=TUESDAY)
        assert (pause, message.state) == (timedelta(seconds=5), NotificationState.PREPARED)
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
        assert (message.state, message.attempts) == (NotificationState.FAILED, 2)
        assert "554" in (message.last_error or "")
        await delivery.resend(session, message.id, now=TUESDAY)
        assert message.attempts == 0
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
    assert message.state is NotificationState.SENT
    assert len(box.kept) == 1


@pytest.mark.parametrize(
    ("status", "email", "state", "said"),
    [
        (404, None, NotificationState.UNDELIVERABLE, "нет адреса"),
        (200, None, NotificationState.UNDELIVERABLE, "нет адреса"),
        (200, "никакой не адрес", NotificationState.UNDELIVERABLE, "не разобран"),
    ],
)
async def test_only_a_missing_address_ends_a_message(
    session: AsyncSession,
    databases: dict[str, str],
    office: Office,
    status: int,
    email: str | None,
    state: NotificationState,
    said: str,
) -> None:
    message = await _one_letter(session, office)
    async with mailbox() as (url, box), _directory(databases, status, email) as client:
        await delivery.deliver(session, client, _targets(smtp_url=url), message.id, now=TUESDAY)
    assert message.state is state
    assert said in (message.last_error or "")
    assert box.kept == []


@pytest.mark.parametrize("status", [401, 403])
async def test_our_own_trouble_with_the_directory_ends_no_message(
    session: AsyncSession, databases: dict[str, str], office: Office, status: int
) -> None:
    message = await _one_letter(session, office)
    async with mailbox() as (url, box), _directory(databases, status, None) as client:
        with pytest.raises(CalleeAway, match=str(status)):
            await delivery.deliver(session, client, _targets(smtp_url=url), message.id, now=TUESDAY)
    assert (message.state, message.attempts) == (NotificationState.PREPARED, 0)
    assert box.kept == []


@pytest.mark.parametrize("given", ["никто", "a b@c", "центр@почта.рф", "a@b\nBcc: c@d", ""])
def test_a_sender_that_is_no_address_is_refused_at_start(
    databases: dict[str, str], given: str
) -> None:
    environment = {"database_url": databases["assignments"], "oidc_issuer": "http://127.0.0.1"}
    with pytest.raises(ValidationError, match="MAIL_FROM"):
        ServiceSettings(**environment, mail_from=given)  # type: ignore[arg-type]


async def test_what_waited_for_a_channel_is_queued_when_there_is_one(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    assert await _jobs(session) == []
    assert await delivery.requeue(session, _targets(), now=TUESDAY) == 0
    [chat] = await _messages(session, Channel.CHAT)
    [letter] = await _messages(session, Channel.EMAIL)
    only_chat = _targets(notify_chat_urls=["json://127.0.0.1/"])
    assert await delivery.requeue(session, only_chat, now=TUESDAY) == 1
    both = _targets(smtp_url=SecretStr("smtp://h"), notify_chat_urls=["json://127.0.0.1/"])
    for _ in range(2):  # a place it has is not doubled
        assert await delivery.requeue(session, both, now=TUESDAY) == 2
    assert sorted(await _jobs(session)) == sorted([f"{chat.id}:0", f"{letter.id}:0"])
    assert await delivery.requeue(session, both, now=TUESDAY + timedelta(days=4)) == 0


async def test_the_queues_tables_are_those_of_the_installed_library(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A variable of this name may mean anything to whoever runs us.
    monkeypatch.setenv("CHANNEL", "stable")
    monkeypatch.setenv("QUEUE_TABLE", "elsewhere")
    queries = await queue.of_session(session)
    plan = await queries.plan_upgrade()
    assert list(plan.statements) == []


async def test_the_chat_gets_its_digest_and_a_failure_is_tried_again(
    session: AsyncSession, databases: dict[str, str], office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await _compose(session)
    [message] = await _messages(session, Channel.CHAT)
    async with _receiver([500]) as (url, heard), httpx.AsyncClient() as http:
        client = ServiceClient(http, settings_for(databases["assignments"]))
        targets = _targets(notify_chat_urls=[url])
        first = await delivery.deliver(session, client, targets, message.id, now=TUESDAY)
        assert (first, message.state) == (timedelta(seconds=5), NotificationState.PREPARED)
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
        assert message.state is NotificationState.SENT
        # What is sent is not sent again.
        assert await delivery.deliver(session, client, targets, message.id, now=TUESDAY) is None
    assert len(heard) == 2
    assert "Москва: просрочено 1" in heard[-1]["message"]


async def _only(session: AsyncSession) -> UUID:
    return (await session.exec(select(Execution.id))).one()


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
    told = await client.get(f"/v1/executions/{await _only(session)}/timeline", headers=own)
    assert told.json()["items"][-1]["title"] == (
        "Напоминание координатору региона (день срока; до срока 3 раб. дн.; просрочено,"
        " 1-й раб. день): ждёт отправки."
    )
    # Waiting since mail was not configured: asking for it twice is one letter.
    for _ in range(2):
        given = await client.post(f"{path}/resend", headers=token("cur_controller"))
        assert (given.status_code, given.json()["state"]) == (200, "prepared")
    assert await _jobs(session) == [f"{message.id}:0"]
    assert (await client.post(f"{path}/resend", headers=own)).status_code == 403
