"""What stands around every request, as pure ASGI: size and time limits, CORS, headers, request id.

`BaseHTTPMiddleware` would halve the throughput.
"""

import asyncio
import re
import time
from typing import Final

import structlog
from fastapi.middleware.cors import CORSMiddleware
from fastapi.routing import APIRoute
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import problems
from shared.auth import actor_behind
from shared.errors import DomainError
from shared.ids import new_id
from shared.observability import REQUESTS
from shared.settings import ServiceSettings

MAX_BODY_BYTES: Final = 1024 * 1024
REQUEST_ID: Final = "X-Request-ID"
# On every answer; a page or a file that says otherwise knows better.
SAFE_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_HSTS: Final = b"strict-transport-security"
_REQUEST_ID_LENGTH: Final = 64
_PATH_BYTES: Final = 2048
_TOO_LARGE: Final = 413
# Asked by whoever would else take a busy process for a dead one.
_PROBES: Final = frozenset({"/livez", "/readyz", "/metrics"})


def safe_headers(settings: ServiceSettings) -> tuple[tuple[bytes, bytes], ...]:
    """What every answer of this process carries."""
    if not settings.hsts_seconds:
        return SAFE_HEADERS
    return (*SAFE_HEADERS, (_HSTS, f"max-age={settings.hsts_seconds}".encode()))


class BodyLimit:
    """One limit for all bodies, and a larger one, by setting, for the addresses that take files.

    A file is written to the disk as it comes, so there nothing is read of a stranger, and not of
    more than some at once. The server lets pass what comes after an answer.
    """

    def __init__(self, app: ASGIApp, uploads: str | None) -> None:
        self._app = app
        self._uploads = re.compile(uploads or "(?!)")
        self._usual = RequestBodyLimitMiddleware(app, MAX_BODY_BYTES)
        self._large: ASGIApp | None = None
        self._uploading = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._uploads.fullmatch(scope["path"]):
            await self._usual(scope, receive, send)
            return
        settings: ServiceSettings = scope["state"]["settings"]
        size = settings.upload_bytes
        if self._large is None:
            # The form's own lines come on top of the file.
            self._large = RequestBodyLimitMiddleware(self._app, size + 64 * 1024)
        scope["body_limit"] = size
        request = Request(scope)
        if not _has_body(request):
            await self._large(scope, receive, send)
            return
        try:
            await actor_behind(request, request.headers.get("authorization"))
        except DomainError as error:
            await problems.refused(request, error)(scope, receive, send)
            return
        if self._uploading >= settings.uploads_at_once:
            await problems.overloaded(request)(scope, receive, send)
            return
        is_coming = True
        self._uploading += 1

        def leave() -> None:
            nonlocal is_coming
            self._uploading -= is_coming
            is_coming = False

        async def answer(message: Message) -> None:
            # Before whoever is answered can send the next.
            leave()
            await send(message)

        try:
            await self._large(scope, receive, answer)
        finally:
            leave()


def _has_body(request: Request) -> bool:
    told = request.headers
    return "transfer-encoding" in told or told.get("content-length", "0") != "0"


class _Body:
    """A body on its way: how long its next piece is waited for."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._silence = settings.body_seconds
        self._rate = settings.body_rate
        self._waited = 0.0
        self._got = 0
        self.is_whole = False
        self.is_awaited = False

    @property
    def patience(self) -> float:
        """In seconds: of one silence, and of what slowness on the whole has left."""
        return self._silence + min(0.0, self._got / self._rate - self._waited)

    def take(self, message: Message, waited: float) -> None:
        """Count what has come."""
        self._waited += waited
        self._got += len(message.get("body", b""))
        self.is_whole = not message.get("more_body", False)


class Requests:
    """Request id in, out and in the logs; limits of size, time and number; time taken.

    While a request waits for more of its body it is not in hand: it costs no work, and many that
    never end would keep everybody else out. They have places of their own, and where those are all
    taken the one that keeps its place the worst loses it, so nobody is kept out by them there.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._in_hand = 0
        # The limits of time of those that wait for more of their bodies.
        self._waiting: set[asyncio.Timeout] = set()

    def _make_room(self, places: int) -> None:
        """Let go those whose time would be up first, until the rest have places."""
        while len(self._waiting) > places:
            last = min(self._waiting, key=lambda one: one.when() or 0)
            self._waiting.discard(last)
            if not last.expired():
                last.reschedule(asyncio.get_running_loop().time())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get(REQUEST_ID, "")
        usable = 0 < len(given) <= _REQUEST_ID_LENGTH and given.isascii() and given.isprintable()
        request_id = given if usable else str(new_id())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        settings: ServiceSettings = scope["state"]["settings"]
        always = safe_headers(settings)
        status = 0
        started = time.perf_counter()
        is_full = self._in_hand >= settings.requests_in_hand and scope["path"] not in _PROBES
        self._in_hand += 1
        loop = asyncio.get_running_loop()
        body = _Body(settings)

        async def hear() -> Message:
            if body.is_whole or status:
                return await receive()
            began = loop.time()
            body.is_awaited = True
            limit.reschedule(began + body.patience)
            self._in_hand -= 1
            self._waiting.add(limit)
            if len(self._waiting) > settings.bodies_at_once:
                # Most have come with their headers, and are gone by then.
                loop.call_soon(self._make_room, settings.bodies_at_once)
            try:
                message = await receive()
            finally:
                self._waiting.discard(limit)
                self._in_hand += 1
            now = loop.time()
            body.is_awaited = False
            body.take(message, now - began)
            # None: an answer has begun meanwhile.
            if limit.when() is not None and not limit.expired():
                limit.reschedule(now + settings.request_seconds)
            return message

        async def respond(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                # A stream that has begun waits for nothing of ours.
                self._in_hand -= 1
                headers = list(message["headers"])
                said = {name for name, _ in headers}
                headers += [header for header in always if header[0] not in said]
                headers.append((b"x-request-id", request_id.encode()))
                message["headers"] = headers
                # What has begun may last: a stream, a file for a slow line.
                self._waiting.discard(limit)
                limit.reschedule(None)
            await send(message)

        async def answer(message: Message) -> None:
            if status == _TOO_LARGE:
                return  # the rest of what has been replaced
            if message["type"] == "http.response.start" and message["status"] == _TOO_LARGE:
                # The framework's own body limit answers in plain text.
                refusal = problems.too_large(request, scope.get("body_limit", MAX_BODY_BYTES))
                await refusal(scope, receive, respond)
                return
            await respond(message)

        try:
            async with asyncio.timeout(settings.request_seconds) as limit:
                refusal = problems.overloaded(request) if is_full else _oversize(request, settings)
                await (refusal or self._app)(scope, hear, respond if refusal else answer)
        except TimeoutError:
            if status or not limit.expired():
                raise
            late = problems.too_slow if body.is_awaited else problems.timed_out
            async with asyncio.timeout(None) as limit:
                await late(request)(scope, receive, respond)
        except Exception as error:
            if status:
                raise
            # Here and not in the framework's outermost layer, whose answer would lack our headers.
            async with asyncio.timeout(None) as limit:
                await (await problems.on_bug(request, error))(scope, receive, respond)
        finally:
            if not status:
                self._in_hand -= 1
            route = scope.get("route")
            template = route.path if isinstance(route, APIRoute) else "other"
            taken = time.perf_counter() - started
            REQUESTS.labels(scope["method"], template, status or 500).observe(taken)


def _oversize(request: Request, settings: ServiceSettings) -> Response | None:
    """The refusal of a request line or headers over the limits."""
    scope = request.scope
    if (
        len(scope["query_string"]) > settings.query_bytes
        or len(scope.get("raw_path") or b"") > _PATH_BYTES
    ):
        return problems.too_long(request)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > settings.header_bytes:
        return problems.headers_too_large(request)
    return None


class Cors:
    """CORS by setting, which is known only once the app has started; closed without it."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = app
        self._cors: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._inner(scope, receive, send)
            return
        if self._cors is None:
            self._cors = CORSMiddleware(
                self._inner,
                allow_origins=scope["app"].state.cors_origins,
                allow_methods=["*"],
                allow_headers=["*"],
                expose_headers=[REQUEST_ID, "ETag", "Link", "Retry-After"],
            )
        await self._cors(scope, receive, send)
