"""The realm: who gets a token, with which claims. Imported once, by Keycloak's own start."""

import json
import re
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from deploy.issuer.clients import SCOPES
from shared.auth import Role, Scope
from shared.migrations import SERVICES
from shared.settings import ServiceSettings
from tests.deploy.files import ROOT, compose

TEXT: Final = (ROOT / "deploy/keycloak/professionalitet-realm.json").read_text()
REALM: Final[dict[str, Any]] = json.loads(TEXT)
CLIENTS: Final = {client["clientId"]: client for client in REALM["clients"]}
MACHINES: Final = {
    **{f"service-{service}": Role.SERVICE for service in SERVICES},
    "platform": Role.PLATFORM,
    # Reads everything, changes nothing: a page anybody may open must not command.
    "swagger": Role.AUDITOR,
}
ROWS: Final = ("regions", "clusters", "industries")


def claims_of(client: str) -> dict[str, dict[str, str]]:
    """The configuration of the client's mappers by claim."""
    mappers = (mapper["config"] for mapper in CLIENTS[client]["protocolMappers"])
    return {config.get("claim.name", "aud"): config for config in mappers}


def profile() -> dict[str, Any]:
    (component,) = REALM["components"]["org.keycloak.userprofile.UserProfileProvider"]
    (document,) = component["config"]["kc.user.profile.config"]
    return {attribute["name"]: attribute for attribute in json.loads(document)["attributes"]}


def test_the_file_is_named_as_the_import_wants() -> None:
    assert REALM["realm"] == "professionalitet"
    assert REALM["enabled"] is True


def test_the_roles_are_the_systems() -> None:
    assert {role["name"] for role in REALM["roles"]["realm"]} == set(Role)
    assert all(role["description"] for role in REALM["roles"]["realm"])


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_token_carries_what_the_services_read(client: str) -> None:
    claims = claims_of(client)

    assert set(claims) - {"scopes"} == {"aud", "roles", *ROWS}
    assert claims["aud"]["included.custom.audience"] == "professionalitet"
    for name in ("roles", *ROWS):
        assert claims[name]["multivalued"] == "true"
        assert claims[name]["jsonType.label"] == "String"
    for name in ROWS:
        assert claims[name]["user.attribute"] == name
    for config in claims.values():
        assert config["access.token.claim"] == "true"
    # `sub` comes with Keycloak's own scope.
    assert CLIENTS[client]["defaultClientScopes"] == ["basic"]


@pytest.mark.parametrize("client", sorted(CLIENTS))
def test_a_service_account_is_given_what_its_role_may_have_and_a_person_nothing(
    client: str,
) -> None:
    role = MACHINES.get(client)
    allowed = SCOPES.get(role or "", ())
    config = claims_of(client).get("scopes")

    assert (config is not None) == bool(allowed)
    if config is not None:
        given = set(json.loads(config["claim.value"]))
        assert given
        assert given <= set(allowed) <= set(Scope)
        assert config["jsonType.label"] == "JSON"


def test_the_realm_keeps_keycloaks_own_scopes() -> None:
    # A file that names any gets no built-in ones, and Keycloak's account pages stop working.
    assert "clientScopes" not in REALM


@pytest.mark.parametrize("client", sorted(MACHINES))
def test_a_machine_has_a_secret_from_outside_and_one_role(client: str) -> None:
    accounts = {user["serviceAccountClientId"]: user for user in REALM["users"]}

    assert accounts[client]["realmRoles"] == [MACHINES[client]]
    assert CLIENTS[client]["serviceAccountsEnabled"] is True
    assert CLIENTS[client]["publicClient"] is False
    secret = re.fullmatch(r"\$\{(\w+)\}", CLIENTS[client]["secret"])
    assert secret
    given = compose()["keycloak"]["environment"][secret[1]]
    assert given == f"${{{secret[1]}:?}}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_and_its_client_share_a_secret(service: str) -> None:
    environment = compose()[f"{service}-api"]["environment"]
    client = CLIENTS[environment["SERVICE_CLIENT_ID"]]

    assert environment["SERVICE_CLIENT_SECRET"] == client["secret"].replace("}", ":?}")


def test_there_are_no_other_accounts_and_no_passwords() -> None:
    assert {user["serviceAccountClientId"] for user in REALM["users"]} == set(MACHINES)
    assert "credentials" not in TEXT


def test_people_enter_through_keycloaks_page_only() -> None:
    people = CLIENTS.keys() - MACHINES.keys()

    assert people == {"people", "pages"}
    for name in people:
        assert CLIENTS[name]["publicClient"] is True
        assert CLIENTS[name]["serviceAccountsEnabled"] is False
    for client in CLIENTS.values():
        assert client["directAccessGrantsEnabled"] is False
        assert client["implicitFlowEnabled"] is False
        assert client["standardFlowEnabled"] is (client["clientId"] == "pages")


def test_a_code_goes_to_our_pages_only_and_only_with_pkce() -> None:
    pages = CLIENTS["pages"]
    settings = compose()["rating-api"]["environment"]

    assert pages["attributes"]["pkce.code.challenge.method"] == "S256"
    assert {urlsplit(uri).path for uri in pages["redirectUris"]} == {"/docs/oauth2-redirect"}
    origins = {uri.removesuffix("/docs/oauth2-redirect") for uri in pages["redirectUris"]}
    assert origins == set(pages["webOrigins"]) == set(json.loads(settings["CORS_ORIGINS"]))
    assert ServiceSettings.model_fields["oidc_pages_client"].default == "pages"
    for client in CLIENTS.keys() - {"pages"}:
        assert CLIENTS[client]["redirectUris"] == []


def test_everybody_sets_up_a_second_factor() -> None:
    actions = {action["alias"]: action for action in REALM["requiredActions"]}

    assert [name for name, action in actions.items() if action["defaultAction"]] == [
        "CONFIGURE_TOTP"
    ]
    assert all(action["enabled"] for action in actions.values())


def test_the_one_that_is_tried_is_the_one_that_is_deployed() -> None:
    pom = ElementTree.parse(ROOT / "deploy/keycloak/pom.xml")
    version = pom.find(".//{*}dependency/{*}version")

    assert version is not None
    assert compose()["keycloak"]["image"] == f"keycloak/keycloak:{version.text}"


def test_only_an_administrator_gives_rows() -> None:
    attributes = profile()

    for name in ROWS:
        assert attributes[name]["multivalued"] is True
        assert attributes[name]["permissions"]["edit"] == ["admin"]


@pytest.mark.parametrize(
    ("row", "right", "wrong"),
    [
        ("regions", "16", "160"),
        ("clusters", "01890a5d-ac96-774b-bcce-b302099a8057", "16"),
        ("industries", "metallurgy", "Металлургия"),
    ],
)
def test_a_row_is_checked_when_it_is_given(row: str, right: str, wrong: str) -> None:
    pattern = profile()[row]["validations"]["pattern"]["pattern"]

    assert re.fullmatch(pattern, right)
    assert not re.fullmatch(pattern, wrong)


def test_tokens_are_short_lived_and_signed_as_the_services_expect() -> None:
    assert REALM["defaultSignatureAlgorithm"] == "RS256"
    assert REALM["accessTokenLifespan"] <= 600
    assert REALM["registrationAllowed"] is False
    assert REALM["bruteForceProtected"] is True
