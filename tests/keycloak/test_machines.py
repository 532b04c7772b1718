"""The realm's service accounts: who they are to us, what they may, and a key that changes."""

import time
from typing import Final

import httpx
import jwt
import pytest

from deploy.local.stack import Stack
from shared.auth import Role, Scope, Verifier
from shared.keys import KeyRing
from tests.conftest import settings_for
from tests.keycloak.accounts import Accounts

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(300)]

DSN: Final = "postgresql://nobody@localhost/nothing"
# Role and scopes by account: what it asks the services for, and nothing beside.
MACHINES: Final = {
    "service-directory": (Role.SERVICE, {Scope.FEED}),
    "service-meetings": (Role.SERVICE, {Scope.FEED, Scope.FACTS, Scope.ADDRESSEES}),
    "service-assignments": (Role.SERVICE, {Scope.FEED, Scope.ADDRESSEES}),
    "service-rating": (Role.SERVICE, {Scope.FEED, Scope.FACTS}),
    "platform": (Role.PLATFORM, {Scope.FACTS, Scope.SUBSCRIPTIONS}),
    "swagger": (Role.AUDITOR, set[Scope]()),
}
# Longer than the services wait before they ask for keys again.
HEARD_SECONDS: Final = 20.0
FEED: Final = "/v1/events/assignments.executions/0"


@pytest.mark.parametrize("client", sorted(MACHINES))
async def test_an_account_is_what_the_realm_says_and_no_more(
    accounts: Accounts, client: str
) -> None:
    role, scopes = MACHINES[client]
    verifier = Verifier(settings_for(DSN, oidc_issuer=accounts.realm))

    actor = await verifier.actor(accounts.machine(client)["access_token"])

    assert (actor.roles, actor.scopes) == (frozenset({role}), frozenset(scopes))
    assert actor.regions | actor.clusters | actor.industries == set()


@pytest.mark.parametrize(
    ("client", "path", "status", "code"),
    [
        ("service-rating", FEED, 200, ""),
        # The role would do, were it given the scope; and a platform is no service.
        ("service-directory", "/v1/executions/digest", 403, "insufficient_scope"),
        ("platform", FEED, 403, "permission_denied"),
    ],
)
def test_an_account_gets_as_far_as_its_scope(
    stack: Stack, accounts: Accounts, client: str, path: str, status: int, code: str
) -> None:
    answer = ask(stack, path, accounts.machine(client)["access_token"])

    assert (answer.status_code, code in answer.text) == (status, True)


def ask(stack: Stack, path: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{stack.urls['assignments']}{path}", headers=headers, trust_env=False)


def test_a_wrong_secret_gets_nothing(accounts: Accounts) -> None:
    form = {"grant_type": "client_credentials"}
    answer = accounts.http.post(f"{accounts.protocol}/token", data=form, auth=("platform", "guess"))

    assert (answer.status_code, answer.json()["error"]) == (401, "unauthorized_client")


def test_a_key_changes_while_the_services_run(stack: Stack, accounts: Accounts) -> None:
    """Without a restart, and without a refusal of tokens signed with the old key."""
    old = accounts.machine("service-rating")["access_token"]
    assert ask(stack, FEED, old).status_code == 200

    accounts.change_signing_key()

    new = accounts.machine("service-rating")["access_token"]
    assert jwt.get_unverified_header(new)["kid"] != jwt.get_unverified_header(old)["kid"]
    deadline = time.monotonic() + HEARD_SECONDS
    while (answer := ask(stack, FEED, new)).status_code != 200:
        assert answer.json()["code"] == "unauthenticated"
        assert ask(stack, FEED, old).status_code == 200
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)
    assert ask(stack, FEED, old).status_code == 200


async def test_only_keys_that_sign_are_believed(accounts: Accounts) -> None:
    """Keycloak publishes one for encryption beside them."""
    published = accounts.http.get(f"{accounts.protocol}/certs").json()["keys"]
    others = [key["kid"] for key in published if key["use"] != "sig"]
    signing = [key["kid"] for key in published if key["use"] == "sig"]
    ring = KeyRing(accounts.realm)

    assert others
    assert [kid for kid in signing if await ring.find(kid) is None] == []
    assert [kid for kid in others if await ring.find(kid) is not None] == []
