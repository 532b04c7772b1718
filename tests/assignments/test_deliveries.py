"""Messages on their way: to exactly their person, tried again, ended, and again on request."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import HttpUrl, SecretStr, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import Notification
from services.assignments.repository import retention
from services.assignments.service import delivery
from shared import queue
from shared.clients.base import CalleeAway, ServiceClient
from shared.settings import ServiceSettings
from tests.assignments.conftest import Office
from tests.assignments.messages import COORDINATOR, TUESDAY, compose, messages, only_execution
from tests.conftest import Tokens, settings_for
from tests.mailbox import mailbox

pytestmark = pytest.mark.usefixtures("moscow")


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
    await compose(session, sending=True)
    [message] = await messages(session, Channel.EMAIL)
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
    await compose(session)
    assert await _jobs(session) == []
    assert await delivery.requeue(session, _targets(), now=TUESDAY) == 0
    [chat] = await messages(session, Channel.CHAT)
    [letter] = await messages(session, Channel.EMAIL)
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
    await compose(session)
    [message] = await messages(session, Channel.CHAT)
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


async def test_a_message_whose_words_are_gone_is_not_sent_again(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    message.state = NotificationState.SENT
    session.add(message)
    await session.flush()
    await retention.silence(session, before=date(2024, 1, 1))
    path = f"/v1/notifications/{message.id}/resend"
    refused = await client.post(path, headers=token("cur_controller"))
    assert (refused.status_code, refused.json()["code"]) == (409, "message_emptied")
    assert await _jobs(session) == []


async def test_who_may_see_and_resend(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    path = f"/v1/notifications/{message.id}"
    own, other = token("coordinator", regions=["77"]), token("coordinator", regions=["16"])
    listed = (await client.get("/v1/notifications?channel=email", headers=own)).json()["items"]
    assert [item["id"] for item in listed] == [str(message.id)]
    assert (await client.get("/v1/notifications", headers=other)).json()["items"] == []
    assert (await client.get(path, headers=other)).status_code == 404
    assert (await client.get(path, headers=token("auditor"))).status_code == 200
    told = await client.get(f"/v1/executions/{await only_execution(session)}/timeline", headers=own)
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
