"""The live board: current standings in memory as ready bytes, and everyone who watches them.

Loaded at start and whenever the scorer tells of a change; once a second its head (`as_of`,
`complete_through`) is renewed. Requests touch no database.
"""

import asyncio
import hashlib
import secrets
import signal
import sys
import threading
from collections.abc import (
    AsyncIterator,
    Hashable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import asyncpg
import structlog
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.rating.domain.attendance import Attendance
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.models import Region, SliceRow
from services.rating.repository import attendance, directory
from services.rating.repository import standings as repository
from services.rating.service import regions as service
from services.rating.service.histories import tell_trends
from services.rating.service.methodologies import methodology_of, mu_of
from services.rating.service.profiles import LastMonth
from services.rating.service.regions import Row
from shared.clock import Clock
from shared.db import Sessions, connect, open_sessions, transaction
from shared.edge import safe_headers
from shared.limits import Seats
from shared.settings import ServiceSettings

PATH: Final = "/v1/ratings/regions"
_RENEW_SECONDS: Final = 1.0
_PING_SECONDS: Final = 15.0
# A watcher this many frames behind is dropped; it comes back with Last-Event-ID and misses nothing.
_FRAMES_BEHIND: Final = 64
_JSON: Final = b"application/json"
_STABLE: Final = ("period", "methodology", "methodology_version", "mu_bp")

logger = structlog.get_logger(__name__)


def render_row(row: Row) -> dict[str, Any]:
    """A region's line as every client sees it."""
    return {
        "region": row.region.code,
        "name": row.region.name,
        "short_name": row.region.short_name,
        "federal_district": row.region.federal_district,
        "raw_bp": row.raw_bp,
        "stabilised_bp": row.stabilised_bp,
        "zone": row.zone,
        "place": row.place,
        "change_bp": row.change_bp,
        "place_before": row.place_before,
        "executions": row.tally.executions,
        "weight": row.tally.weight,
        "on_time_bp": row.tally.on_time_bp,
        "debts": row.tally.debts,
        "provisional": row.tally.provisional,
        "attendance_bp": row.attendance.share_bp,
        "meetings": row.attendance.meetings,
        "mean_delay_hundredths": row.tally.mean_delay_hundredths,
        "returns": row.tally.returns,
        "extensions": row.tally.extensions,
    }


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the board shows at one moment."""

    head: Mapping[str, Any]
    items: tuple[Mapping[str, Any], ...]
    body: bytes
    etag: bytes
    # Pages made of it, by what they differ in: made once, forgotten with it.
    pages: dict[Hashable, str] = field(default_factory=dict)


class Board:
    """The current standings; one per API process."""

    def __init__(self, seats: Seats | None = None) -> None:
        # For those who watch; as many as come where nobody says.
        self.seats = seats or Seats(sys.maxsize, sys.maxsize)
        # Of this board alone: another process, or this one started again, counts its own.
        self._life = secrets.token_hex(4)
        self.revision = 0
        # The revision of the stored standings that are shown.
        self.stored = 0
        # The instant up to which the lines shown have every fact.
        self.complete_through: datetime | None = None
        self._changed_at: dict[str, int] = {}
        self._snapshot: Snapshot | None = None
        # Region → its score of each day of the month, for sparklines; as of the minute.
        self.courses: Mapping[str, Sequence[int | None]] = {}
        self.courses_as_of: datetime | None = None
        # What the pages of all regions are worked out from.
        self.month = LastMonth()
        self._watchers: set[asyncio.Queue[bytes | None]] = set()

    @property
    def snapshot(self) -> Snapshot | None:
        """None until the first load."""
        return self._snapshot

    @property
    def period(self) -> str | None:
        """The month that is shown; None until the first load."""
        return str(self._snapshot.head["period"]) if self._snapshot else None

    def show(self, head: Mapping[str, Any], items: list[dict[str, Any]], revision: int) -> None:
        """Take the standings in; watchers get the lines that differ from what they have."""
        self.stored = revision
        before = self._snapshot
        known = {item["region"]: item for item in before.items} if before else {}
        if before is None or before.head["period"] != head["period"]:
            known = {}
        changed = [item for item in items if known.get(item["region"]) != item]
        if changed or before is None:
            self.revision += 1
            for item in changed:
                self._changed_at[item["region"]] = self.revision
        self._snapshot = _render(head, items)
        if changed:
            frame = self._frame(changed)
            for watcher in list(self._watchers):
                self._send(watcher, frame)

    def renew(self, head: Mapping[str, Any]) -> None:
        """Show the same lines under a newer head."""
        if self._snapshot is not None:
            items = list(self._snapshot.items)
            self._snapshot = _render({**self._snapshot.head, **head}, items)

    def _frame(self, items: list[Mapping[str, Any]] | list[dict[str, Any]]) -> bytes:
        assert self._snapshot is not None, "frames are made of a loaded board"
        data = to_json({**self._snapshot.head, "items": items})
        number = f"{self._life}-{self.revision}".encode()
        return b"event: standings\nid: %s\ndata: %s\n\n" % (number, data)

    def _send(self, watcher: asyncio.Queue[bytes | None], frame: bytes | None) -> None:
        try:
            watcher.put_nowait(frame)
        except asyncio.QueueFull:
            self._watchers.discard(watcher)
            # All or nothing: its last id must not pass over a frame that it never gets.
            while not watcher.empty():
                watcher.get_nowait()
            watcher.put_nowait(None)

    def _known(self, last_id: str | None) -> int:
        """The revision of which a watcher has every line; -1 where the id is not of this board."""
        life, _, number = (last_id or "").rpartition("-")
        return int(number) if life == self._life else -1

    async def watch(self, last_id: str | None) -> AsyncIterator[bytes]:
        """Frames for one watcher: first what changed after that id (all where it is not ours)."""
        watcher: asyncio.Queue[bytes | None] = asyncio.Queue(_FRAMES_BEHIND)
        self._watchers.add(watcher)
        try:
            yield b"retry: 2000\n\n"
            if self._snapshot is not None:
                known = self._known(last_id)
                missed = [
                    item
                    for item in self._snapshot.items
                    if self._changed_at.get(str(item["region"]), 0) > known
                ]
                if missed:
                    yield self._frame(missed)
            while True:
                try:
                    async with asyncio.timeout(_PING_SECONDS):
                        frame = await watcher.get()
                except TimeoutError:
                    frame = b": ping\n\n"
                if frame is None:
                    return
                yield frame
        finally:
            self._watchers.discard(watcher)

    def close(self) -> None:
        """End every stream: a server that is to stop must not wait for them."""
        for watcher in list(self._watchers):
            self._send(watcher, None)


def _render(head: Mapping[str, Any], items: list[Any]) -> Snapshot:
    lines = to_json(items)
    # Weak: the head moves every second, the lines only when a score does.
    stable = to_json([head[name] for name in _STABLE]) + lines
    etag = b'W/"' + hashlib.sha256(stable).hexdigest()[:32].encode() + b'"'
    body = to_json(head)[:-1] + b',"items":' + lines + b"}"
    return Snapshot(head, tuple(items), body, etag)


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


@asynccontextmanager
async def open_board(settings: ServiceSettings, clock: Clock) -> AsyncIterator[dict[str, Any]]:
    """The board of this process, kept current until the process ends."""
    board = Board(Seats(settings.streams, settings.streams_each))
    loop = asyncio.get_running_loop()
    async with (
        open_sessions(settings.database_dsn, pool_size=2) as sessions,
        asyncio.TaskGroup() as group,
    ):
        keeping = group.create_task(_keep(settings.database_dsn, sessions, board, clock))
        with _closing_on_signals(loop, board):
            yield {"board": board}
        keeping.cancel()


@dataclass(frozen=True, slots=True)
class _Setting:
    """What lines are made with besides tallies; it changes seldom, and that is told."""

    month: Period
    regions: Mapping[str, Region]
    methodology: Methodology
    mu_bp: int
    before: Mapping[str, SliceRow]
    attended: Mapping[str, Attendance]


class _Told:
    """What has been told since the lines were last read."""

    def __init__(self) -> None:
        self.anything = asyncio.Event()
        # More than scores: whatever lines are made with may be another.
        self.everything = False

    def hear(self, payload: str = "") -> None:
        self.everything = self.everything or payload != repository.SCORED
        self.anything.set()

    def forget(self) -> None:
        self.anything.clear()
        self.everything = False


async def _keep(dsn: str, sessions: Sessions, board: Board, clock: Clock) -> None:
    """Load at start and on every change told; renew the head once a second; outlive outages."""
    told = _Told()
    while True:
        try:
            connection = await connect(dsn)
            try:
                await connection.add_listener(
                    repository.CHANNEL, lambda *heard: told.hear(str(heard[-1]))
                )
                connection.add_termination_listener(lambda _: told.hear())
                told.hear()
                setting: _Setting | None = None
                while not connection.is_closed():
                    setting = await _refresh(sessions, board, clock, told, setting)
                    await _wait(told.anything)
            finally:
                connection.terminate()
        except (
            OSError,
            TimeoutError,
            asyncpg.PostgresError,
            asyncpg.InterfaceError,
            DBAPIError,
        ) as error:
            logger.warning("board connection lost", error=repr(error))
            await asyncio.sleep(_RENEW_SECONDS)


async def _wait(changed: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_RENEW_SECONDS):
            await changed.wait()


async def _refresh(
    sessions: Sessions, board: Board, clock: Clock, told: _Told, known: _Setting | None
) -> _Setting:
    """Show what is stored now, and its days. Returns what the lines were made with."""
    if board.snapshot is None:
        # The first page has them, too.
        await _renew_courses(sessions, board, clock)
    setting = await _renew_lines(sessions, board, clock, told, known)
    # After what somebody waits for, and however often that comes.
    await _renew_courses(sessions, board, clock)
    return setting


async def _renew_lines(
    sessions: Sessions, board: Board, clock: Clock, told: _Told, known: _Setting | None
) -> _Setting:
    load, anew = told.anything.is_set(), told.everything
    told.forget()
    async with transaction(sessions) as session:
        month = service.current_period(clock.now())
        period = str(month)
        # First: what was heard by then and waits for no scorer is in the lines read later.
        fresh = await repository.freshness(session, period)
        if fresh.is_scored:
            board.complete_through = fresh.heard
        setting = None if anew or known is None or known.month != month else known
        if setting is not None and not load and board.stored == fresh.stored:
            board.renew(_times(board, clock))
            return setting
        tallies, newest = await repository.stored_tallies(session, period)
        setting = setting or await _setting_of(session, month)
    rows = service.rank(
        setting.regions,
        tallies,
        setting.mu_bp,
        setting.methodology,
        setting.before,
        setting.attended,
    )
    head = {
        "period": period,
        # After the lines were read: none of them has a fact of later.
        **_times(board, clock),
        "methodology": setting.methodology.code,
        "methodology_version": setting.methodology.version,
        "mu_bp": setting.mu_bp,
    }
    board.show(head, [render_row(row) for row in rows], newest)
    return setting


async def _setting_of(session: AsyncSession, month: Period) -> _Setting:
    methodology = await methodology_of(session, month)
    return _Setting(
        month,
        await directory.list_regions(session),
        methodology,
        await mu_of(session, month, methodology),
        await service.slice_before(session, month),
        # The newest, as the standings are.
        await attendance.attendance_in(session, month),
    )


def _times(board: Board, clock: Clock) -> dict[str, str | None]:
    return {
        "as_of": _instant(clock.now()),
        "complete_through": _instant(board.complete_through),
    }


async def _renew_courses(sessions: Sessions, board: Board, clock: Clock) -> None:
    """Once a minute is enough: only the last day's point moves, and the line's end is small."""
    now = clock.now()
    minute = now.replace(second=0, microsecond=0)
    if board.courses_as_of == minute:
        return
    async with transaction(sessions) as session:
        found = await tell_trends(session, service.current_period(now), now)
    board.courses_as_of = minute
    board.courses = {
        code: [point.tally.stabilised_bp(found.mu_bp, found.methodology) for point in points]
        for code, points in found.points.items()
    }


def _instant(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z") if instant else None


@contextmanager
def _closing_on_signals(loop: asyncio.AbstractEventLoop, board: Board) -> Iterator[None]:
    """End the streams on SIGTERM and SIGINT, then let the server's own handler do its part."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def close(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(board.close)
        previous = before[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    for number in before:
        signal.signal(number, close)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
