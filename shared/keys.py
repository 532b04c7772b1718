"""The issuer's public keys: discovered, kept fresh, fetched again for an unknown one, but rarely.

However many tokens with unknown keys arrive, and whether or not the issuer answers, it is asked at
most once per pause; all who wait for its answer share one request.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

ALGORITHM: Final = "RS256"
# The development issuer names its keys so; production believes none of them.
DEVELOPMENT_KEYS: Final = "development-"
# A key withdrawn by the issuer is believed no longer than this.
MAX_AGE_SECONDS: Final = 600.0
# While the issuer is away, known keys are still good; not for ever.
STALE_SECONDS: Final = 24 * 3600.0
_PAUSE_SECONDS: Final = 10.0
_FIRST_PAUSE_SECONDS: Final = 1.0
_TIMEOUT_SECONDS: Final = 5.0
_BITS: Final = 2048

logger = structlog.get_logger(__name__)


class WrongIssuer(ValueError):
    """The discovery document is that of another issuer."""


class KeyRing:
    """Keys of one issuer by `kid`; `on_change` hears when any of them is another than before.

    `http` makes the client the issuer is asked with, `monotonic` tells seconds.
    """

    def __init__(
        self,
        issuer: str,
        jwks_url: str | None = None,
        *,
        development: bool = False,
        on_change: Callable[[], None] = lambda: None,
        http: Callable[[], httpx.AsyncClient] = lambda: httpx.AsyncClient(
            timeout=_TIMEOUT_SECONDS, trust_env=False
        ),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._development = development
        self._on_change = on_change
        self._http = http
        self._monotonic = monotonic
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._published: Mapping[str, Any] = {}
        self._fetched_at = float("-inf")
        self._next_at = float("-inf")
        self._pause = _FIRST_PAUSE_SECONDS
        self._fetching = asyncio.Lock()

    def put(self, keys: Mapping[str, jwt.PyJWK]) -> None:
        """Take these for the issuer's keys, as if it had just been asked."""
        self._keys = keys
        self._fetched_at = self._monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether there is no key to believe: none was ever heard of, or all are too old."""
        return not self._keys or self._monotonic() - self._fetched_at > STALE_SECONDS

    async def find(self, kid: str) -> jwt.PyJWK | None:
        """The key of this name; the issuer is asked anew where it is unknown, if it is time."""
        if kid not in self._keys or self._monotonic() - self._fetched_at > MAX_AGE_SECONDS:
            await self.refresh()
        return None if self.is_empty else self._keys.get(kid)

    async def keep(self) -> None:
        """Ask ahead of need, for ever: no request waits for the issuer while it is well."""
        while True:
            await self.refresh()
            age = self._monotonic() - self._fetched_at
            due = max(_PAUSE_SECONDS, MAX_AGE_SECONDS / 2 - age)
            await asyncio.sleep(_PAUSE_SECONDS if self.is_empty else due)

    async def refresh(self) -> None:
        """Ask the issuer, unless it was asked lately; keeps what is known when it is away."""
        async with self._fetching:
            if self._monotonic() < self._next_at:
                return
            try:
                published = await self._ask()
                keys = {kid: jwt.PyJWK.from_dict(key) for kid, key in published.items()}
            except (httpx.HTTPError, jwt.PyJWTError, LookupError, TypeError, ValueError) as error:
                logger.warning("no keys of the issuer", error=repr(error))
                self._next_at = self._monotonic() + self._pause
                self._pause = min(self._pause * 2, _PAUSE_SECONDS)
                return
            self._pause = _FIRST_PAUSE_SECONDS
            self._fetched_at = self._monotonic()
            self._next_at = self._fetched_at + _PAUSE_SECONDS
            self._keys = keys
            if published != self._published:
                self._published = published
                self._on_change()

    async def _ask(self) -> dict[str, Any]:
        async with self._http() as client:
            url = self._jwks_url
            if url is None:
                discovery = f"{self._issuer}/.well-known/openid-configuration"
                found = (await client.get(discovery)).raise_for_status().json()
                if str(found["issuer"]).rstrip("/") != self._issuer:
                    raise WrongIssuer(f"{self._issuer} says it is {found['issuer']}"[:300])
                url = str(found["jwks_uri"])
            answer = (await client.get(url)).raise_for_status().json()
        return {key["kid"]: key for key in answer["keys"] if self._is_believed(key)}

    def _is_believed(self, key: Mapping[str, Any]) -> bool:
        """Only keys that sign with our algorithm, long enough, and of a real issuer."""
        kid = key.get("kid")
        if (
            not isinstance(kid, str)
            or key.get("kty") != "RSA"
            or key.get("use", "sig") != "sig"
            or key.get("alg", ALGORITHM) != ALGORITHM
        ):
            return False
        if kid.startswith(DEVELOPMENT_KEYS) and not self._development:
            logger.error("keys of the development issuer are refused in production")
            return False
        public = jwt.PyJWK.from_dict(dict(key)).key
        return isinstance(public, RSAPublicKey) and public.key_size >= _BITS
