"""What an administrator does in Keycloak, and how people and machines get their tokens from it."""

import base64
import hashlib
import hmac
import secrets
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any, Final

import httpx

from deploy.issuer.grant import SECRET
from deploy.local import keycloak
from shared.auth import Role

PASSWORD: Final = "Длинный пароль 2026"
DEVICE: Final = "people"
PAGES: Final = "pages"
STEP_SECONDS: Final = 30
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
Tokens = dict[str, Any]


@dataclass(frozen=True)
class Person:
    """Somebody with an account."""

    id: str
    name: str


class Form(HTMLParser):
    """The first form of a page: where it goes, and what it holds already."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.action:
            self.action = found["action"]
        if tag == "input" and "name" in found and found.get("type") != "submit":
            self.fields[found["name"]] = found.get("value", "")


class Accounts:
    """The realm, as its administrator, its people and its machines reach it."""

    def __init__(self, http: httpx.Client, port: int) -> None:
        self.http = http
        self.realm = keycloak.realm_address(port)
        self.protocol = f"{self.realm}/protocol/openid-connect"
        self._admin = self.realm.replace("/realms/", "/admin/realms/")
        self._master = self.realm.replace(f"/{keycloak.NAME}", "/master")

    def machine(self, client: str) -> Tokens:
        """By client credentials."""
        named = {"client_id": client, "client_secret": SECRET}
        return self._token({"grant_type": "client_credentials"} | named)

    def add(self, name: str, role: Role, **rows: Sequence[str]) -> Person:
        """Give somebody an account with a role and rows."""
        user = {
            "username": name,
            "enabled": True,
            "firstName": "Анна",
            "lastName": "Иванова",
            "attributes": {row: list(values) for row, values in rows.items()},
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
        }
        made = self._administer("POST", "/users", user)
        found = Person(made.headers["Location"].rpartition("/")[2], name)
        known = self._administer("GET", f"/roles/{role}").json()
        self._administer("POST", f"/users/{found.id}/role-mappings/realm", [known])
        return found

    def sign_in(self, person: Person, scope: str = "") -> Tokens:
        """By the code of a device (RFC 8628): the pages a person would see, then the tokens."""
        asked = {"client_id": DEVICE, "scope": scope}
        device = self.http.post(f"{self.protocol}/auth/device", data=asked).raise_for_status()
        with open_browser(follow_redirects=True) as browser:
            page = browser.get(device.json()["verification_uri_complete"])
            send(browser, enter(browser, page, person), accept="Да")
        form = {"grant_type": DEVICE_CODE, "device_code": device.json()["device_code"]}
        return self._token(form | {"client_id": DEVICE})

    def sign_in_to_own_account(self, person: Person) -> Tokens:
        """To Keycloak's own page, where people look after their passwords: for that page."""
        verifier, back = secrets.token_urlsafe(48), f"{self.realm}/account/"
        client = {"client_id": "account-console", "redirect_uri": back}
        with open_browser(follow_redirects=True) as browser:
            page = self.ask_for_code(browser, verifier, **client)
            code = enter(browser, page, person).url.params["code"]
        form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
        return self._token(form | client)

    def ask_for_code(
        self, browser: httpx.Client, verifier: str | None, **client: str
    ) -> httpx.Response:
        """Where an application sends people, with PKCE (RFC 7636) where there is a verifier."""
        asked = {"response_type": "code", "scope": "openid"} | client
        if verifier is not None:
            digest = hashlib.sha256(verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        return browser.get(f"{self.protocol}/auth", params=asked)

    def change_signing_key(self) -> None:
        """Sign with a new key from now on; the old one stays published."""
        config = {"priority": ["200"], "algorithm": ["RS256"], "keySize": ["2048"]}
        component = {
            "name": "the next key",
            "providerId": "rsa-generated",
            "providerType": "org.keycloak.keys.KeyProvider",
            "config": config | {"enabled": ["true"], "active": ["true"]},
        }
        self._administer("POST", "/components", component)

    def rows_of(self, person: Person) -> dict[str, list[str]]:
        """What the account has of `regions`, `clusters`, `industries`."""
        user = self._administer("GET", f"/users/{person.id}").json()
        return dict(user.get("attributes", {}))

    def _administer(self, method: str, path: str, body: Any = None) -> httpx.Response:
        form = {"grant_type": "password", "client_id": "admin-cli"}
        form |= {"username": keycloak.ADMIN, "password": SECRET}
        given = self.http.post(f"{self._master}/protocol/openid-connect/token", data=form)
        headers = {"Authorization": f"Bearer {given.raise_for_status().json()['access_token']}"}
        answer = self.http.request(method, f"{self._admin}{path}", json=body, headers=headers)
        return answer.raise_for_status()

    def _token(self, form: dict[str, str]) -> Tokens:
        answer = self.http.post(f"{self.protocol}/token", data=form)
        assert answer.is_success, answer.text
        return dict(answer.json())


class Trusting(httpx.HTTPTransport):
    """Takes this machine for as safe as https, as browsers do: for its cookies."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = super().handle_request(request)
        plain = [
            (name, value.replace(";Secure", "")) for name, value in response.headers.multi_items()
        ]
        response.headers = httpx.Headers(plain)
        return response


def open_browser(*, follow_redirects: bool) -> httpx.Client:
    """A client for pages, with cookies."""
    return httpx.Client(
        transport=Trusting(), trust_env=False, timeout=30, follow_redirects=follow_redirects
    )


def enter(browser: httpx.Client, page: httpx.Response, person: Person) -> httpx.Response:
    """From the page that asks who it is to what comes after, a second factor set up on the way."""
    page = send(browser, page, username=person.name, password=PASSWORD)
    code = one_time_code(Form(page.text).fields["totpSecret"])
    return send(browser, page, totp=code, userLabel="телефон")


def send(browser: httpx.Client, page: httpx.Response, **filled: str) -> httpx.Response:
    """Fill in the form of the page and send it."""
    form = Form(page.text)
    assert form.action, page.text
    sent = browser.post(page.url.join(form.action), data=form.fields | filled)
    return sent.raise_for_status()


def one_time_code(secret: str) -> str:
    """Six digits for the current half minute (RFC 6238), as the app on a phone shows them."""
    moment = struct.pack(">Q", int(time.time()) // STEP_SECONDS)
    digest = hmac.digest(secret.encode(), moment, hashlib.sha1)
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
