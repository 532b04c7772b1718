"""How services call each other: a token, time-outs, retries of what is idempotent."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import httpx
import stamina

from shared.settings import ServiceSettings

_RENEW_BEFORE_SECONDS: Final = 60
_ATTEMPTS: Final = 4
_TIMEOUT: Final = 10.0
# Our credentials, our pace: nothing is said of what was asked.
_OUR_OWN_TROUBLE: Final = frozenset({401, 403, 429})


class CalleeAway(ConnectionError):
    """No answer about what was asked: an outage, or our own doing; to be waited out.

    The other service or the token issuer does not answer, takes us for nobody (401, 403), or
    hears us too often (429).
    """


class CalleeRefused(RuntimeError):
    """The other service understood and said no: a disagreement, which repetition will not mend."""

    def __init__(self, message: str, *, status: int) -> None:
        self.status = status
        super().__init__(message)


def _is_passing(error: Exception) -> bool:
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code in {429, 502, 503, 504}
    return isinstance(error, httpx.TransportError)


class ServiceClient:
    """Requests with this service's own token, renewed before it expires."""

    def __init__(self, http: httpx.AsyncClient, settings: ServiceSettings) -> None:
        self._http = http
        self._settings = settings
        self._token = ""
        self._expires_at = 0.0

    def url(self, service: str, path: str) -> str:
        return self._settings.url_of(service) + path

    async def request(
        self,
        method: str,
        service: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        timeout: float = _TIMEOUT,  # noqa: ASYNC109 - the client's own, of each attempt
    ) -> httpx.Response:
        """An idempotent request, tried a few times with jittered back-off; `timeout` in seconds.

        Raises `CalleeAway` on an outage, where our credentials are not taken (401, 403) or our
        pace is not (429), and `CalleeRefused` on any other 4xx.
        """
        try:
            async for attempt in stamina.retry_context(on=_is_passing, attempts=_ATTEMPTS):
                with attempt:
                    response = await self._http.request(
                        method,
                        self.url(service, path),
                        params=params,
                        json=json,
                        timeout=timeout,
                        headers={"Authorization": f"Bearer {await self._bearer()}"},
                    )
                    response.raise_for_status()
        except httpx.HTTPStatusError as error:
            status = error.response.status_code
            said = f"{service} {path}: {status} {error.response.text[:500]}"
            if status >= 500 or status in _OUR_OWN_TROUBLE:
                raise CalleeAway(said) from error
            raise CalleeRefused(said, status=status) from error
        except httpx.TransportError as error:
            raise CalleeAway(f"{service} {path}: {error!r}") from error
        return response

    async def _bearer(self) -> str:
        if time.monotonic() < self._expires_at:
            return self._token
        settings = self._settings
        given = settings.service_client_secret
        secret = given.get_secret_value() if given else ""
        response = await self._http.post(
            str(settings.oidc_token_url),
            data={"grant_type": "client_credentials"},
            auth=(settings.service_client_id or "", secret),
        )
        if response.is_client_error:
            # Whatever it says, it is not an answer about the path that was asked.
            raise CalleeAway(f"no token: {response.status_code}")
        response.raise_for_status()
        answer = response.json()
        self._token = str(answer["access_token"])
        lifetime = float(answer.get("expires_in", 300)) - _RENEW_BEFORE_SECONDS
        self._expires_at = time.monotonic() + max(5.0, lifetime)
        return self._token


@asynccontextmanager
async def open_client(settings: ServiceSettings) -> AsyncIterator[ServiceClient]:
    """One client for the life of the process; proxies of the environment are not for us."""
    limits = httpx.Limits(max_connections=20)
    async with httpx.AsyncClient(timeout=_TIMEOUT, limits=limits, trust_env=False) as http:
        yield ServiceClient(http, settings)
