"""Pure ASGI: bytes posted to `/publish` go to everyone on `/stream`; shared, queued per client."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_watchers: set[asyncio.Queue[bytes | None]] = set()
_BEHIND = 64


async def app(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] != "http":
        return
    if scope["path"] == "/publish":
        frame = b""
        more = True
        while more:
            message = await receive()
            frame += message.get("body", b"")
            more = message.get("more_body", False)
        for watcher in list(_watchers):
            if watcher.full():
                _watchers.discard(watcher)
                watcher.get_nowait()
                watcher.put_nowait(None)
            else:
                watcher.put_nowait(frame)
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]}
        )
        await send({"type": "http.response.body", "body": b""})
        return
    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"retry: 2000\n\n", "more_body": True})
    mine: asyncio.Queue[bytes | None] = asyncio.Queue(_BEHIND)
    _watchers.add(mine)
    streaming = asyncio.create_task(_stream(mine, send))
    leaving = asyncio.create_task(_gone(receive))
    await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
    streaming.cancel()
    leaving.cancel()
    _watchers.discard(mine)


async def _stream(watcher: asyncio.Queue[bytes | None], send: Send) -> None:
    while (frame := await watcher.get()) is not None:
        await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
