"""How often one client may ask: a token bucket each, in the memory of the process.

Service accounts are not limited (feeds are read as fast as they come), nor is what is answered
before routing. Several processes limit each for itself, so the whole is their sum.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import ClassVar, Final

from shared.errors import DomainError

# Clients remembered; beyond that the one longest silent is forgotten, which fills its bucket.
_REMEMBERED: Final = 20_000


class TooManyRequests(DomainError):
    """The client asks too often; `retry_after` is in seconds."""

    code: ClassVar[str] = "too_many_requests"
    title: ClassVar[str] = "Слишком много запросов"

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimiter:
    """Lets every client through `rate` times a second, and `burst` times at once after a pause.

    A rate of 0 limits nobody. `monotonic` tells seconds.
    """

    def __init__(
        self, rate: float, burst: int, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._monotonic = monotonic
        # Client → when its bucket will be full again.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, client: str) -> None:
        """Count one request. Raises `TooManyRequests`."""
        if not self._rate:
            return
        now = self._monotonic()
        full_at = max(self._full_at.pop(client, now), now) + 1 / self._rate
        missing = full_at - now - self._burst / self._rate
        if missing > 1e-9:
            self._full_at[client] = full_at - 1 / self._rate
            raise TooManyRequests(
                f"Не больше {self._rate:g} запросов в секунду. Повторите чуть позже.",
                retry_after=max(1, math.ceil(missing)),
            )
        self._full_at[client] = full_at
        if len(self._full_at) > _REMEMBERED:
            self._full_at.popitem(last=False)


class Seats:
    """How many long answers may run at once: in all, and for one client."""

    def __init__(self, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._taken: dict[str, int] = {}
        self._sum = 0

    def take(self, client: str) -> None:
        """Sit down. Raises `TooManyRequests`; `leave` must follow otherwise."""
        if self._taken.get(client, 0) >= self._each or self._sum >= self._total:
            raise TooManyRequests("Открыто слишком много потоков. Закройте лишние.", retry_after=10)
        self._taken[client] = self._taken.get(client, 0) + 1
        self._sum += 1

    def leave(self, client: str) -> None:
        """Give the seat back."""
        self._sum -= 1
        self._taken[client] -= 1
        if not self._taken[client]:
            del self._taken[client]
