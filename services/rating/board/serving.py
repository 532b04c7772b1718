"""How the board is given out: whole and at once, or as a stream of what changes."""

import asyncio
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.rating.board.live import Board, Snapshot
from shared.edge import safe_headers

PATH: Final = "/v1/ratings/regions"
_JSON: Final = b"application/json"


class ReadyBoard:
    """Pure ASGI in front of everything: the whole current rating, without routing or database."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["path"] != PATH
            or scope["method"] not in {"GET", "HEAD"}
            or scope["query_string"]
        ):
            await self._app(scope, receive, send)
            return
        snapshot: Snapshot | None = scope["state"]["board"].snapshot
        if snapshot is None:
            await self._app(scope, receive, send)
            return
        headers = [
            (b"etag", snapshot.etag),
            (b"cache-control", b"no-cache"),
            (b"access-control-allow-origin", b"*"),
            *safe_headers(scope["state"]["settings"]),
        ]
        asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        if snapshot.etag in asked:
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        body = snapshot.body
        headers += [(b"content-type", _JSON), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(
            {"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body}
        )


class EventStream(Response):
    """A stream of the board's frames as `text/event-stream`, ended when the client is gone.

    Raises `TooManyRequests` before it begins where it or its client has too many open.
    """

    def __init__(self, board: Board, last_id: str | None, client: str = "") -> None:
        self._board = board
        self._last_id = last_id
        self._client = client
        self.background = None
        self.status_code = 200
        self.raw_headers = [
            (b"content-type", b"text/event-stream; charset=utf-8"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._board.seats.take(self._client)
        try:
            async with asyncio.TaskGroup() as group:
                streaming = group.create_task(self._stream(send))
                leaving = group.create_task(_until_gone(receive))
                await asyncio.wait({streaming, leaving}, return_when=asyncio.FIRST_COMPLETED)
                streaming.cancel()
                leaving.cancel()
        finally:
            self._board.seats.leave(self._client)

    async def _stream(self, send: Send) -> None:
        headers = self.raw_headers
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for frame in self._board.watch(self._last_id):
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
