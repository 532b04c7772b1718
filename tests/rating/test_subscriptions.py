"""Subscriptions over HTTP: who keeps which, what is refused, secrets shown once."""

import json
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import STANDARD
from services.rating.models import Subscription
from tests.conftest import SEALS, Headers, Tokens
from tests.rating.slices import NOW_AT
from tests.rating.subscriptions import PATH, create
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

pytestmark = pytest.mark.usefixtures("resolved")

FROZEN: Final = ["rating.slice.frozen.v1"]


@pytest.fixture
def other(token: Tokens) -> Headers:
    return token("platform", sub="another-platform") | NOW_AT


async def test_a_secret_is_shown_when_it_is_made_and_never_again(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers, token: Tokens
) -> None:
    made = await create(client, platform, key="k1")
    assert made.status_code == 201, made.text
    one = made.json()
    assert one["secret"].startswith("whsec_")
    assert (one["owner"], one["status"], one["version"]) == ("platform", "active", 1)
    kept = await (await session.connection()).scalar(text("select answer from idempotency_keys"))
    stored = await session.get_one(Subscription, one["id"])
    for lying in (kept, stored.secret):
        assert "whsec_" not in str(lying)
    # The answer may have been lost on its way; for a day its repetition creates nothing.
    assert (await create(client, platform, key="k1")).json() == one
    reused = await create(client, platform, key="k1", description="Другая")
    assert reused.json()["code"] == "idempotency_key_reused"

    path = f"{PATH}/{one['id']}"
    rotated = await client.post(
        f"{path}/rotate-secret", json={}, headers=platform | {"If-Match": '"v1"'}
    )
    assert rotated.status_code == 201, rotated.text
    assert rotated.json()["secret"] not in {one["secret"], ""}
    assert rotated.json()["previous_secret_until"] == "2023-11-02T06:00:00Z"
    admin = token("cur_admin") | NOW_AT
    for who in (platform, admin, token("auditor") | NOW_AT):
        for address in (PATH, path, f"{path}/deliveries"):
            found = await client.get(address, headers=who)
            assert found.status_code == 200
            assert "whsec_" not in found.text
    changed = await client.patch(path, json={"description": None}, headers=platform)
    assert (changed.status_code, "whsec_" in changed.text) == (200, False)
    leaked = await client.post(f"{path}/rotate-secret", json={"overlap_hours": 0}, headers=admin)
    assert leaked.json()["previous_secret_until"] is None
    stored = await session.get_one(Subscription, one["id"], populate_existing=True)
    assert (SEALS.open(stored.secret), stored.previous_secret) == (leaked.json()["secret"], None)


async def answers_with_secrets(session: AsyncSession) -> list[str]:
    """Of the answers kept, those that still hold a secret."""
    kept = await (await session.connection()).execute(text("select answer from idempotency_keys"))
    return [one for one in kept.scalars() if json.loads(one).get("secret")]


async def test_the_repetition_of_a_creation_shows_no_secret_of_what_was_deleted(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    one = (await create(client, platform, key="k1")).json()
    path = f"{PATH}/{one['id']}"
    rotation = platform | {"Idempotency-Key": "k2"}
    assert (await client.post(f"{path}/rotate-secret", json={}, headers=rotation)).is_success
    assert (await client.delete(path, headers=platform)).status_code == 204

    for again in (
        await create(client, platform, key="k1"),
        await client.post(f"{path}/rotate-secret", json={}, headers=rotation),
    ):
        assert (again.status_code, again.json()["code"]) == (409, "subscription_deleted")
        assert one["id"] in again.json()["detail"]
        assert again.json()["errors"][0]["field"] == "Idempotency-Key"
        assert "whsec_" not in again.text
    # And it creates nothing; another key does.
    assert len((await session.exec(select(Subscription))).all()) == 1
    assert await answers_with_secrets(session) == []
    another = await create(client, platform, key="k3")
    assert (another.status_code, another.json()["id"] == one["id"]) == (201, False)


async def test_the_repetition_of_a_creation_shows_no_secret_that_was_replaced(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    bystander = (await create(client, platform, key="k0")).json()
    one = (await create(client, platform, key="k1")).json()
    path = f"{PATH}/{one['id']}/rotate-secret"

    async def rotated(key: str) -> httpx.Response:
        return await client.post(path, json={}, headers=platform | {"Idempotency-Key": key})

    first = await rotated("k2")
    assert (await rotated("k2")).json() == first.json(), "the newest is shown again"
    assert len(await answers_with_secrets(session)) == 2
    second = await rotated("k3")
    for again in (await create(client, platform, key="k1"), await rotated("k2")):
        assert (again.status_code, again.json()["code"]) == (409, "secret_replaced")
        assert "whsec_" not in again.text
    assert (await rotated("k3")).json() == second.json()
    assert (await create(client, platform, key="k0")).json() == bystander
    stored = await session.get_one(Subscription, one["id"])
    assert SEALS.open(stored.secret) == second.json()["secret"]


async def test_an_answer_kept_from_before_answers_forgot_is_not_shown_either(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    """A worker of before may have deleted or rotated while the answer was kept whole."""
    one = (await create(client, platform, key="k1")).json()
    connection = await session.connection()
    for change, code in (
        ("secret = :other", "secret_replaced"),
        ("secret = '', deleted_at = now()", "subscription_deleted"),
    ):
        await connection.execute(
            text(f"update subscriptions set {change}"),
            {"other": SEALS.seal("whsec_other")} if ":other" in change else {},
        )
        again = await create(client, platform, key="k1")
        assert (again.status_code, again.json()["code"]) == (409, code)
    assert one["secret"] not in again.text


@pytest.mark.parametrize(
    ("overrides", "code", "field"),
    [
        ({"url": "http://monitoring.example.ru/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://monitoring.example.ru:22/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://127.0.0.1/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://inside.example.ru/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://nobody.example.ru/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://a:b@monitoring.example.ru/"}, "webhook_url_refused", "body.url"),
        ({"url": "https://monitoring.example.ru/\u0000"}, "invalid_request", "body.url"),
        ({"url": ""}, "invalid_request", "body.url"),
        ({"url": "https://x.ru/" + "a" * 2000}, "invalid_request", "body.url"),
        ({"url": None}, "invalid_request", "body.url"),
        ({"description": "x\u0000"}, "invalid_request", "body.description"),
        ({"event_types": []}, "invalid_request", "body.event_types"),
        ({"event_types": ["rating.everything"]}, "invalid_request", "body.event_types.0"),
        ({"event_types": FROZEN, "regions": ["16"]}, "filter_pointless", "body.regions"),
        ({"regions": []}, "invalid_request", "body.regions"),
        ({"regions": ["1x"]}, "invalid_request", "body.regions.0"),
        ({"regions": ["16", "99"]}, "region_unknown", "body.regions"),
        ({"secret": "whsec_mine"}, "invalid_request", "body.secret"),
    ],
)
async def test_what_cannot_be_subscribed_is_refused_by_its_field(
    client: httpx.AsyncClient,
    session: AsyncSession,
    platform: Headers,
    overrides: dict[str, Any],
    code: str,
    field: str,
) -> None:
    await hear(session, FOUR)
    response = await create(client, platform, **overrides)
    assert (response.status_code, response.json()["code"]) == (422, code), response.text
    assert response.json()["errors"][0]["field"] == field
    assert (await session.exec(select(Subscription))).all() == []


async def test_another_s_subscription_is_not_found_whatever_is_wrong_besides(
    client: httpx.AsyncClient, platform: Headers, other: Headers
) -> None:
    path = f"{PATH}/{(await create(client, platform)).json()['id']}"
    body = {"url": "https://inside.example.ru/"}
    for who, status in ((other, 404), (platform, 422)):
        assert (await client.patch(path, json=body, headers=who)).status_code == status


async def test_each_platform_has_its_own_and_the_centre_all(
    client: httpx.AsyncClient, token: Tokens, platform: Headers, other: Headers
) -> None:
    mine = (await create(client, platform)).json()
    theirs = (await create(client, other)).json()
    admin, auditor = token("cur_admin") | NOW_AT, token("auditor") | NOW_AT

    async def listed(who: Headers) -> list[str]:
        return [one["id"] for one in (await client.get(PATH, headers=who)).json()["items"]]

    assert await listed(platform) == [mine["id"]]
    assert await listed(other) == [theirs["id"]]
    for who in (admin, auditor):
        assert await listed(who) == [theirs["id"], mine["id"]]
        assert (await client.get(f"{PATH}/{mine['id']}", headers=who)).status_code == 200

    path = f"{PATH}/{mine['id']}"
    delivery = (await client.post(f"{path}/test", headers=platform)).json()["id"]
    asked: list[tuple[str, str, Any]] = [
        ("GET", path, None),
        ("PATCH", path, {"description": "Чужая"}),
        ("DELETE", path, None),
        ("POST", f"{path}/enable", None),
        ("POST", f"{path}/test", None),
        ("POST", f"{path}/rotate-secret", {}),
        ("POST", f"{path}/replay", {"since": "2023-10-01T00:00:00Z"}),
        ("GET", f"{path}/deliveries", None),
        ("GET", f"{path}/deliveries/{delivery}", None),
        ("POST", f"{path}/deliveries/{delivery}/retry", None),
    ]
    for method, address, body in asked:
        response = await client.request(method, address, json=body, headers=other)
        assert (response.status_code, response.json()["code"]) == (404, "subscription_not_found")
        if method != "GET":
            response = await client.request(method, address, json=body, headers=auditor)
            assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
        for role in ("cur_controller", "coordinator", "cluster", "service"):
            response = await client.request(method, address, json=body, headers=token(role))
            assert response.status_code == 403
        assert (await client.request(method, address, json=body)).status_code == 401
    # Another's delivery under one's own subscription.
    own = f"{PATH}/{theirs['id']}/deliveries/{delivery}"
    for method, address in (("GET", own), ("POST", f"{own}/retry")):
        response = await client.request(method, address, headers=other)
        assert (response.status_code, response.json()["code"]) == (404, "delivery_not_found")
    assert (await create(client, auditor)).status_code == 403


async def test_a_change_names_its_version_and_what_is_not_named_stays(
    client: httpx.AsyncClient, session: AsyncSession, platform: Headers
) -> None:
    await hear(session, FOUR)
    one = (await create(client, platform, regions=["54", "16", "16"])).json()
    assert one["regions"] == ["16", "54"]
    path = f"{PATH}/{one['id']}"
    read = await client.get(path, headers=platform)
    assert read.headers["ETag"] == '"v1"'
    paused = await client.patch(
        path, json={"status": "paused"}, headers=platform | {"If-Match": '"v1"'}
    )
    assert (paused.status_code, paused.headers["ETag"]) == (200, '"v2"')
    assert paused.json() == read.json() | {"status": "paused", "version": 2}
    for method, address, body in (
        ("PATCH", path, {"regions": None}),
        ("DELETE", path, None),
        ("POST", f"{path}/enable", None),
        ("POST", f"{path}/rotate-secret", {}),
    ):
        stale = await client.request(
            method, address, json=body, headers=platform | {"If-Match": '"v1"'}
        )
        assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    all_of_them = await client.patch(path, json={"regions": None}, headers=platform)
    assert all_of_them.json()["regions"] is None
    enabled = await client.post(f"{path}/enable", headers=platform)
    assert (enabled.json()["status"], enabled.json()["version"]) == ("active", 4)
    again = await client.post(f"{path}/enable", headers=platform)
    assert again.json()["version"] == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"url": None}, "body"),
        ({"status": "disabled"}, "body.status"),
        ({"url": "https://inside.example.ru/"}, "body.url"),
        ({"event_types": []}, "body.event_types"),
        ({"regions": ["99"]}, "body.regions"),
        ({"owner": "me"}, "body.owner"),
    ],
)
async def test_such_a_change_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, platform: Headers, body: dict[str, Any], field: str
) -> None:
    one = (await create(client, platform)).json()
    path = f"{PATH}/{one['id']}"
    before = (await client.get(path, headers=platform)).json()
    refused = await client.patch(path, json=body, headers=platform)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == field
    assert (await client.get(path, headers=platform)).json() == before


async def test_one_owner_has_a_bounded_number(
    client: httpx.AsyncClient, platform: Headers, other: Headers
) -> None:
    last = ""
    for _ in range(STANDARD.subscriptions_of_one_owner):
        last = (await create(client, platform)).json()["id"]
    refused = await create(client, platform)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_subscriptions")
    assert (await create(client, other)).status_code == 201
    assert (await client.delete(f"{PATH}/{last}", headers=platform)).status_code == 204
    assert (await create(client, platform)).status_code == 201
    first = await client.get(PATH, params={"limit": 15}, headers=platform)
    cursor = first.json()["next_cursor"]
    assert cursor in first.headers["Link"]
    rest = await client.get(PATH, params={"limit": 15, "cursor": cursor}, headers=platform)
    assert (len(first.json()["items"]), len(rest.json()["items"])) == (15, 5)
    assert (await client.get(PATH, params={"cursor": "x"}, headers=platform)).status_code == 422


def test_no_secret_is_in_the_documented_errors_or_names(app: FastAPI) -> None:
    schemas = json.loads(json.dumps(app.openapi()))["components"]["schemas"]
    shown = [name for name, schema in schemas.items() if "secret" in schema.get("properties", {})]
    assert shown == ["SubscriptionSecret"]
