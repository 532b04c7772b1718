"""The board kept current: loaded at start and whenever the scorer tells of a change.

Once a second its head (`as_of`, `complete_through`) is renewed.
"""

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.live import Board, render_row
from services.rating.domain.attendance import Attendance
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.models import Region, SliceRow
from services.rating.repository import attendance, directory
from services.rating.repository import standings as repository
from services.rating.service import regions as service
from services.rating.service.histories import tell_trends
from services.rating.service.methodologies import methodology_of, mu_of
from shared.clock import Clock
from shared.db import Sessions, connect, open_sessions, transaction
from shared.limits import Seats
from shared.settings import ServiceSettings

_RENEW_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


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
