"""Whether the machine itself keeps up: how long those who want a processor wait for one.

The suite runs beside others on few cores. A request that was late because its server stood in the
kernel's queue says nothing about the fault: it is counted, and not held against the product.
"""

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.local.errors import StackError
from deploy.local.processes import SERVICES
from deploy.local.stack import Stack
from tests.chaos.client import TIMEOUT_SECONDS, Trouble

_LOOK_SECONDS: Final = 0.5
# Of the wall's time, in the queue of those ready to run.
STARVED_SHARE: Final = 0.4
_BY_LATENESS: Final = frozenset({"stale_instant", "ReadTimeout", "ConnectTimeout", "WriteTimeout"})


class Pulse:
    """Watches the APIs' processes, and remembers when each was kept waiting."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.looks = 0
        self.starved: list[tuple[str, float]] = []

    async def run(self) -> None:
        """Until cancelled."""
        before: dict[str, tuple[int, float, int]] = {}
        while True:
            after = await asyncio.to_thread(self._waited)
            for service, (pid, at, waited) in after.items():
                known = before.get(service)
                if known is None or known[0] != pid:
                    continue
                self.looks += 1
                if (waited - known[2]) / 1e9 > STARVED_SHARE * (at - known[1]):
                    self.starved.append((service, at))
            before = after
            await asyncio.sleep(_LOOK_SECONDS)

    def _waited(self) -> dict[str, tuple[int, float, int]]:
        """Of each API's process: its pid, now, and the nanoseconds it has waited to run."""
        found = {}
        for service in SERVICES:
            with suppress(StackError, OSError):
                pid = self._stack.pid(f"{service}-api")
                waited = int(Path(f"/proc/{pid}/schedstat").read_text().split()[1])
                found[service] = (pid or 0, time.monotonic(), waited)
        return found

    def excuses(self, trouble: Trouble) -> bool:
        """Whether it is one of lateness, of a server that was kept waiting at that time."""
        return trouble.code in _BY_LATENESS and any(
            service == trouble.service and abs(at - trouble.at) <= TIMEOUT_SECONDS
            for service, at in self.starved
        )
