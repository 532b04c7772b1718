"""The board of one process: its lines, and a queue of frames for each who watches."""

import asyncio
import hashlib
import secrets
import sys
from collections.abc import AsyncIterator, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pydantic_core import to_json

from services.rating.service.profiles import LastMonth
from services.rating.service.regions import Row
from shared.limits import Seats

_PING_SECONDS: Final = 15.0
# A watcher this many frames behind is dropped; it comes back with Last-Event-ID and misses nothing.
_FRAMES_BEHIND: Final = 64
_STABLE: Final = ("period", "methodology", "methodology_version", "mu_bp")


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
