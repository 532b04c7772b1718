"""The development stack's simulated clock: its row, its followers, and `GET`/`PUT /v1/clock`.

The clock is set before any process starts (`establish`),
so that no checkpoint was ever dated by the wall, and from then on only moves forward.
"""

import asyncio
from datetime import UTC, datetime
from typing import Final

import asyncpg
import structlog
from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy import text

from shared.clock import Clock, Setting, SimulatedTimeInPast
from shared.db import Session, connect
from shared.errors import NotFound
from shared.permissions import Acting

CHANNEL: Final = "clock"
_SET: Final = text(
    "update simulated_clock set instant = :instant, set_at = :set_at, running = :running"
)
_RETRY_SECONDS: Final = 1.0

logger = structlog.get_logger(__name__)


class NoSimulatedClock(NotFound):
    """The stack runs on the wall clock."""

    code = "no_simulated_clock"


async def _read(connection: asyncpg.Connection) -> Setting | None:
    row = await connection.fetchrow("select instant, set_at, running from simulated_clock")
    return Setting(**row) if row else None


async def read_setting(dsn: str) -> Setting | None:
    """The clock's row; None where time is the wall's."""
    connection = await connect(dsn)
    try:
        return await _read(connection)
    finally:
        await connection.close()


async def prime(dsn: str, clock: Clock) -> None:
    """Set the process's clock by the row. Raises what the database raises."""
    clock.setting = await read_setting(dsn)


async def follow(dsn: str, clock: Clock) -> None:
    """Keep the process's clock like the row, until cancelled; reconnects by itself."""
    changed = asyncio.Event()
    while True:
        try:
            connection = await connect(dsn)
            try:
                await connection.add_listener(CHANNEL, lambda *_: changed.set())
                connection.add_termination_listener(lambda _: changed.set())
                while not connection.is_closed():
                    changed.clear()
                    clock.setting = await _read(connection)
                    await changed.wait()
            finally:
                connection.terminate()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            logger.warning("clock connection lost", error=repr(error))
        await asyncio.sleep(_RETRY_SECONDS)


class ClockState(BaseModel):
    """What the simulated clock shows, and whether it ticks."""

    model_config = ConfigDict(extra="forbid")

    instant: AwareDatetime
    running: bool


def clock_router() -> APIRouter:
    """Present in every service, alive in development only."""
    router = APIRouter(prefix="/v1/clock", include_in_schema=False)

    async def development_only(request: Request) -> None:
        if not request.state.settings.is_development:
            raise NotFound("Такого адреса нет.")

    @router.get("", dependencies=[Depends(development_only)], summary="Часы стенда")
    async def read_clock(actor: Acting, request: Request) -> ClockState:
        clock: Clock = request.state.clock
        running = clock.setting is None or clock.setting.running
        return ClockState(instant=clock.now(), running=running)

    @router.put("", dependencies=[Depends(development_only)], summary="Перевести часы стенда")
    async def set_clock(
        actor: Acting,
        wanted: ClockState,
        request: Request,
        session: Session,
    ) -> ClockState:
        """Move the clock forward, stop it or let it tick."""
        clock: Clock = request.state.clock
        if clock.setting is None:
            raise NoSimulatedClock("Стенд работает по настоящим часам.")
        if wanted.instant < clock.now():
            raise SimulatedTimeInPast(
                f"Часы стенда уже показывают {clock.now().isoformat()}.", field="body.instant"
            )
        wall = datetime.now(UTC)
        setting = Setting(wanted.instant.astimezone(UTC), wall, wanted.running)
        connection = await session.connection()
        await connection.execute(
            _SET,
            {"instant": setting.instant, "set_at": setting.set_at, "running": setting.running},
        )
        await connection.execute(text(f"notify {CHANNEL}"))
        clock.setting = setting
        return ClockState(instant=setting.instant, running=setting.running)

    return router


async def establish(dsn: str, instant: datetime) -> None:
    """Make the clock's row, stopped at the instant, where there is none yet."""
    connection = await connect(dsn)
    try:
        await connection.execute(
            "insert into simulated_clock (one, instant, set_at, running)"
            " values (true, $1, $1, false) on conflict do nothing",
            instant,
        )
    finally:
        await connection.close()
