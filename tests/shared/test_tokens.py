"""Tokens somebody made, bent, kept too long or signed with another key; and the issuer's keys."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from fastapi import FastAPI, Request
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.datastructures import State

from deploy.issuer.grant import Refused, grant
from deploy.issuer.keys import SigningKey
from shared.auth import (
    Actor,
    IssuerAway,
    PermissionDenied,
    Role,
    Rows,
    Scope,
    ScopeMissing,
    Unauthenticated,
    Verifier,
)
from shared.keys import MAX_AGE_SECONDS, STALE_SECONDS, KeyRing
from shared.limits import RateLimiter
from shared.permissions import allow, granted, of
from shared.settings import Environment
from tests.conftest import ISSUER, settings_for

DSN: Final = "postgresql://nobody@localhost/nothing"


def make_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


KEY: Final = make_key()
OTHER: Final = make_key()


def jwk(key: rsa.RSAPrivateKey, kid: str, **fields: Any) -> dict[str, Any]:
    found = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**found, "kid": kid, "alg": "RS256", "use": "sig", **fields}


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    found = {
        "iss": ISSUER,
        "aud": "professionalitet",
        "sub": "coordinator-16",
        "iat": now,
        "nbf": now,
        "exp": now + 300,
        "roles": ["coordinator"],
        "regions": ["16"],
        **changed,
    }
    return {name: value for name, value in found.items() if value is not None}


def signed(key: Any = KEY, algorithm: str = "RS256", **changed: Any) -> str:
    headers = {"kid": "one", **changed.pop("headers", {})}
    return jwt.encode(claims(**changed), key, algorithm=algorithm, headers=headers)


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class Issuer:
    """An issuer that can be away, can change its keys, and counts who asks."""

    def __init__(self, **keys: rsa.RSAPrivateKey) -> None:
        self.published = [jwk(key, kid) for kid, key in keys.items()]
        self.name = ISSUER
        self.away = False
        self.asked = 0
        self.now = 1000.0

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.asked += 1
            raise httpx.ConnectError("refused")
        if request.url.path.endswith("openid-configuration"):
            self.asked += 1
            found = {"issuer": self.name, "jwks_uri": f"{ISSUER}/jwks"}
            return httpx.Response(200, json=found)
        return httpx.Response(200, json={"keys": self.published})

    def verifier(self, **chosen: Any) -> Verifier:
        found = settings_for(DSN, **chosen)
        verifier = Verifier(found)
        transport = httpx.MockTransport(self._answer)
        verifier.keys = KeyRing(
            ISSUER,
            development=found.is_development,
            on_change=verifier.forget,
            http=lambda: httpx.AsyncClient(transport=transport),
            monotonic=lambda: self.now,
        )
        return verifier


async def believed(verifier: Verifier, token: str) -> bool:
    return (await verifier.actor(token)).id != ""


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(one=KEY)


@pytest.fixture
def verifier(issuer: Issuer) -> Verifier:
    return issuer.verifier()


async def test_a_good_token_is_its_actor(verifier: Verifier) -> None:
    found = await verifier.actor(signed())

    assert found == Actor("coordinator-16", frozenset({Role.COORDINATOR}), frozenset({"16"}))


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "application/at+jwt", "AT+JWT"])
async def test_an_access_token_may_call_itself_so(verifier: Verifier, kind: str) -> None:
    assert await believed(verifier, signed(headers={"typ": kind}, typ="Bearer"))


def unsigned() -> str:
    return f"{encoded({'alg': 'none', 'kid': 'one', 'typ': 'JWT'})}.{encoded(claims())}."


def hmac_with_the_public_key() -> str:
    pem = KEY.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    body = f"{encoded({'alg': 'HS256', 'kid': 'one', 'typ': 'JWT'})}.{encoded(claims())}"
    return f"{body}.{encoded(hmac.digest(pem, body.encode(), hashlib.sha256))}"


def widened() -> str:
    head, _, signature = signed().split(".")
    return f"{head}.{encoded(claims(roles=['cur_admin']))}.{signature}"


def cut_off() -> str:
    return signed().rpartition(".")[0] + "."


def now() -> int:
    """Of the attack, not of the import: a whole run lies between them."""
    return int(time.time())


ATTACKS: Final[dict[str, Callable[[], str]]] = {
    "alg none": unsigned,
    "alg None with a signature": lambda: (
        f"{encoded({'alg': 'nOnE', 'kid': 'one'})}.{signed().partition('.')[2]}"
    ),
    "hmac with the public key": hmac_with_the_public_key,
    "another algorithm of the same key": lambda: signed(algorithm="RS512"),
    "pss of the same key": lambda: signed(algorithm="PS256"),
    "an elliptic key": lambda: signed(ec.generate_private_key(ec.SECP256R1()), "ES256"),
    "another's key under a known name": lambda: signed(OTHER),
    "a key of its own in the header": lambda: signed(
        OTHER, headers={"jwk": jwk(OTHER, "one"), "kid": "one"}
    ),
    "a key set of its own": lambda: signed(OTHER, headers={"jku": "http://evil.test/jwks"}),
    "a certificate of its own": lambda: signed(OTHER, headers={"x5u": "http://evil.test/x"}),
    "no key named": lambda: jwt.encode(claims(), KEY, algorithm="RS256"),
    "a path for a key": lambda: signed(headers={"kid": "../../../../dev/null"}),
    "a statement for a key": lambda: signed(headers={"kid": "one' or '1'='1"}),
    "an endless key name": lambda: signed(headers={"kid": "k" * 4000}),
    "what must be understood and is not": lambda: signed(headers={"crit": ["evil"], "evil": True}),
    "widened roles": widened,
    "no signature": cut_off,
    "expired": lambda: signed(exp=now() - 60),
    "never expiring": lambda: signed(exp=None),
    "expiring beyond all time": lambda: signed(exp=float("inf")),
    "not yet": lambda: signed(nbf=now() + 120),
    "issued in the future": lambda: signed(iat=now() + 120),
    "never issued": lambda: signed(iat=None),
    "for somebody else": lambda: signed(aud="another"),
    "for nobody": lambda: signed(aud=None),
    "of another issuer": lambda: signed(iss="http://evil.test"),
    "of an issuer that begins as ours": lambda: signed(iss=ISSUER + ".evil.test"),
    "of no issuer": lambda: signed(iss=None),
    "of nobody": lambda: signed(sub=None),
    "an ID token": lambda: signed(typ="ID"),
    "a refresh token": lambda: signed(typ="Refresh"),
    "a logout token": lambda: signed(headers={"typ": "logout+jwt"}),
    "roles that are no list": lambda: signed(roles="cur_admin"),
    "regions that are no strings": lambda: signed(regions=[16]),
    "clusters that are no ids": lambda: signed(clusters=["16"]),
    "a scope that is no string": lambda: signed(scope=["feed:read"]),
    "oversize": lambda: signed(note="x" * 100_000),
    "a header of brackets": lambda: f"{encoded(b'[' * 5000)}.{encoded(claims())}.x",
    "claims of brackets": lambda: jwt.PyJWS().encode(
        b'{"a":' * 1000, KEY, algorithm="RS256", headers={"kid": "one"}
    ),
    "a header that is a list": lambda: f"{encoded(['RS256'])}.{encoded(claims())}.x",
    "a number": lambda: "1",
    "dots": lambda: "....",
    "no ascii": lambda: "тест.тест.тест",
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_bad_token_is_nobody(verifier: Verifier, attack: str) -> None:
    with pytest.raises(Unauthenticated):
        await verifier.actor(ATTACKS[attack]())


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.text(max_size=300))
async def test_garbage_is_nobody(garbage: str) -> None:
    with pytest.raises(Unauthenticated):
        await Issuer(one=KEY).verifier().actor(garbage)


async def test_an_unknown_role_gives_nothing(verifier: Verifier) -> None:
    found = await verifier.actor(signed(roles=["root", "auditor"]))

    assert found.roles == {Role.AUDITOR}


async def test_clocks_may_differ_a_little(verifier: Verifier) -> None:
    ahead = int(time.time()) + 5

    assert await believed(verifier, signed(iat=ahead, nbf=ahead))


async def test_a_flood_of_unknown_keys_asks_the_issuer_once_a_pause(
    issuer: Issuer, verifier: Verifier
) -> None:
    await verifier.actor(signed())
    issuer.now += 11
    before = issuer.asked

    for n in range(200):
        with pytest.raises(Unauthenticated):
            await verifier.actor(signed(OTHER, headers={"kid": f"unknown-{n}"}))

    assert issuer.asked == before + 1


async def test_nor_does_a_flood_while_the_issuer_is_away(
    issuer: Issuer, verifier: Verifier
) -> None:
    issuer.away = True

    for n in range(100):
        with pytest.raises(IssuerAway):
            await verifier.actor(signed(headers={"kid": f"unknown-{n}"}))
    assert issuer.asked == 1

    # It is tried again after 1, 2, 4, 8 and then every 10 seconds.
    for _ in range(60):
        issuer.now += 1
        with pytest.raises(IssuerAway):
            await verifier.actor(signed())
    assert 5 <= issuer.asked <= 10


async def test_keys_are_heard_of_once_the_issuer_is_back(
    issuer: Issuer, verifier: Verifier
) -> None:
    issuer.away = True
    with pytest.raises(IssuerAway):
        await verifier.actor(signed())
    issuer.away = False
    issuer.now += 1.1

    assert await believed(verifier, signed())


async def test_a_new_key_is_believed_at_once_and_the_old_one_meanwhile(
    issuer: Issuer, verifier: Verifier
) -> None:
    await verifier.actor(signed())
    issuer.published.append(jwk(OTHER, "two"))
    issuer.now += 11

    assert await believed(verifier, signed(OTHER, headers={"kid": "two"}))
    assert await believed(verifier, signed(sub="another"))


async def test_a_remembered_token_dies_with_its_key(issuer: Issuer, verifier: Verifier) -> None:
    token = signed()
    await verifier.actor(token)
    issuer.published = [jwk(OTHER, "two")]
    issuer.now += MAX_AGE_SECONDS
    await verifier.keys.refresh()

    with pytest.raises(Unauthenticated):
        await verifier.actor(token)


async def test_another_key_under_the_old_name_is_a_change_too(
    issuer: Issuer, verifier: Verifier
) -> None:
    token = signed()
    await verifier.actor(token)
    issuer.published = [jwk(OTHER, "one")]
    issuer.now += MAX_AGE_SECONDS
    await verifier.keys.refresh()

    with pytest.raises(Unauthenticated):
        await verifier.actor(token)


async def test_a_remembered_token_dies_when_it_expires(
    verifier: Verifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    expires = time.time() + 300
    token = signed(exp=int(expires))
    await verifier.actor(token)
    monkeypatch.setattr("shared.auth.time.time", lambda: expires + 1)
    # The verification itself: it is asked again, by the real clock.
    monkeypatch.setattr("shared.auth.jwt.decode", _expired)

    with pytest.raises(Unauthenticated):
        await verifier.actor(token)


def _expired(*_: Any, **__: Any) -> Any:
    raise jwt.ExpiredSignatureError


async def test_known_keys_outlive_the_issuer_but_not_for_ever(
    issuer: Issuer, verifier: Verifier
) -> None:
    token = signed()
    await verifier.actor(token)
    issuer.away = True
    issuer.now += STALE_SECONDS - 1
    assert await believed(verifier, signed(sub="another"))

    issuer.now += 2
    for known in (token, signed()):
        with pytest.raises(IssuerAway):
            await verifier.actor(known)


@pytest.mark.parametrize(
    "fields",
    [
        {"use": "enc"},
        {"alg": "RS512"},
        {"kty": "oct", "k": "c2VjcmV0"},
    ],
)
async def test_a_key_for_something_else_signs_nothing(fields: dict[str, str]) -> None:
    issuer = Issuer(two=OTHER)
    issuer.published.append(jwk(KEY, "one", **fields))

    with pytest.raises(Unauthenticated):
        await issuer.verifier().actor(signed())


async def test_a_short_key_signs_nothing() -> None:
    short = make_key(1024)
    issuer = Issuer(one=short, two=OTHER)

    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = signed(short)
    with pytest.raises(Unauthenticated):
        await issuer.verifier().actor(token)


async def test_keys_of_an_issuer_by_another_name_are_not_taken(issuer: Issuer) -> None:
    issuer.name = "http://evil.test"

    with pytest.raises(IssuerAway):
        await issuer.verifier().actor(signed())


async def test_production_believes_no_development_issuer() -> None:
    key = SigningKey(KEY)
    issuer = Issuer()
    issuer.published = [key.public_jwk]
    token = key.sign(claims())

    assert await believed(issuer.verifier(), token)
    with pytest.raises(IssuerAway):
        await issuer.verifier(environment=Environment.PRODUCTION).actor(token)


def test_production_refuses_the_secret_everybody_knows() -> None:
    with pytest.raises(ValueError, match="SERVICE_CLIENT_SECRET"):
        settings_for(DSN, environment=Environment.PRODUCTION, service_client_secret="dev")


async def asks(verifier: Verifier, token: str, *roles: Role, scope: Scope | None) -> Actor:
    app = FastAPI()
    app.state.permissions = {"asked": allow(of(Rows.ALL, *roles), scope=scope)}
    request = Request({"type": "http", "app": app, "route": SimpleNamespace(name="asked")})
    request._state = State({"verifier": verifier, "limiter": RateLimiter(0, 1)})
    return await granted(request, f"Bearer {token}")


async def allowed(verifier: Verifier, token: str, *roles: Role, scope: Scope | None) -> bool:
    return not (await asks(verifier, token, *roles, scope=scope)).roles.isdisjoint(roles)


OPEN_TO: Final = (Role.SERVICE, Role.AUDITOR)


async def test_a_service_needs_the_scope_and_a_person_does_not(verifier: Verifier) -> None:
    bare = signed(roles=["service"])
    other = signed(roles=["service"], scope="facts:read openid")
    for token in (bare, other):
        with pytest.raises(ScopeMissing):
            await asks(verifier, token, *OPEN_TO, scope=Scope.FEED)

    # As the standard has it, and as an issuer without scopes of ours writes it.
    for given_so in ({"scope": "openid feed:read"}, {"scopes": ["feed:read"]}):
        token = signed(roles=["service"], **given_so)
        assert await allowed(verifier, token, *OPEN_TO, scope=Scope.FEED)
    assert await allowed(verifier, signed(roles=["auditor"]), *OPEN_TO, scope=Scope.FEED)
    assert await allowed(verifier, bare, *OPEN_TO, scope=None)


async def test_a_scope_is_no_role(verifier: Verifier) -> None:
    token = signed(roles=["cluster"], scope="feed:read")

    with pytest.raises(PermissionDenied) as refused:
        await asks(verifier, token, *OPEN_TO, scope=Scope.FEED)
    assert refused.value.code == "permission_denied"


def form(**fields: str) -> bytes:
    return "&".join(f"{name}={value}" for name, value in fields.items()).encode()


def scopes_given(client: str, scope: str = "") -> str:
    body = form(grant_type="client_credentials", client_id=client, client_secret="dev", scope=scope)
    return grant(None, "application/x-www-form-urlencoded", body).scope


def test_the_development_issuer_gives_what_the_client_may_have() -> None:
    assert scopes_given("service-rating") == "feed:read facts:read addressees:resolve"
    assert scopes_given("service-rating", "feed%3Aread") == "feed:read"
    assert scopes_given("cur_admin", "feed%3Aread") == ""
    with pytest.raises(Refused) as refused:
        scopes_given("platform", "feed%3Aread")
    assert refused.value.code == "invalid_scope"
