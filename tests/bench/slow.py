"""A watcher that does not read: it must be dropped, and miss nothing when it comes back."""

import asyncio
import re
import socket
from dataclasses import dataclass
from typing import Final

import asyncpg
from pydantic_core import from_json

from services.rating.repository.standings import CHANNEL, SCORED
from tests.bench import http

_STREAM: Final = "/v1/ratings/stream"
_BOARD: Final = "/v1/ratings/regions"
_BURSTS: Final = 400
_SECONDS: Final = 60.0
_ID: Final = re.compile(rb"id: (\S+)")


@dataclass(frozen=True, slots=True)
class Slow:
    """Whether it was dropped, whether it then got all it had missed, and how to say so."""

    dropped: bool
    caught_up: bool
    told: str


async def drop_and_resume(port: int, dsn: str) -> Slow:
    """Change every line again and again while one watcher reads nothing."""
    loop = asyncio.get_running_loop()
    sleeper = socket.socket()
    sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sleeper.setblocking(False)
    await loop.sock_connect(sleeper, (http.HOST, port))
    await loop.sock_sendall(sleeper, http.request("GET", _STREAM))
    connection = await asyncpg.connect(dsn)
    try:
        awake = http.frames(port, _STREAM)
        await anext(awake)
        for _ in range(_BURSTS):
            async with connection.transaction():
                await connection.execute(
                    "update standings set executions = executions + 1,"
                    " revision = nextval('standings_revision')"
                )
                await connection.execute("select pg_notify($1, $2)", CHANNEL, SCORED)
            async with asyncio.timeout(_SECONDS):
                last = await anext(awake)
        read, ended = await _read_up(sleeper)
        ids = [found.decode() for found in _ID.findall(read)]
        newest = ids[-1] if ids else None
        async with asyncio.timeout(_SECONDS):
            missed = await anext(http.frames(port, _STREAM, after=newest))
        async with http.connected(port) as reading:
            board = from_json((await reading.send(http.request("GET", _BOARD))).body)["items"]
        caught_up = missed.id == last.id and from_json(missed.data)["items"] == board
        told = (
            f"прочёл {len(ids)} кадров из {_BURSTS + 1}, "
            + ("отключён" if ended else "не отключён")
            + (", догнал одним кадром" if caught_up else ", не догнал")
        )
        return Slow(ended and len(ids) <= _BURSTS, caught_up, told)
    finally:
        sleeper.close()
        await connection.close()


async def _read_up(sleeper: socket.socket) -> tuple[bytes, bool]:
    """What had been sent to it, and whether the stream then ended."""
    loop = asyncio.get_running_loop()
    read = b""
    try:
        async with asyncio.timeout(10):
            # The end of a chunked answer: the server keeps the connection for the next request.
            while not read.endswith(b"\r\n0\r\n\r\n"):
                data = await loop.sock_recv(sleeper, 1 << 20)
                if not data:
                    break
                read += data
    except TimeoutError:
        return read, False
    return read, True
