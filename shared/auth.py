"""Bearer token → `Actor`: who asks, by which roles, and which rows are the actor's own.

Tokens are JWTs of one OIDC issuer, verified against its keys (`shared.keys`): algorithm pinned to
RS256, `iss`, `aud`, `exp` and `iat` demanded, `nbf` heeded, nothing else in the header believed.
What an actor may do is said in tables (`shared.permissions`).
"""

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Final
from uuid import UUID

import jwt
from fastapi import Request
from fastapi.security import OAuth2
from fastapi.security.utils import get_authorization_scheme_param

from shared.errors import DomainError, Forbidden, Unavailable
from shared.keys import ALGORITHM, KeyRing
from shared.settings import ServiceSettings

_LEEWAY_SECONDS: Final = 10
_REMEMBERED_TOKENS: Final = 4096
_MAX_TOKEN: Final = 8192
_MAX_KID: Final = 200
# RFC 9068, and what issuers without it write; never an ID token or a refresh token (the claim).
_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
_ACCESS: Final = "bearer"


class Role(StrEnum):
    """Who acts. Rows (own region, own cluster) come with the actor, not with the role."""

    CUR_ADMIN = "cur_admin"
    CUR_CONTROLLER = "cur_controller"
    SECRETARY = "secretary"
    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    CLUSTER = "cluster"
    AUTHORITY_HEAD = "authority_head"
    ASSOCIATION = "association"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    PLATFORM = "platform"
    SERVICE = "service"


class Rows(StrEnum):
    """Whose rows an operation reaches for an actor: everyone's, or those of its own claims."""

    ALL = "all"
    REGION = "own_region"
    CLUSTER = "own_cluster"
    INDUSTRY = "own_industry"
    # What the actor made itself, or what is addressed to it.
    OWN = "own"


EVERYONE: Final = frozenset(Role)
MACHINES: Final = frozenset({Role.SERVICE, Role.PLATFORM})


class Scope(StrEnum):
    """What a service account may do, beside having its role."""

    FEED = "feed:read"
    FACTS = "facts:read"
    ADDRESSEES = "addressees:resolve"
    SUBSCRIPTIONS = "subscriptions:write"


EVERY_SCOPE: Final = frozenset(Scope)


class Unauthenticated(DomainError):
    """There is no token, or none we can believe."""

    code: ClassVar[str] = "unauthenticated"
    title: ClassVar[str] = "Требуется токен доступа"


class IssuerAway(Unavailable):
    """The issuer's keys cannot be fetched, and none are known."""

    code = "issuer_unavailable"
    title = "Сервер выдачи токенов недоступен"


class PermissionDenied(Forbidden):
    """The actor's roles do not include one this operation is open to."""

    code = "permission_denied"


class ScopeMissing(PermissionDenied):
    """The role would do, but the service account was not given the scope."""

    code = "insufficient_scope"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the token's subject, roles, the rows that are the actor's own, and scopes.

    `rows` are those the operation asked for reaches; none before it is known.
    """

    id: str
    roles: frozenset[Role]
    regions: frozenset[str] = frozenset()
    clusters: frozenset[UUID] = frozenset()
    industries: frozenset[str] = frozenset()
    scopes: frozenset[Scope] = frozenset()
    rows: frozenset[Rows] = frozenset()

    def is_any(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)

    @property
    def reaches_all(self) -> bool:
        """Whether this operation reaches everyone's rows for the actor."""
        return Rows.ALL in self.rows


class Verifier:
    """Believes tokens of one issuer; remembers those it has verified.

    A remembered one is forgotten when it expires and when any key of the issuer changes.
    """

    def __init__(self, settings: ServiceSettings, keys: KeyRing | None = None) -> None:
        self._issuer = str(settings.oidc_issuer).rstrip("/")
        self._audience = settings.oidc_audience
        self._known: OrderedDict[str, tuple[float, Actor]] = OrderedDict()
        self.keys = keys or KeyRing(
            self._issuer,
            str(settings.oidc_jwks_url) if settings.oidc_jwks_url else None,
            development=settings.is_development,
            on_change=self.forget,
        )

    def forget(self) -> None:
        """Verify every token anew: the issuer's keys are not what they were."""
        self._known.clear()

    async def actor(self, token: str) -> Actor:
        """The token's actor. Raises `Unauthenticated`, or `IssuerAway` without any keys."""
        known = self._known.get(token)
        if known and known[0] > time.time() and not self.keys.is_empty:
            return known[1]
        if len(token) > _MAX_TOKEN:
            raise Unauthenticated("Токен слишком длинный.")
        try:
            header = jwt.get_unverified_header(token)
            # What we do not understand and must (`crit`) is a reason to refuse.
            if str(header.get("typ", "jwt")).lower() not in _TYPES or "crit" in header:
                raise Unauthenticated("Это не токен доступа.")
            if header.get("alg") != ALGORITHM:
                raise Unauthenticated("Токен подписан неподдерживаемым алгоритмом.")
            kid = header.get("kid")
            if not isinstance(kid, str) or len(kid) > _MAX_KID:
                raise Unauthenticated("В токене не назван ключ.")
            key = await self._key(kid)
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            actor = _actor_of(claims)
            expires = float(claims["exp"])
        # A header of a thousand brackets runs into the parser's recursion limit.
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise Unauthenticated("Токен недействителен или просрочен.") from error
        self._known[token] = (expires, actor)
        if len(self._known) > _REMEMBERED_TOKENS:
            self._known.popitem(last=False)
        return actor

    async def _key(self, kid: str) -> jwt.PyJWK:
        found = await self.keys.find(kid)
        if found is not None:
            return found
        if self.keys.is_empty:
            raise IssuerAway("Ключи сервера выдачи токенов пока недоступны. Повторите позже.")
        raise Unauthenticated("Токен подписан неизвестным ключом.")


def _actor_of(claims: Mapping[str, Any]) -> Actor:
    def listed(name: str) -> list[str]:
        value = claims.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TypeError(f"claim {name} is not a list of strings")
        return value

    # How Keycloak tells an ID token or a refresh token from an access token.
    if str(claims.get("typ", _ACCESS)).lower() != _ACCESS:
        raise Unauthenticated("Это не токен доступа.")
    scope = claims.get("scope", "")
    if not isinstance(scope, str):
        raise TypeError("claim scope is not a string")
    # `scopes` are those fixed for a client, where the issuer has no scopes of ours to grant.
    scopes = EVERY_SCOPE.intersection([*scope.split(), *listed("scopes")])
    return Actor(
        id=str(claims["sub"]),
        # A role we do not know gives nothing.
        roles=frozenset(Role(name) for name in listed("roles") if name in EVERYONE),
        regions=frozenset(listed("regions")),
        clusters=frozenset(UUID(value) for value in listed("clusters")),
        industries=frozenset(listed("industries")),
        scopes=frozenset(Scope(name) for name in scopes),
    )


_SCOPED: Final = (
    f"Служебной учётной записи (service, platform) нужна и область действия: {', '.join(Scope)}."
)


class _Scheme(OAuth2):
    """The security scheme, as OpenAPI and Swagger UI's Authorize see it before any settings."""

    def __init__(self) -> None:
        super().__init__(
            flows={"clientCredentials": {"tokenUrl": "/token", "scopes": {}}},
            scheme_name="oauth2",
            description=(
                f"Client credentials. На стенде: client_id — роль, client_secret — dev. {_SCOPED}"
            ),
            auto_error=False,
        )


scheme: Final = _Scheme()


def scheme_of(settings: ServiceSettings) -> dict[str, Any]:
    """What the scheme says of the issuer of these settings; nothing where none gives tokens."""
    if settings.oidc_token_url is None:
        return {}
    token_url = str(settings.oidc_token_url)
    flows = {"clientCredentials": {"tokenUrl": token_url, "scopes": {}}}
    if settings.oidc_authorization_url is None:
        return {"flows": flows}
    authorization_url = str(settings.oidc_authorization_url)
    people = {
        "authorizationCode": {"authorizationUrl": authorization_url} | flows["clientCredentials"]
    }
    return {
        "flows": people | flows,
        "description": (
            "Люди: authorizationCode, страница входа; client_secret оставьте пустым."
            " Программы: clientCredentials, имя и секрет учётной записи."
            f" {_SCOPED}"
        ),
    }


async def actor_behind(request: Request, authorization: str | None) -> Actor:
    """Whose token this is. Raises `Unauthenticated`, or `IssuerAway` without any keys."""
    kind, token = get_authorization_scheme_param(authorization)
    # Who has no token, or guesses one, is told apart by address.
    if kind.lower() != "bearer" or not token:
        await public(request)
        raise Unauthenticated("Передайте токен в заголовке Authorization: Bearer …")
    try:
        found: Actor = await request.state.verifier.actor(token)
    except Unauthenticated:
        await public(request)
        raise
    return found


async def public(request: Request) -> None:
    """The dependency of a route that is open to everyone, said aloud.

    Raises `TooManyRequests` (429) where an address asks too often.
    """
    request.state.limiter.take(address_of(request))


async def probe() -> None:
    """The dependency of health and metrics: open to everyone, and never refused for haste."""


def address_of(request: Request) -> str:
    """Where the request comes from, as the server or the proxy it believes says."""
    return request.client.host if request.client else ""
