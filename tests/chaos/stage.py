"""One run: the stack, the load on it, and what the faults and the oracle share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any, Final

import asyncpg

from deploy.local.processes import SERVICES
from deploy.local.stack import Stack
from deploy.season.api import Api
from tests.chaos.client import Client
from tests.chaos.load import Load
from tests.chaos.pulse import Pulse
from tests.chaos.world import World, now_of
from tests.receiver import Receiver

HEALED_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.1
_AWAY: Final = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)


@dataclass(slots=True)
class Stage:
    """`lasting` are the seconds a long fault lasts, `brief` those of a short one."""

    stack: Stack
    api: Api
    client: Client
    world: World
    load: Load
    dice: Random
    pulse: Pulse
    lasting: float
    brief: float
    platform: Receiver | None = None
    # Service → the dead letters its consumer must have, no more and no less.
    unreadable: dict[str, int] = field(default_factory=dict)
    # Ids of forged events: each a dead letter of the rating at most, if it came in first.
    forged: set[str] = field(default_factory=set)
    ended_mail: int = 0
    ended_rating: int = 0

    async def a_moment(self, most: float = 1.5) -> None:
        """A fault's instant is any."""
        await asyncio.sleep(self.dice.uniform(0.1, most))

    async def now(self) -> datetime:
        return await now_of(self.client)

    async def idle(self) -> list[str]:
        """What is missing until everybody is at work."""
        there = {one.status for one in self.world.executions.values()}
        return sorted({"routed", "in_progress", "submitted", "forwarded"} - there)

    async def sql(self, service: str, query: str, *arguments: Any) -> list[asyncpg.Record]:
        """Look into a service's database, past the service; an outage is waited out.

        Another fault of the same round may have just taken the server away.
        """
        deadline = time.monotonic() + HEALED_SECONDS
        while True:
            try:
                connection = await asyncpg.connect(self.dsn(service))
                try:
                    found: list[asyncpg.Record] = await connection.fetch(query, *arguments)
                    return found
                finally:
                    await connection.close()
            except _AWAY:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(_POLL_SECONDS)

    def dsn(self, database: str) -> str:
        return self.stack.superuser_dsn.rsplit("/", 1)[0] + f"/{database}"

    async def healed(self) -> float:
        """Wait until everybody is ready and the rating has heard what is newer than this call.

        The seconds it took. Raises `AssertionError` with what still stands in the way.
        """
        began = time.monotonic()
        await eventually(self._unready, HEALED_SECONDS)
        await self.heard()
        return time.monotonic() - began

    async def heard(self) -> None:
        """Wait until the board has everything that happened before this call."""
        asked = await self.now()

        async def behind() -> list[str]:
            found = await self.client.read("auditor", "rating", "/v1/ratings/regions")
            through = found["complete_through"]
            if through is not None and datetime.fromisoformat(through) >= asked:
                return []
            return [f"the rating has heard everything up to {through}, not {asked}"]

        await eventually(behind, HEALED_SECONDS)

    async def _unready(self) -> list[str]:
        rows = await asyncio.to_thread(self.stack.status)
        return [f"{row.name} is {row.state}" for row in rows if not row.healthy]

    async def settled(self) -> None:
        """Wait, with the load paused, until nothing is on its way between the services."""
        await eventually(self._on_its_way, HEALED_SECONDS)

    async def _on_its_way(self) -> list[str]:
        found = []
        heads: dict[tuple[str, int], int] = {}
        for service in SERVICES:
            [row] = await self.sql(
                service, "select count(*) from outbox where published_at is null or seq is null"
            )
            if row[0]:
                found.append(f"{service} has {row[0]} events to publish")
            for stream in await self.sql(service, "select * from outbox_streams"):
                heads[stream["topic"], stream["partition"]] = stream["last_seq"]
        for service in SERVICES:
            positions = await self.sql(
                service, "select topic, partition, seq from consumer_positions"
            )
            for topic, partition, seq in positions:
                told = heads.get((topic, partition), 0)
                if seq != told:
                    found.append(f"{service} is at {seq} of {told} in {topic}/{partition}")
        for service, query in (
            (
                "assignments",
                "select count(*) from executions where status = 'issued' and addressee = 'cluster'",
            ),
            ("rating", "select count(*) from touched"),
            ("rating", "select count(*) from announcements"),
        ):
            [row] = await self.sql(service, query)
            if row[0]:
                found.append(f"{service}: {query}: {row[0]}")
        return found


async def eventually(differences: Callable[[], Awaitable[list[str]]], seconds: float) -> None:
    """Wait until there are none. Raises `AssertionError` with those that stay."""
    deadline = time.monotonic() + seconds
    while found := await differences():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still: {found[:5]}"
        await asyncio.sleep(_POLL_SECONDS)
