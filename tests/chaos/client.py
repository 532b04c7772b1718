"""A good client: a key per command, the same command again until it is known what became of it."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import uuid4

import httpx

from deploy.local.processes import SERVICES
from deploy.season.api import SECRET
from tests.chaos.journal import Journal

TIMEOUT_SECONDS: Final = 10.0
_FIRST_PAUSE: Final = 0.2
_LONGEST_PAUSE: Final = 2.0


@dataclass(slots=True)
class Command:
    """What somebody orders. `meant` are the executions it is for, by the version they are in."""

    kind: str
    who: str
    service: str
    path: str
    body: Any = None
    upload: bytes | None = None
    words: str | None = None
    meant: Mapping[str, int] = field(default_factory=dict)
    # Of what is not an execution: the version that was read.
    version: int | None = None
    key: str = field(default_factory=lambda: str(uuid4()))

    @property
    def is_single(self) -> bool:
        """Whether it is a command on one execution, protected by its version alone."""
        return len(self.meant) == 1 and not self.path.endswith("/bulk")


@dataclass(frozen=True, slots=True)
class Trouble:
    """An answer that was none: a 5xx with its problem's code, or a lost connection."""

    at: float
    service: str
    status: int | None
    code: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended."""

    ok: bool
    body: Any
    moved: Mapping[str, int]
    attempts: int = 1
    # How many of them ended without any answer.
    lost: int = 0


class Client:
    """Sends for everybody; remembers every trouble with its instant."""

    def __init__(
        self, http: httpx.AsyncClient, urls: Mapping[str, str], journal: Journal, dice: Random
    ) -> None:
        self._http = http
        self._urls = urls
        self._journal = journal
        self._dice = dice
        self._tokens: dict[str, str] = {}
        self.troubles: list[Trouble] = []
        # Refusals that are not problems as RFC 9457 has them.
        self.malformed: list[str] = []

    async def carry_out(self, command: Command) -> Answer:
        """Send it until it is answered; the journal knows before and after."""
        self._journal.write(
            "invoke",
            command.key,
            kind=command.kind,
            who=command.who,
            path=command.path,
            words=command.words,
            meant=dict(command.meant),
            body=command.body,
        )
        pause, attempts, lost = _FIRST_PAUSE, 0, 0
        while True:
            attempts += 1
            response = await self._try("POST", command.who, command.service, command.path, command)
            if response is not None:
                answer = replace(await self._judge(command, response, attempts), lost=lost)
                self._journal.write(
                    "ok" if answer.ok else "refused",
                    command.key,
                    status=response.status_code,
                    attempts=attempts,
                    moved=list(answer.moved.items()),
                    body=answer.body,
                )
                return answer
            last = self.troubles[-1]
            lost += last.status is None
            self._journal.write("unknown", command.key, status=last.status, code=last.code)
            await asyncio.sleep(pause * self._dice.uniform(0.5, 1.0))
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def read(self, who: str, service: str, path: str, **params: Any) -> Any:
        """The JSON of a read, asked for until it is answered.

        Raises `AssertionError` where it is refused.
        """
        while True:
            response = await self._try("GET", who, service, path, params=params)
            if response is not None:
                assert response.is_success, f"GET {path}: {response.status_code} {response.text}"
                return response.json()
            await asyncio.sleep(_FIRST_PAUSE)

    async def read_all(self, who: str, service: str, path: str, **params: Any) -> list[Any]:
        """Every item of a paged list."""
        items: list[Any] = []
        cursor: Mapping[str, Any] = {}
        while True:
            page = await self.read(who, service, path, limit=200, **params, **cursor)
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            cursor = {"cursor": page["next_cursor"]}

    async def set_clock(self, instant: datetime) -> None:
        """Move the stack's clock there and let it tick; asked for until each service answers."""
        body = {"instant": instant.isoformat(), "running": True}

        async def put(service: str) -> None:
            path = "/v1/clock"
            while True:
                if await self._try("PUT", "cur_admin", service, path, body=body) is not None:
                    return
                await asyncio.sleep(_FIRST_PAUSE)

        await asyncio.gather(*(put(service) for service in SERVICES))

    async def _judge(self, command: Command, response: httpx.Response, attempts: int) -> Answer:
        body = response.json()
        if response.is_success:
            return Answer(True, body, _moved(command, body), attempts)
        if attempts > 1 and command.is_single:
            # An earlier attempt may have done it: the step after the version meant says whose.
            [(execution, version)] = command.meant.items()
            steps = await self.read("auditor", "assignments", f"/v1/executions/{execution}/steps")
            for step in steps["items"]:
                mine = (step["command"], step["actor"]) == (command.kind, command.who)
                if step["version"] == version + 1 and mine:
                    return Answer(True, step, {execution: version + 1})
        elif attempts > 1 and command.kind in ("approve", "hold"):
            found = await self.read(command.who, "meetings", command.path.rsplit("/", 1)[0])
            if found["status"] in ("approved", "held"):
                return Answer(True, found, {})
        return Answer(False, body, {})

    async def _try(
        self,
        method: str,
        who: str,
        service: str,
        path: str,
        command: Command | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> httpx.Response | None:
        """One attempt; None, and a trouble noted, where it is not known what became of it."""
        began = time.monotonic()
        try:
            headers = {"Authorization": f"Bearer {await self._token(who)}"}
            files = None
            if command is not None:
                headers["Idempotency-Key"] = command.key
                if command.is_single:
                    headers["If-Match"] = f'"v{next(iter(command.meant.values()))}"'
                elif command.version is not None:
                    headers["If-Match"] = f'"v{command.version}"'
                if command.upload is not None:
                    files = {"file": ("отчёт.txt", command.upload, "text/plain")}
            response = await self._http.request(
                method,
                self._urls[service] + path,
                params=params,
                json=command.body if command is not None else body,
                headers=headers,
                files=files,
            )
        except httpx.TransportError as error:
            self.troubles.append(Trouble(began, service, None, type(error).__name__))
            return None
        if response.is_success:
            return response
        code = self._code(response)
        if response.status_code < 500:
            return response
        self.troubles.append(Trouble(time.monotonic(), service, response.status_code, code))
        return None

    def _code(self, response: httpx.Response) -> str:
        kind = response.headers.get("content-type", "")
        try:
            problem = response.json()
            assert kind == "application/problem+json"
            assert problem["status"] == response.status_code
            assert problem["detail"]
            return str(problem["code"])
        except (ValueError, KeyError, AssertionError):
            self.malformed.append(
                f"{response.url}: {response.status_code} {kind} {response.text[:300]}"
            )
            return "malformed"

    async def _token(self, who: str) -> str:
        known = self._tokens.get(who)
        if known is None:
            response = await self._http.post(
                f"{self._urls['issuer']}/token",
                data={"grant_type": "client_credentials"},
                auth=(who, SECRET),
            )
            response.raise_for_status()
            known = self._tokens[who] = str(response.json()["access_token"])
        return known


def _moved(command: Command, body: Any) -> Mapping[str, int]:
    """The executions an acknowledged command has moved, and the version they are in now."""
    if command.path.endswith("/bulk"):
        return {one["execution_id"]: one["version"] for one in body["items"] if one["done"]}
    return dict.fromkeys(command.meant, body["version"]) if command.meant else {}
