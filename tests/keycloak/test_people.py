"""People sign in on Keycloak's own pages, and get as far as their role and their rows let them."""

from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from deploy.season.api import Api
from shared.auth import Role
from tests.e2e.conftest import eventually
from tests.e2e.journey import hand_in, noon, way
from tests.keycloak.accounts import PAGES, Accounts, Form, Person, Tokens, open_browser
from tests.keycloak.conftest import FOREIGN, OWN

pytestmark = [pytest.mark.keycloak, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def coordinator(accounts: Accounts) -> Person:
    return accounts.add(f"coordinator-{OWN}", Role.COORDINATOR, regions=[OWN])


@pytest.fixture(scope="module")
def signed_in(accounts: Accounts, coordinator: Person) -> Tokens:
    """The coordinator's tokens, an ID token among them."""
    return accounts.sign_in(coordinator, scope="openid")


@pytest.fixture(scope="module")
def tempted(accounts: Accounts) -> Person:
    return accounts.add("tempted", Role.COORDINATOR, regions=[OWN])


@pytest.fixture(scope="module")
def own_account(accounts: Accounts, tempted: Person) -> Tokens:
    return accounts.sign_in_to_own_account(tempted)


async def asked(api: Api, path: str, token: str, method: str = "GET") -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await api.http.request(method, f"{api.urls['assignments']}{path}", headers=headers)


async def test_an_execution_is_carried_out_by_people_with_accounts(
    api: Api, accounts: Accounts, executions: dict[str, Any], signed_in: Tokens
) -> None:
    """From the protocol to the score: the services asked each other with tokens of their own."""
    execution = executions[OWN]
    name, cluster = f"cluster-{execution['cluster_id']}", execution["cluster_id"]
    account = accounts.add("cluster-52", Role.CLUSTER, clusters=[cluster])
    api.tokens[name] = accounts.sign_in(account)["access_token"]
    api.tokens[f"coordinator-{OWN}"] = signed_in["access_token"]

    await hand_in(api, execution, *way(noon(21)), ("accept", noon(22)))

    async def row() -> dict[str, Any]:
        rating = await api.get("cur_admin", "rating", "/v1/ratings/regions")
        return next((one for one in rating["items"] if one["region"] == OWN), {})

    found = await eventually(row, lambda row: row.get("executions") == 1 and row["raw_bp"])
    assert found["raw_bp"] == 10000


async def test_another_regions_execution_is_not_there(
    api: Api, executions: dict[str, Any], signed_in: Tokens
) -> None:
    token = signed_in["access_token"]
    own, foreign = (f"/v1/executions/{executions[one]['id']}" for one in (OWN, FOREIGN))

    assert (await asked(api, own, token)).json()["region"] == OWN
    for path, method in ((foreign, "GET"), (f"{foreign}/acknowledge", "POST")):
        answer = await asked(api, path, token, method)
        assert (answer.status_code, answer.json()["code"]) == (404, "execution_not_found")
    accepting = await asked(api, f"{own}/accept", token, "POST")
    assert (accepting.status_code, accepting.json()["code"]) == (403, "permission_denied")


async def test_only_an_access_token_for_these_services_opens_anything(
    api: Api, signed_in: Tokens, own_account: Tokens
) -> None:
    """Keycloak signs many kinds with one key, and tokens for pages of its own."""
    bearers = {
        "an ID token": signed_in["id_token"],
        "a refresh token": signed_in["refresh_token"],
        "a token for another page": own_account["access_token"],
    }
    assert (await asked(api, "/v1/executions", signed_in["access_token"])).status_code == 200
    for kind, token in bearers.items():
        answer = await asked(api, "/v1/executions", token)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), kind


def test_nobody_gives_himself_rows(
    accounts: Accounts, tempted: Person, own_account: Tokens
) -> None:
    headers = {"Authorization": f"Bearer {own_account['access_token']}"}
    url = f"{accounts.realm}/account/"
    shown = accounts.http.get(url, headers=headers | {"Accept": "application/json"}).json()
    assert shown["attributes"]["regions"] == [OWN]

    shown["attributes"]["regions"] = [OWN, FOREIGN]
    answer = accounts.http.post(url, headers=headers, json=shown)

    assert answer.status_code == 400, answer.text
    assert accounts.rows_of(tempted)["regions"] == [OWN]


@pytest.mark.parametrize(
    ("verifier", "back"), [(None, "/docs/oauth2-redirect"), ("v" * 48, "/docs/elsewhere")]
)
def test_a_code_goes_to_swagger_ui_only_and_only_with_pkce(
    stack: Stack, accounts: Accounts, verifier: str | None, back: str
) -> None:
    client = {"client_id": PAGES, "redirect_uri": stack.urls["assignments"] + back}
    with open_browser(follow_redirects=False) as browser:
        page = accounts.ask_for_code(browser, verifier, **client)
        known = accounts.ask_for_code(
            browser,
            "v" * 48,
            client_id=PAGES,
            redirect_uri=f"{stack.urls['assignments']}/docs/oauth2-redirect",
        )

    assert Form(known.text).action
    assert page.status_code in (302, 400)
    assert page.next_request is None or "error=invalid_request" in str(page.next_request.url)
