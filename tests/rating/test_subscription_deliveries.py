"""What a subscription is sent, over HTTP: pings, every attempt, retries, replays, and silence."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import STANDARD
from services.rating.models import Subscription
from services.rating.routers.subscriptions import resolver, rules_of
from services.rating.webhooks.targets import Rules
from tests.conftest import Headers
from tests.rating.pushes import LOOPBACK, queue_of, tell_slice, tell_standings, work
from tests.rating.slices import LATER
from tests.rating.subscriptions import PATH, create
from tests.receiver import answer, receiver

pytestmark = pytest.mark.usefixtures("resolved")


@pytest.fixture
def loopback(app: FastAPI, resolved: None) -> None:
    """Receivers on this machine are allowed."""

    def found() -> Rules:
        return LOOPBACK

    async def itself(host: str, port: int) -> Sequence[str]:
        return [host]

    app.dependency_overrides[rules_of] = found
    app.dependency_overrides[resolver] = lambda: itself


@pytest.mark.usefixtures("loopback")
async def test_a_test_pushes_a_ping_at_once_whatever_the_status(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    async with receiver(answer(410), answer(200, "да")) as hook:
        one = (await create(client, platform, url=hook.url)).json()
        path = f"{PATH}/{one['id']}"
        first = await client.post(f"{path}/test", headers=platform)
        assert (first.status_code, first.json()["state"]) == (202, "pending")
        # One under way is that one.
        assert (await client.post(f"{path}/test", headers=platform)).json() == first.json()
        await work(session)
        # A ping is a question: even such an answer disables nothing.
        assert (await client.get(path, headers=platform)).json()["status"] == "active"
        await client.patch(path, json={"status": "paused"}, headers=platform)
        await client.post(f"{path}/test", headers=platform)
        await work(session)
    assert [got.json["type"] for got in hook.got] == ["rating.subscription.ping.v1"] * 2
    assert hook.got[0].json["data"] == {"subscription_id": one["id"]}
    found = (await client.get(f"{path}/deliveries", headers=platform)).json()["items"]
    assert [made["state"] for made in found] == ["delivered", "failed"]
    assert found[0]["attempts"][0]["excerpt"] == "да"
    assert found[1]["last_error"] == "Ответ 410."


@pytest.mark.usefixtures("loopback")
async def test_deliveries_are_listed_with_every_attempt_and_tried_again_by_hand(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    async with receiver(answer(500, "Ой"), answer(503)) as hook:
        one = (await create(client, platform, url=hook.url)).json()
        path = f"{PATH}/{one['id']}/deliveries"
        first = await tell_slice(session)
        await work(session)
        second = await tell_slice(session)
        await work(session)
        newer, older = (await client.get(path, headers=platform)).json()["items"]
        assert (older["message_id"], newer["message_id"]) == (first, second)
        assert (older["state"], older["attempts_made"]) == ("pending", 1)
        [attempt] = older["attempts"]
        assert attempt["duration_ms"] >= 0
        del attempt["duration_ms"]
        assert attempt == {
            "started_at": "2023-11-01T06:00:00Z",
            "outcome": "failed",
            "status_code": 500,
            "error": "Ответ 500.",
            "excerpt": "Ой",
        }
        assert newer["attempts"] == []
        # The receiver is mended: no waiting for the next attempt.
        retried = await client.post(f"{path}/{older['id']}/retry", headers=platform)
        assert (retried.json()["state"], retried.json()["attempts_made"]) == ("pending", 0)
        await work(session)
        await client.post(f"{path}/{older['id']}/retry", headers=platform)
        for _ in range(2):
            await work(session)
        done = await client.post(f"{path}/{older['id']}/retry", headers=platform)
        assert (done.status_code, done.json()["code"]) == (409, "delivery_done")
    assert hook.ids == [first, first, first, second]
    shown = (await client.get(f"{path}/{older['id']}", headers=platform)).json()
    assert [made["status_code"] for made in shown["attempts"]] == [500, 503, 204]
    only = await client.get(path, params={"state": "delivered", "limit": 1}, headers=platform)
    assert [made["id"] for made in only.json()["items"]] == [newer["id"]]
    following = {"state": "delivered", "cursor": only.json()["next_cursor"]}
    rest = (await client.get(path, params=following, headers=platform)).json()
    assert ([made["id"] for made in rest["items"]], rest["next_cursor"]) == ([older["id"]], None)
    none = await client.get(path, params={"state": "failed"}, headers=platform)
    assert none.json()["items"] == []
    for wrong in ({"state": "lost"}, {"limit": 0}, {"cursor": "€"}, {"status": "x"}):
        assert (await client.get(path, params=wrong, headers=platform)).status_code == 422


@pytest.mark.usefixtures("loopback")
async def test_a_disabled_one_is_enabled_and_filled_from_the_past(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    async with receiver(answer(410)) as hook:
        one = (await create(client, platform, url=hook.url)).json()
        path = f"{PATH}/{one['id']}"
        event = await tell_slice(session)
        await work(session)
        missed = await tell_slice(session)
        await work(session)
        disabled = (await client.get(path, headers=platform)).json()
        assert (disabled["status"], "410" in disabled["reason"]) == ("disabled", True)
        [gone] = (await client.get(f"{path}/deliveries", headers=platform)).json()["items"]
        for address, body in (
            (f"{path}/replay", {"event_id": event}),
            (f"{path}/deliveries/{gone['id']}/retry", None),
        ):
            refused = await client.post(address, json=body, headers=platform)
            assert (refused.status_code, refused.json()["code"]) == (409, "subscription_disabled")
        refused = await client.patch(path, json={"status": "active"}, headers=platform)
        assert refused.json()["code"] == "subscription_disabled"
        enabled = (await client.post(f"{path}/enable", headers=platform)).json()
        assert (enabled["status"], enabled["reason"]) == ("active", None)
        once = platform | {"Idempotency-Key": "again"}
        for _ in range(2):
            replayed = await client.post(f"{path}/replay", json={"event_id": event}, headers=once)
            assert (replayed.status_code, replayed.json()) == (
                202,
                {"deliveries": 2, "standings": False},
            )
        for _ in range(3):
            await work(session)
    assert hook.ids == [event, event, missed]


@pytest.mark.usefixtures("loopback")
async def test_a_pause_is_no_failing_and_what_gathered_in_it_is_tried_as_ever(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    after_pause = LATER + STANDARD.disable_after + timedelta(days=1)
    async with receiver(answer(500), answer(500), answer(204)) as hook:
        one = (await create(client, platform, url=hook.url)).json()
        path = f"{PATH}/{one['id']}"
        event = await tell_slice(session)
        await work(session)
        for status in ("paused", "active"):
            changed = await client.patch(path, json={"status": status}, headers=platform)
            assert changed.json()["status"] == status
        await work(session, after_pause)
        assert (await client.get(path, headers=platform)).json()["status"] == "active"
        await work(session, after_pause + timedelta(days=1))
    assert hook.ids == [event, event, event]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"event_id": str(uuid4()), "since": "2023-10-01T00:00:00Z"}, "body"),
        ({"event_id": "7"}, "body.event_id"),
        ({"event_id": str(uuid4())}, "body.event_id"),
        ({"since": "yesterday"}, "body.since"),
        ({"since": "2023-10-01T00:00:00"}, "body.since"),
        ({"since": "0001-01-01T00:00:00Z"}, "body.since"),
    ],
)
async def test_a_replay_needs_one_beginning(
    client: httpx.AsyncClient, platform: Headers, body: dict[str, Any], field: str
) -> None:
    one = (await create(client, platform)).json()
    refused = await client.post(f"{PATH}/{one['id']}/replay", json=body, headers=platform)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field


@pytest.mark.usefixtures("loopback")
async def test_a_deleted_one_is_silent_and_unseen_and_its_receipts_stay(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    async with receiver() as hook:
        one = (await create(client, platform, url=hook.url)).json()
        path = f"{PATH}/{one['id']}"
        await tell_slice(session)
        await tell_standings(session, 1, "16")
        await client.patch(path, json={"status": "paused"}, headers=platform)
        await work(session)
        assert (await client.delete(path, headers=platform)).status_code == 204
        for method, address in (("GET", path), ("DELETE", path), ("GET", f"{path}/deliveries")):
            response = await client.request(method, address, headers=platform)
            assert response.status_code == 404
        await tell_slice(session)
        assert await work(session) == []
    assert hook.got == []
    chosen = select(Subscription).where(col(Subscription.id) == one["id"])
    stored = (await session.exec(chosen.execution_options(populate_existing=True))).one()
    assert stored.secret == ""
    [abandoned] = await queue_of(session, stored)
    assert (abandoned.state, abandoned.last_error) == ("abandoned", "Подписка удалена.")
