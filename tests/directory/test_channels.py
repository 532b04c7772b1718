"""Channels: merged into one, with members by appointments, and posts that reach a messenger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta
from ipaddress import ip_address
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import ATTEMPTS
from services.directory.domain.mandates import MandateKind
from services.directory.models import ChannelTarget, Mandate, PostDelivery
from services.directory.repository import posts
from services.directory.routers.channels import find_resolver
from services.directory.service import posts as service
from services.directory.service.messengers import Resolve, system_resolve
from shared import queue, trail
from shared.clock import Clock
from shared.db import conclude, get_session
from shared.ids import new_id
from shared.settings import Environment, ServiceSettings
from tests.conftest import NOW, Headers, Tokens, serve, sessions_of, settings_for
from tests.directory.conftest import Create
from tests.receiver import Receiver, answer, receiver

Open = Callable[..., Awaitable[dict[str, Any]]]
POST = {"title": "Совещание", "text": "В среду в 10:00."}


@pytest.fixture
def settings(databases: dict[str, str]) -> ServiceSettings:
    return settings_for(databases["directory"], webhook_private_networks=["127.0.0.1/32"])


async def _resolve(host: str) -> list[str]:
    """Without a name server: an address is itself, and no name is known."""
    try:
        return [str(ip_address(host))]
    except ValueError as error:
        raise OSError from error


@pytest.fixture
async def client(
    app: FastAPI, session: AsyncSession, settings: ServiceSettings, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            trail.begin(session, request)
            yield session
            await conclude(session)
        session.expunge_all()

    async def resolver() -> Resolve:
        return _resolve

    app.dependency_overrides[get_session] = request_session
    app.dependency_overrides[find_resolver] = resolver
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def opened(client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]) -> Open:
    async def make(kind: str, **values: Any) -> dict[str, Any]:
        body = {"kind": kind, "name": f"Канал {kind}", "valid_from": "2022-09-01", **values}
        response = await client.post("/v1/channels", headers=admin, json=body)
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    return make


@pytest.fixture
async def appointed(client: httpx.AsyncClient, admin: Headers, create: Create) -> None:
    """Coordinators of Tatarstan (until 30 September, then another) and Moscow, and a deputy."""
    tenures = (
        ("16", "coordinator", "Анна Иванова", "2023-01-01", "2023-09-30"),
        ("16", "coordinator", "Пётр Семёнов", "2023-10-01", None),
        ("16", "deputy", "Ольга Ли", "2023-01-01", None),
        ("77", "coordinator", "Иван Белов", "2023-01-01", None),
        ("77", "authority_head", "Илья Чернов", "2023-01-01", None),
    )
    for region, office, name, since, until in tenures:
        person = await create("people", full_name=name)
        body = {
            "region": region,
            "office": office,
            "person_id": person["id"],
            "valid_from": since,
            "valid_to": until,
        }
        made = await client.post("/v1/appointments", headers=admin, json=body)
        assert made.status_code == 201, made.text
    await create("clusters", code="16-1", since="2022-09-01", cohort=2022, industry="metallurgy")
    await create(
        "clusters", code="77-1", since="2022-09-01", cohort=2023, region="77", industry="metallurgy"
    )
    await create(
        "clusters", code="77-2", since="2022-09-01", cohort=2022, region="77", status="planned"
    )


async def _names(
    client: httpx.AsyncClient, who: Headers, channel: dict[str, Any], at: str
) -> list[str]:
    found = await client.get(f"/v1/channels/{channel['id']}/members?at={at}", headers=who)
    assert found.status_code == 200, found.text
    return [one["full_name"].split()[1] for one in found.json()["items"]]


async def test_members_follow_appointments(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    create: Create,
    opened: Open,
    appointed: None,
) -> None:
    who = token("secretary")
    unified = await opened("unified", valid_from="2023-09-18")
    cohort = await opened("cohort", cohort=2022)
    industry = await opened("industry", industry="metallurgy")

    assert await _names(client, who, unified, "2023-09-17") == []
    assert await _names(client, who, unified, "2023-09-30") == ["Белов", "Иванова", "Ли"]
    assert await _names(client, who, unified, "2023-10-01") == ["Белов", "Семёнов", "Ли"]
    assert await _names(client, who, cohort, "2023-09-30") == ["Иванова"]
    assert await _names(client, who, cohort, "2022-10-01") == []
    person = await create("people", full_name="Кира Куратор")
    [cluster] = (await client.get("/v1/clusters?region=16", headers=who)).json()["items"]
    session.add(
        Mandate(
            id=new_id(),
            association="metallurgy",
            kind=MandateKind.CURATOR,
            person_id=person["id"],
            cluster_id=cluster["id"],
            valid_from=date(2023, 10, 1),
        )
    )
    await session.flush()
    assert await _names(client, who, industry, "2023-09-30") == ["Белов", "Иванова"]
    assert await _names(client, who, industry, "2023-10-01") == ["Белов", "Семёнов", "Куратор"]


async def test_members_know_one_another_and_strangers_do_not_know_them(
    client: httpx.AsyncClient, token: Tokens, opened: Open, appointed: None
) -> None:
    cohort = await opened("cohort", cohort=2022, valid_to="2023-09-17")
    path = f"/v1/channels/{cohort['id']}/members"
    member, stranger = (token("coordinator", regions=[region]) for region in ("16", "77"))

    assert await _names(client, member, cohort, "2023-09-17") == ["Иванова"]
    refused = await client.get(f"{path}?at=2023-09-17", headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (404, "channel_not_found")
    # Nobody is in it any more, whoever asks.
    for who in (member, stranger):
        assert await _names(client, who, cohort, "2023-09-18") == []


async def test_the_cohorts_channels_become_part_of_the_unified_one_by_one_command(
    client: httpx.AsyncClient, admin: Headers, token: Tokens, opened: Open, appointed: None
) -> None:
    cohorts = [await opened("cohort", cohort=year, name=f"Чат {year}") for year in (2022, 2023)]
    unified = await opened("unified", valid_from="2023-09-18", name="Единый")
    path = f"/v1/channels/{unified['id']}/merge"

    first = await client.post(path, headers=admin, json={"on": "2023-09-18"})
    second = await client.post(path, headers=admin, json={"on": "2023-09-18"})

    assert first.status_code == 200, first.text
    assert second.json() == first.json()
    assert [
        (one["id"], one["valid_to"], one["merged_into"], one["version"])
        for one in first.json()["channels"]
    ] == [(one["id"], "2023-09-17", unified["id"], 2) for one in cohorts]
    open_now = (await client.get("/v1/channels?at=2023-09-18", headers=admin)).json()["items"]
    assert [one["id"] for one in open_now] == [unified["id"]]
    assert await _names(client, admin, cohorts[0], "2023-09-17") == ["Иванова"]
    assert await _names(client, admin, cohorts[0], "2023-09-18") == []

    refused = await client.post(
        f"/v1/channels/{cohorts[0]['id']}/posts", headers=token("secretary"), json=POST
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "channel_merged")
    assert "с 18.09.2023 объединён с каналом «Единый»" in refused.json()["detail"]
    assert refused.json()["current"]["merged_into"] == unified["id"]
    reopened = await client.patch(
        f"/v1/channels/{cohorts[0]['id']}", headers=admin, json={"valid_to": None}
    )
    assert (reopened.status_code, reopened.json()["code"]) == (409, "channel_merged")


async def test_a_merge_that_cannot_be_is_refused_whole(
    client: httpx.AsyncClient, admin: Headers, opened: Open
) -> None:
    unified = await opened("unified", valid_from="2023-09-18")
    early = await opened("cohort", cohort=2022)
    late = await opened("cohort", cohort=2023, valid_from="2023-09-20")
    industry = await opened("industry", industry="metallurgy")
    path = f"/v1/channels/{unified['id']}/merge"
    cases = [
        (path, {"on": "2023-09-17"}, 409, "channel_merge_refused"),
        (path, {"on": "2023-09-18", "channels": [early["id"], late["id"]]}, 409, None),
        (path, {"on": "2023-09-18", "channels": [early["id"], industry["id"]]}, 409, None),
        (path, {"on": "2023-09-18", "channels": [str(UUID(int=1))]}, 404, "channel_not_found"),
        (f"/v1/channels/{early['id']}/merge", {"on": "2023-09-18"}, 409, None),
    ]
    for where, body, status, code in cases:
        refused = await client.post(where, headers=admin, json=body)
        assert (refused.status_code, refused.json()["code"]) == (
            status,
            code or "channel_merge_refused",
        )
    listed = (await client.get("/v1/channels", headers=admin)).json()["items"]
    assert {one["merged_into"] for one in listed} == {None}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"kind": "cohort"}, 422, "channel_scope_mismatch"),
        ({"kind": "unified", "cohort": 2022}, 422, "channel_scope_mismatch"),
        ({"kind": "industry", "industry": "alchemy"}, 422, "unknown_industry"),
        ({"kind": "unified", "valid_to": "2020-01-01"}, 422, "channel_dates_reversed"),
        ({"kind": "cohort", "cohort": 2022, "valid_from": "2023-01-01"}, 409, "channel_overlaps"),
    ],
)
async def test_a_channel_that_cannot_be_is_refused(
    client: httpx.AsyncClient,
    admin: Headers,
    opened: Open,
    body: dict[str, Any],
    status: int,
    code: str,
) -> None:
    await opened("cohort", cohort=2022)
    wanted = {"name": "Чат", "valid_from": "2022-09-01", **body}
    refused = await client.post("/v1/channels", headers=admin, json=wanted)
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert len((await client.get("/v1/channels", headers=admin)).json()["items"]) == 1


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
        await service.deliver(session, delivery_id, settings, system_resolve, now=NOW)
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
        ("tgram://123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/-100123/", "production", None),
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
