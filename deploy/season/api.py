"""The public APIs as the season's people use them: a token per client, a `now` per request."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from httpx import codes

SECRET: Final = "dev"  # noqa: S105 - the development issuer's only secret
# More at once only wait for each other: each service answers from one process.
_PARALLEL: Final = 8


_SETTLE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


class Refused(RuntimeError):
    """A service said no to something the season's plan takes for granted."""


class NotSettled(RuntimeError):
    """What was set in motion did not come to rest in time."""


async def until(settled: Callable[[], Awaitable[object]], what: str) -> None:
    """Wait for a condition another process brings about. Raises `NotSettled`."""
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            while not await settled():  # noqa: ASYNC110 - it happens in another process
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise NotSettled(f"За {_SETTLE_SECONDS:.0f} с не дождались: {what}.") from None


@dataclass(slots=True)
class Api:
    """Every service by name, every client by its id; counts what it sends.

    `tokens` by who asks: the development issuer is asked for those that are not there.
    """

    http: httpx.AsyncClient
    urls: Mapping[str, str]
    sent: int = 0
    tokens: dict[str, str] = field(default_factory=dict)
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_PARALLEL))

    async def get(self, who: str, service: str, path: str, **params: Any) -> Any:
        """The JSON of a read. Raises `Refused`."""
        return await self._send("GET", who, service, path, params=params)

    async def post(
        self, who: str, service: str, path: str, body: Any = None, *, at: datetime | None = None
    ) -> Any:
        """The JSON of a command, carried out at the simulated instant. Raises `Refused`."""
        return await self._send("POST", who, service, path, body=body, at=at)

    async def post_as_read(
        self, who: str, service: str, path: str, command: str, *, at: datetime | None = None
    ) -> Any:
        """The JSON of a command on what the path shows, as just read. Raises `Refused`."""
        version = (await self.get(who, service, path))["version"]
        return await self._send("POST", who, service, f"{path}/{command}", at=at, version=version)

    async def put(
        self, who: str, service: str, path: str, body: Any, *, at: datetime | None = None
    ) -> Any:
        """The JSON of what is put there at the simulated instant. Raises `Refused`."""
        return await self._send("PUT", who, service, path, body=body, at=at)

    async def upload(
        self,
        who: str,
        service: str,
        path: str,
        file: tuple[str, bytes],
        form: Mapping[str, str],
        *,
        at: datetime,
    ) -> Any:
        """The JSON of what is made of a file, given as name and content. Raises `Refused`."""
        return await self._send("POST", who, service, path, file=file, form=form, at=at)

    async def all(self, who: str, service: str, path: str, **params: Any) -> list[Any]:
        """Every page of a list. Raises `Refused`."""
        items: list[Any] = []
        cursor: Mapping[str, Any] = {}
        while True:
            page = await self.get(who, service, path, limit=200, **params, **cursor)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def set_clock(self, instant: datetime, *, running: bool = False) -> None:
        """Set the simulated clock of all four services."""
        body = {"instant": instant.isoformat(), "running": running}
        services = [name for name in self.urls if name != "issuer"]
        await asyncio.gather(
            *(self._send("PUT", "cur_admin", name, "/v1/clock", body=body) for name in services)
        )

    async def _send(
        self,
        method: str,
        who: str,
        service: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        form: Mapping[str, str] | None = None,
        at: datetime | None = None,
        version: int | None = None,
    ) -> Any:
        headers = {"Authorization": f"Bearer {await self._token(who)}"}
        if at is not None:
            headers["X-Simulated-Now"] = at.isoformat()
        if version is not None:
            headers["If-Match"] = f'"v{version}"'
        async with self._gate:
            while True:
                response = await self.http.request(
                    method,
                    self.urls[service] + path,
                    params=params,
                    json=body,
                    data=form,
                    files={"file": file} if file else None,
                    headers=headers,
                )
                if response.status_code != codes.TOO_MANY_REQUESTS:
                    break
                # One administrator enters a whole country: as slowly as is allowed.
                await asyncio.sleep(int(response.headers["Retry-After"]))
        self.sent += method == "POST"
        if response.is_error:
            raise Refused(f"{method} {path} → {response.status_code}: {response.text[:600]}")
        return response.json()

    async def _token(self, who: str) -> str:
        known = self.tokens.get(who)
        if known is None:
            response = await self.http.post(
                f"{self.urls['issuer']}/token",
                data={"grant_type": "client_credentials"},
                auth=(who, SECRET),
            )
            response.raise_for_status()
            known = self.tokens[who] = response.json()["access_token"]
        return known
