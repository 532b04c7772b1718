"""Whether the machine itself kept up: our own loop's lateness, where nothing is broken."""

import asyncio
import time
from typing import Final

from tests.chaos.client import TIMEOUT_SECONDS, Trouble

_BEAT: Final = 0.1
# A request is refused as stale after two seconds: who is this late cannot tell whose fault it is.
LATE_SECONDS: Final = 1.0
_BY_LATENESS: Final = frozenset({"stale_instant", "ReadTimeout", "ConnectTimeout", "WriteTimeout"})


class Pulse:
    """Beats ten times a second, and remembers the beats that came late."""

    def __init__(self) -> None:
        self.missed: list[tuple[float, float]] = []

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            began = time.monotonic()
            await asyncio.sleep(_BEAT)
            if time.monotonic() - began > LATE_SECONDS:
                self.missed.append((began, time.monotonic()))

    def excuses(self, trouble: Trouble) -> bool:
        """Whether it is one of lateness, and came while not even we had the processor."""
        return trouble.code in _BY_LATENESS and any(
            began - TIMEOUT_SECONDS <= trouble.at <= ended + TIMEOUT_SECONDS
            for began, ended in self.missed
        )
