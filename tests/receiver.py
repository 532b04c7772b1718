"""A subscriber's HTTP server for tests, which keeps what comes and answers as it is told."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

Respond = Callable[["Receiver", asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Got:
    """A request as it came."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """Answers in turn what it is told to; after that 204."""

    def __init__(self, *answers: Respond) -> None:
        self.answers = list(answers)
        self.got: list[Got] = []
        # The ids of those that got the usual 204.
        self.accepted: list[str] = []
        self.came = asyncio.Event()
        self.open = asyncio.Event()
        self.url = ""

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.got]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            line, *rest = head.strip().split("\r\n")
            headers = {name.lower(): value for name, value in (one.split(": ") for one in rest)}
            body = await reader.readexactly(int(headers["content-length"]))
            got = Got(line, headers, body)
            self.got.append(got)
            self.came.set()
            if self.answers:
                await self.answers.pop(0)(self, writer)
            else:
                await answer(204)(self, writer)
                self.accepted.append(got.id)
            await writer.drain()
        writer.close()


def answer(status: int, body: str = "", **headers: str) -> Respond:
    """Answer so; `retry_after="7"` is the header Retry-After."""

    async def respond(_: Receiver, writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body.encode())}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", body]).encode())

    return respond


async def hang(receiver: Receiver, _: asyncio.StreamWriter) -> None:
    """Say nothing until the test is over."""
    await receiver.open.wait()


async def close(_: Receiver, writer: asyncio.StreamWriter) -> None:
    """Hang up without a word."""


async def say_yes_and_hang(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """The status, and a body that never ends."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthank")
    await writer.drain()
    await receiver.open.wait()


async def flood(receiver: Receiver, writer: asyncio.StreamWriter) -> None:
    """A body as large as the other side takes."""
    writer.write(b"HTTP/1.1 500 Sorry\r\nContent-Length: 1000000000\r\n\r\n")
    while not receiver.open.is_set():
        writer.write(b"\0very long " * 5000)
        await writer.drain()


def raw(sent: bytes) -> Respond:
    """These very bytes."""

    async def respond(_: Receiver, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    return respond


@asynccontextmanager
async def receiver(*answers: Respond, tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver that listens on a port of its own."""
    found = Receiver(*answers)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0, ssl=tls)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
    try:
        yield found
    finally:
        found.open.set()
        server.close()
