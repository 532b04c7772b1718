"""HTTP/1.1 over kept connections with next to no cost: a loader must not be what is measured."""

import asyncio
import time
import urllib.request
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

HOST: Final = "127.0.0.1"
_LIMIT: Final = 4 * 2**20
# The server closes what is idle for 75 s, maybe just when a request is on its way to it.
_KEPT_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers in lower case, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def request(method: str, path: str, *, token: str = "", body: bytes = b"", **more: str) -> bytes:
    """A request's bytes; `if_none_match=…` names a header."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {HOST}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in more.items()]
    if body:
        lines.append("Content-Type: application/json")
    if body or method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection:
    """One kept connection: a request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._used = time.monotonic()

    async def send(self, request: bytes) -> Answer:
        """Send and read the whole answer."""
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split(" ", 2)[1])
        headers = {}
        for line in head[1:-2]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = await self._reader.readexactly(length) if length and status != 304 else b""
        self._used = time.monotonic()
        return Answer(status, headers, body)

    @property
    def is_open(self) -> bool:
        """Whether the server has not closed it, nor is about to."""
        return not self._reader.at_eof() and time.monotonic() < self._used + _KEPT_SECONDS

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Connection]:
    """A connection while the block runs."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=_LIMIT)
    connection = Connection(reader, writer)
    try:
        yield connection
    finally:
        connection.close()


class Pool:
    """As many connections to a port as are needed at once."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._free: list[Connection] = []
        self.opened = 0

    async def open(self, count: int) -> None:
        """Have so many connections open, as whoever sends much keeps them."""
        while len(self._free) < count:
            self._free.append(await self._new())

    async def _new(self) -> Connection:
        reader, writer = await asyncio.open_connection(HOST, self._port, limit=_LIMIT)
        self.opened += 1
        return Connection(reader, writer)

    async def send(self, request: bytes) -> Answer:
        """Send over a free connection, or a new one."""
        connection = self._idle() or await self._new()
        answer = await connection.send(request)
        self._free.append(connection)
        return answer

    def _idle(self) -> Connection | None:
        """The connection used last; those the server has closed, unused for long, are let go."""
        while self._free:
            connection = self._free.pop()
            if connection.is_open:
                return connection
            connection.close()
        return None

    def close(self) -> None:
        for connection in self._free:
            connection.close()


def get(url: str, *, token: str = "") -> tuple[bytes, Mapping[str, Any]]:
    """One answer, for preparation. Raises `urllib.error.HTTPError`."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


@dataclass(frozen=True, slots=True)
class Frame:
    """One event of a stream."""

    id: str | None
    data: bytes


async def frames(port: int, path: str, *, after: str | None = None) -> AsyncIterator[Frame]:
    """The events of a stream until it ends; comments and chunk sizes are passed over."""
    reader, writer = await asyncio.open_connection(HOST, port, limit=_LIMIT)
    asked = request("GET", path)
    if after is not None:
        asked = request("GET", path, last_event_id=after)
    writer.write(asked)
    try:
        await reader.readuntil(b"\r\n\r\n")
        while True:
            try:
                found = frame_of(await reader.readuntil(b"\n\n"))
            except asyncio.IncompleteReadError:
                return
            if found is not None:
                yield found
    finally:
        writer.close()


def frame_of(raw: bytes) -> Frame | None:
    """The event in the bytes up to an empty line; None where there is none."""
    number = None
    data = None
    for line in raw.split(b"\n"):
        if line.startswith(b"id: "):
            number = line[4:].decode()
        elif line.startswith(b"data: "):
            data = line[6:]
    return Frame(number, data) if data is not None else None
