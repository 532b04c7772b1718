"""Who watches the rating from outside: when each region's counter was first seen where."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic_core import from_json

from tests.bench import http

BOARD: Final = "/v1/ratings/regions"
STREAM: Final = "/v1/ratings/stream"
_LOST_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Move:
    """A command, in which state it is given, whose it is, and what of the board it moves."""

    command: str
    state: str
    who: str
    counter: str
    step: int
    reason: str = ""

    @property
    def body(self) -> bytes:
        return f'{{"reason":"{self.reason}"}}'.encode() if self.reason else b""


# One kind per region, so that what moves there is known. A cluster's `submit` moves no score.
MOVES: Final = (
    Move("forward", "submitted", "coordinator-{region}", "executions", 1),
    Move("accept", "forwarded", "cur_controller", "provisional", -1),
    Move("return", "forwarded", "cur_controller", "executions", -1, "Приложите акт"),
    Move("withdraw", "forwarded", "cur_admin", "executions", -1, "Поручение отменено"),
)


@dataclass(slots=True)
class Seen:
    """When each region's counter was first seen at (or past) each count of commands."""

    moves: Mapping[str, Move]
    base: dict[str, int] = field(default_factory=dict)
    at: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # Every region has been seen once.
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Lines of the rating, just come."""
        now = time.perf_counter()
        for item in items:
            region = item["region"]
            move = self.moves[region]
            if region not in self.base:
                self.base[region] = item[move.counter]
            moved = (item[move.counter] - self.base[region]) * move.step
            known = self.at[region]
            known.extend([now] * (moved - len(known)))
        if len(self.base) == len(self.moves):
            self.begun.set()

    async def until(self, sent: Mapping[str, Sequence[float]]) -> None:
        """Wait for every command sent. Raises `AssertionError` where one is never seen."""
        deadline = time.monotonic() + _LOST_SECONDS
        for region, instants in sent.items():
            while len(self.at[region]) < len(instants):
                assert time.monotonic() < deadline, f"{region}: a command was never seen"
                await asyncio.sleep(0.01)

    def after(self, sent: Mapping[str, Sequence[float]]) -> list[float]:
        """Milliseconds from each answer to its being seen: the nth of a region is its nth step."""
        return [
            (self.at[region][number] - at) * 1000
            for region, instants in sent.items()
            for number, at in enumerate(sorted(instants))
        ]


async def watch_board(port: int, seen: Seen) -> None:
    """Ask again and again, as often as a reader can use it."""
    etag = '"none"'
    async with http.connected(port) as connection:
        while True:
            answer = await connection.send(http.request("GET", BOARD, if_none_match=etag))
            if answer.status == 200:
                etag = answer.headers["etag"]
                seen.take(from_json(answer.body)["items"])
            await asyncio.sleep(_LOOK_SECONDS)


async def watch_stream(port: int, seen: Seen) -> None:
    """Listen to the changes."""
    async for frame in http.frames(port, STREAM):
        seen.take(from_json(frame.data)["items"])
