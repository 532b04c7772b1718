"""The only place that reads the wall clock, and the development stack's simulated one.

A simulated clock is a row: an instant it was set to, the wall instant of that setting, and
whether it ticks. It exists only with `ENVIRONMENT=development`, never goes back, and everything
follows it: requests, checkpoints, jobs. A request may carry `X-Simulated-Now`, which is `Now`
for that request and must not be earlier than the clock, so that checkpoints stay true.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import Depends, Request
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from shared.errors import Conflict, Invalid

MOSCOW: Final = ZoneInfo("Europe/Moscow")
SIMULATED_NOW: Final = "X-Simulated-Now"


class SimulatedTimeRefused(Invalid):
    """Simulated time is not available here, or the header is not an instant."""

    code = "simulated_time_refused"
    title = "Имитация времени недоступна"


class SimulatedTimeInPast(Conflict):
    """The instant is earlier than the clock: a checkpoint may already have passed it."""

    code = "simulated_time_in_past"
    title = "Время уже прошло"


def rfc3339(value: object) -> object:
    """Pydantic alone would take a bare number for seconds since 1970."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _RFC3339.match(value)):
        raise PydanticCustomError("datetime_parsing", "Expected an RFC 3339 instant")
    return value


def _in_range(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("instant_out_of_range", "The instant is out of range")
    return value.astimezone(UTC)


_RFC3339: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}")
EARLIEST: Final = datetime(2020, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
Instant = Annotated[AwareDatetime, BeforeValidator(rfc3339), AfterValidator(_in_range)]
_instant: Final = TypeAdapter[datetime](Instant)


@dataclass(frozen=True, slots=True)
class Setting:
    """Where a simulated clock was set: to `instant`, at wall time `set_at`, ticking or not."""

    instant: datetime
    set_at: datetime
    running: bool

    def at(self, wall: datetime) -> datetime:
        return self.instant + (wall - self.set_at) if self.running else self.instant


def wall() -> datetime:
    """The real time, for what strangers check against clocks of their own: a signature's age."""
    return datetime.now(UTC)


class Clock:
    """Now, as this process knows it; aware UTC."""

    def __init__(self) -> None:
        self.setting: Setting | None = None

    def now(self) -> datetime:
        return self.setting.at(wall()) if self.setting else wall()

    @property
    def is_stopped(self) -> bool:
        return self.setting is not None and not self.setting.running

    @property
    def margin(self) -> timedelta:
        """How far behind now a checkpoint stays, so that requests under way are not refused."""
        return timedelta(microseconds=1) if self.is_stopped else timedelta(seconds=2)


async def utcnow(request: Request) -> datetime:
    """The request's now: the clock's, or the later instant the request asks to live in."""
    clock: Clock = request.state.clock
    asked = request.headers.get(SIMULATED_NOW)
    if asked is None:
        return clock.now()
    if not request.state.settings.is_development:
        raise SimulatedTimeRefused(
            "Заголовок X-Simulated-Now принимается только при ENVIRONMENT=development.",
            field=SIMULATED_NOW,
        )
    try:
        instant = _instant.validate_strings(asked)
    except ValidationError:
        raise SimulatedTimeRefused(
            "X-Simulated-Now должен быть моментом времени RFC 3339 с часовым поясом.",
            field=SIMULATED_NOW,
        ) from None
    if instant < clock.now():
        raise SimulatedTimeInPast(
            f"Часы стенда уже показывают {clock.now().isoformat()}.", field=SIMULATED_NOW
        )
    return instant


def date_in(zone: str, instant: datetime) -> date:
    """The calendar date of the instant in the IANA zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


Now = Annotated[datetime, Depends(utcnow)]
