"""Posts: whom they reach, by which messengers, and how those are kept."""

import secrets
from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import ATTEMPTS
from services.directory.models import ChannelTarget, PostDelivery
from services.directory.repository import posts
from services.directory.service import channels
from services.directory.service import posts as service
from services.directory.service.messengers import system_resolve
from shared import queue
from shared.seals import Seals
from shared.settings import Environment, ServiceSettings
from tests.conftest import NOW, SEALS, Headers, Tokens
from tests.directory.channels.conftest import Open
from tests.receiver import Receiver, answer, receiver

TELEGRAM = "tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/-100123/"
POST = {"title": "Совещание", "text": "В среду в 10:00."}


async def _targeted(
    client: httpx.AsyncClient, who: Headers, channel: dict[str, Any], url: str
) -> httpx.Response:
    body = {"label": "Чат", "url": url}
    return await client.post(f"/v1/channels/{channel['id']}/targets", headers=who, json=body)


def _json_target(got: Receiver) -> str:
    return got.url.replace("http://", "json://")


async def _deliver(session: AsyncSession, settings: ServiceSettings) -> list[timedelta | None]:
    """What the worker does with everything that waits."""
    waiting = await posts.waiting(session)
    pauses = [
        await service.deliver(session, delivery_id, settings, system_resolve, SEALS, now=NOW)
        for delivery_id, _ in waiting
    ]
    await session.flush()
    session.expunge_all()
    return pauses


async def test_a_post_reaches_the_messenger_and_is_acknowledged_by_those_who_hold_the_seats(
    client: httpx.AsyncClient,
    session: AsyncSession,
    settings: ServiceSettings,
    admin: Headers,
    token: Tokens,
    opened: Open,
    appointed: None,
) -> None:
    unified = await opened("unified", valid_from="2023-09-18", name="Единый")
    secretary, auditor = token("secretary"), token("auditor")
    async with receiver(answer(200)) as got:
        made = await _targeted(client, admin, unified, _json_target(got) + "/s3cret")
        assert (made.status_code, made.json()["service"]) == (201, "JSON")
        path = f"/v1/channels/{unified['id']}/posts"
        post = (await client.post(path, headers=secretary, json=POST)).json()
        assert (post["expected"], post["acknowledged"], post["prepared"]) == (3, 0, 1)
        assert got.got == []  # nothing goes out before the transaction is committed
        jobs = await (await queue.of_session(session)).queue_size()
        assert [(job.entrypoint, job.count) for job in jobs] == [("deliver_post", 1)]

        assert await _deliver(session, settings) == [None]
        assert await _deliver(session, settings) == []

    [one] = got.got
    assert one.json["title"] == "Совещание"
    assert one.json["message"] == f"В среду в 10:00.\n\nЕдиный · сообщение {post['id'][-8:]}"
    listed, path = path, f"{path}/{post['id']}"
    coordinator = token("coordinator", regions=["16"])
    for _ in range(2):
        read = await client.post(f"{path}/acknowledge", headers=coordinator)
        assert (read.status_code, read.json()["acknowledged"]) == (200, 1)
    read = await client.post(f"{path}/acknowledge", headers=token("deputy", regions=["16"]))
    assert (read.json()["acknowledged"], read.json()["missing"], read.json()["sent"]) == (2, 1, 1)
    left = await client.get(f"{path}/acknowledgements?acknowledged=false", headers=auditor)
    assert [(one["seat"], one["full_name"]) for one in left.json()["items"]] == [
        ("coordinator:77", "Иван Белов")
    ]

    stranger = token("coordinator", regions=["01"])
    assert (await client.get(path, headers=stranger)).status_code == 404
    assert (await client.post(f"{path}/acknowledge", headers=stranger)).status_code == 404
    assert (await client.get(listed, headers=stranger)).json()["items"] == []
    assert len((await client.get(listed, headers=coordinator)).json()["items"]) == 1
    forbidden = await client.get(f"{path}/acknowledgements", headers=coordinator)
    assert forbidden.status_code == 403


async def test_an_address_lies_sealed_and_a_key_that_is_gone_is_told(
    client: httpx.AsyncClient,
    session: AsyncSession,
    settings: ServiceSettings,
    admin: Headers,
    opened: Open,
    appointed: None,
) -> None:
    unified = await opened("unified")
    async with receiver() as got:
        await _targeted(client, admin, unified, _json_target(got) + "/s3cret")
        [target] = (await session.exec(select(ChannelTarget))).all()
        assert "s3cret" not in target.url
        assert SEALS.open(target.url).endswith("/s3cret")

        # The key is lost: the address was sealed with another.
        target.url = Seals([secrets.token_hex(24)]).seal("json://127.0.0.1/lost")
        lost = target.url
        await channels.renew_seals(session, SEALS)
        path = f"/v1/channels/{unified['id']}/posts"
        post = (await client.post(path, headers=admin, json=POST)).json()
        assert await _deliver(session, settings) == [timedelta(seconds=5)]
        assert got.got == []

    shown = await client.get(f"{path}/{post['id']}/deliveries", headers=admin)
    assert "SEALING_KEYS" in shown.json()["items"][0]["last_error"]
    [target] = (await session.exec(select(ChannelTarget))).all()
    assert target.url == lost


async def test_an_address_of_a_time_before_seals_is_sealed_by_the_worker(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, opened: Open
) -> None:
    unified = await opened("unified")
    async with receiver() as got:
        await _targeted(client, admin, unified, _json_target(got))
    [target] = (await session.exec(select(ChannelTarget))).all()
    target.url = "json://127.0.0.1/old"
    await session.flush()

    await channels.renew_seals(session, SEALS)

    assert (target.url == "json://127.0.0.1/old", SEALS.open(target.url)) == (
        False,
        "json://127.0.0.1/old",
    )


async def test_without_a_key_no_address_is_taken(
    client: httpx.AsyncClient,
    session: AsyncSession,
    settings: ServiceSettings,
    admin: Headers,
    opened: Open,
) -> None:
    unified = await opened("unified")
    settings.environment = Environment.PRODUCTION
    refused = await _targeted(client, admin, unified, TELEGRAM)

    assert (refused.status_code, refused.json()["code"]) == (503, "seal_broken")
    assert (await session.exec(select(ChannelTarget))).all() == []


async def test_a_messenger_that_is_away_is_tried_again_and_at_last_given_up(
    client: httpx.AsyncClient,
    session: AsyncSession,
    settings: ServiceSettings,
    admin: Headers,
    opened: Open,
    appointed: None,
) -> None:
    unified = await opened("unified")
    async with receiver(answer(500), answer(503), answer(200)) as got:
        target = (await _targeted(client, admin, unified, _json_target(got))).json()
        path = f"/v1/channels/{unified['id']}/posts"
        post = (await client.post(path, headers=admin, json=POST)).json()
        path = f"{path}/{post['id']}"
        assert await _deliver(session, settings) == [timedelta(seconds=5)]
        [shown] = (await client.get(f"{path}/deliveries", headers=admin)).json()["items"]
        assert (shown["state"], shown["attempts"], shown["last_error"]) == (
            "prepared",
            1,
            "Мессенджер не принял сообщение.",
        )
        [delivery] = (await session.exec(select(PostDelivery))).all()
        delivery.attempts = ATTEMPTS - 1
        await session.flush()
        assert await _deliver(session, settings) == [None]
        assert (await client.get(path, headers=admin)).json()["failed"] == 1

        again = await client.post(f"{path}/resend", headers=admin)
        assert (again.status_code, again.json()["prepared"], again.json()["failed"]) == (200, 1, 0)
        assert await _deliver(session, settings) == [None]
        assert (await client.get(path, headers=admin)).json()["sent"] == 1
        assert len(got.got) == 3

    gone = await client.delete(
        f"/v1/channels/{unified['id']}/targets/{target['id']}", headers=admin
    )
    assert gone.status_code == 204
    kept = await session.exec(
        select(ChannelTarget.url).where(col(ChannelTarget.id) == target["id"])
    )
    assert kept.one() == ""
    listed = await client.get(f"/v1/channels/{unified['id']}/targets", headers=admin)
    assert listed.json()["items"] == []


@pytest.mark.parametrize(
    ("url", "environment", "code"),
    [
        (TELEGRAM, "production", None),
        ("json://127.0.0.1:9/hook", "development", None),
        ("json://127.0.0.1:9/hook", "production", "messenger_refused"),
        ("jsons://user:pass@10.0.0.1/hook", "production", "messenger_refused"),
        ("jsons://example.org@169.254.169.254/", "development", "messenger_refused"),
        ("jsons://no-such-host.invalid/", "production", "messenger_refused"),
        ("json://8.8.8.8/plain", "development", "messenger_refused"),
        ("dbus://127.0.0.1", "development", "messenger_refused"),
        ("mailto://user:pass@example.org", "production", "messenger_refused"),
        ("tgram://x", "production", "messenger_refused"),
        ("jsons://8.8.8.8/hook?verify=no", "production", "messenger_refused"),
        ("https://example.org/hook", "production", "messenger_refused"),
    ],
)
async def test_an_address_is_vetted_and_never_told(
    client: httpx.AsyncClient,
    settings: ServiceSettings,
    admin: Headers,
    token: Tokens,
    opened: Open,
    url: str,
    environment: str,
    code: str | None,
) -> None:
    settings.environment = Environment(environment)
    settings.sealing_keys = SecretStr(secrets.token_hex(24))
    channel = await opened("unified")
    made = await _targeted(client, admin, channel, url)
    assert made.json().get("code") == code, made.text
    listed = await client.get(f"/v1/channels/{channel['id']}/targets", headers=admin)
    secret = url.partition("://")[2]
    assert secret not in made.text + listed.text
    assert len(listed.json()["items"]) == (code is None)
    seen = await client.get(f"/v1/channels/{channel['id']}/targets", headers=token("secretary"))
    assert seen.status_code == 403


async def test_who_may_post_and_where(
    client: httpx.AsyncClient, token: Tokens, opened: Open, appointed: None
) -> None:
    industry = await opened("industry", industry="metallurgy")
    ended = await opened("cohort", cohort=2022, valid_to="2023-01-31")
    own = token("association", industries=["metallurgy"])
    other = token("association", industries=["chemistry"])
    path = f"/v1/channels/{industry['id']}/posts"

    made = await client.post(path, headers=own, json=POST)
    assert (made.status_code, made.json()["expected"]) == (201, 2)
    assert (await client.post(path, headers=other, json=POST)).status_code == 404
    assert (await client.get(path, headers=other)).json()["items"] == []
    assert (await client.get(f"{path}/{made.json()['id']}", headers=own)).status_code == 200
    coordinator = token("coordinator", regions=["16"])
    assert (await client.post(path, headers=coordinator, json=POST)).status_code == 403
    closed = await client.post(
        f"/v1/channels/{ended['id']}/posts", headers=token("secretary"), json=POST
    )
    assert (closed.status_code, closed.json()["code"]) == (409, "channel_closed")


async def test_the_same_key_posts_once(
    client: httpx.AsyncClient, admin: Headers, opened: Open
) -> None:
    channel = await opened("unified")
    path, who = f"/v1/channels/{channel['id']}/posts", {**admin, "Idempotency-Key": "post-1"}
    first, second = [await client.post(path, headers=who, json=POST) for _ in range(2)]
    assert (first.status_code, first.json()) == (201, second.json())
    assert len((await client.get(path, headers=admin)).json()["items"]) == 1
