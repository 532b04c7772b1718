"""Bearer token → `Actor`; each route names the permission it needs, and deny is the default.

Tokens are JWTs of one OIDC issuer, verified against its JWKS: algorithm pinned to RS256, `iss`,
`aud`, `exp` and `nbf` demanded. Keys are fetched once and again on an unknown `kid`, at most
every ten seconds.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final
from uuid import UUID

import httpx
import jwt
import structlog
from fastapi import Depends, Request
from fastapi.security import OAuth2
from fastapi.security.utils import get_authorization_scheme_param

from shared.errors import DomainError, Forbidden, Unavailable
from shared.settings import ServiceSettings

_ALGORITHM: Final = "RS256"
_LEEWAY_SECONDS: Final = 10
_REFRESH_SECONDS: Final = 10
_REMEMBERED_TOKENS: Final = 4096
_MAX_TOKEN: Final = 8192


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


EVERYONE: Final = frozenset(Role)


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


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: the token's subject, roles, and the rows that are the actor's own."""

    id: str
    roles: frozenset[Role]
    regions: frozenset[str] = frozenset()
    clusters: frozenset[UUID] = frozenset()
    industries: frozenset[str] = frozenset()

    def is_any(self, *roles: Role) -> bool:
        return not self.roles.isdisjoint(roles)


class Verifier:
    """Believes tokens of one issuer; remembers those it has verified until they expire."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._issuer = str(settings.oidc_issuer).rstrip("/")
        self._audience = settings.oidc_audience
        self._jwks_url = str(settings.oidc_jwks_url) if settings.oidc_jwks_url else None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()
        self._known: OrderedDict[str, tuple[float, Actor]] = OrderedDict()

    async def actor(self, token: str) -> Actor:
        """The token's actor. Raises `Unauthenticated`, or `IssuerAway` without any keys."""
        known = self._known.get(token)
        if known and known[0] > time.time():
            return known[1]
        if len(token) > _MAX_TOKEN:
            raise Unauthenticated("Токен слишком длинный.")
        try:
            header = jwt.get_unverified_header(token)
            key = await self._key(header.get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=[_ALGORITHM],
                audience=self._audience,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iat", "iss", "aud", "sub"]},
            )
            actor = _actor_of(claims)
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated("Токен недействителен или просрочен.") from error
        self._known[token] = (float(claims["exp"]), actor)
        if len(self._known) > _REMEMBERED_TOKENS:
            self._known.popitem(last=False)
        return actor

    async def _key(self, kid: object) -> jwt.PyJWK:
        if not isinstance(kid, str) or kid not in self._keys:
            await self._fetch()
        if not self._keys:
            raise IssuerAway("Ключи сервера выдачи токенов пока недоступны. Повторите позже.")
        if not isinstance(kid, str) or kid not in self._keys:
            raise Unauthenticated("Токен подписан неизвестным ключом.")
        return self._keys[kid]

    async def _fetch(self) -> None:
        async with self._fetching:
            if time.monotonic() - self._fetched_at < _REFRESH_SECONDS and self._keys:
                return
            try:
                async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
                    if self._jwks_url is None:
                        discovery = f"{self._issuer}/.well-known/openid-configuration"
                        found = (await client.get(discovery)).raise_for_status().json()
                        self._jwks_url = str(found["jwks_uri"])
                    answer = (await client.get(self._jwks_url)).raise_for_status().json()
                keys = jwt.PyJWKSet.from_dict(answer).keys
            except (httpx.HTTPError, jwt.PyJWTError, KeyError, ValueError) as error:
                structlog.get_logger(__name__).warning("no keys of the issuer", error=repr(error))
                return
            self._keys = {key.key_id: key for key in keys if key.key_id}
            self._fetched_at = time.monotonic()


def _actor_of(claims: Mapping[str, Any]) -> Actor:
    def listed(name: str) -> list[str]:
        value = claims.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise TypeError(f"claim {name} is not a list of strings")
        return value

    return Actor(
        id=str(claims["sub"]),
        # A role we do not know gives nothing.
        roles=frozenset(Role(name) for name in listed("roles") if name in EVERYONE),
        regions=frozenset(listed("regions")),
        clusters=frozenset(UUID(value) for value in listed("clusters")),
        industries=frozenset(listed("industries")),
    )


class _ClientCredentials(OAuth2):
    """The security scheme, as OpenAPI and Swagger UI's Authorize see it."""

    def __init__(self) -> None:
        super().__init__(
            flows={"clientCredentials": {"tokenUrl": "/token", "scopes": {}}},
            scheme_name="oauth2",
            description="Client credentials. На стенде: client_id — роль, client_secret — dev.",
            auto_error=False,
        )


scheme: Final = _ClientCredentials()


def demand(*roles: Role) -> Callable[..., Any]:
    """The dependency of a route open to these roles; gives its `Actor`.

    Raises `Unauthenticated` (401) and `PermissionDenied` (403).
    """
    allowed = frozenset(roles)

    async def actor(
        request: Request, authorization: Annotated[str | None, Depends(scheme)]
    ) -> Actor:
        kind, token = get_authorization_scheme_param(authorization)
        if kind.lower() != "bearer" or not token:
            raise Unauthenticated("Передайте токен в заголовке Authorization: Bearer …")
        found: Actor = await request.state.verifier.actor(token)
        if found.roles.isdisjoint(allowed):
            names = ", ".join(sorted(allowed))
            raise PermissionDenied(f"Действие доступно ролям: {names}.")
        structlog.contextvars.bind_contextvars(actor=found.id)
        return found

    actor.roles = allowed  # type: ignore[attr-defined]
    return actor


async def public() -> None:
    """The dependency of a route that is open to everyone, said aloud."""
