"""Our consumer alone in its process: drains a backlog, says how fast, and ends.

`python -m tests.bench.ingesting <events>` with a service's environment. The clock runs from the
first batch fetched to the last commit.
"""

import asyncio
import json
import resource
import sys
import time
from typing import Any

import uvloop
from aiokafka import AIOKafkaConsumer
from prometheus_client import REGISTRY

from services.rating.consumers import events
from shared.clients.base import open_client
from shared.clock import Clock
from shared.consumer import Consumer, share_of
from shared.db import open_sessions
from shared.kafka import open_consumer
from shared.settings import ServiceSettings
from tests.bench.life import TOPIC


class _Watched:
    """The client as the consumer sees it; remembers when it first brought anything."""

    def __init__(self, kafka: AIOKafkaConsumer) -> None:
        self._kafka = kafka
        self.first_at: float | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kafka, name)

    async def getmany(self, *partitions: Any, **wanted: Any) -> Any:
        found = await self._kafka.getmany(*partitions, **wanted)
        if found and self.first_at is None:
            self.first_at = time.perf_counter()
        return found


async def main(wanted: int) -> None:
    settings = ServiceSettings()
    done = asyncio.Event()
    last_at = 0.0
    before = REGISTRY.get_sample_value("consumer_events_total", {"topic": TOPIC}) or 0.0

    def committed() -> None:
        nonlocal last_at
        last_at = time.perf_counter()
        applied = REGISTRY.get_sample_value("consumer_events_total", {"topic": TOPIC}) or 0.0
        if applied - before >= wanted:
            done.set()

    async with (
        open_sessions(settings.database_dsn) as sessions,
        open_client(settings) as client,
        open_consumer(settings) as kafka,
    ):
        streams = share_of([TOPIC], index=0, count=1)
        consumer = Consumer(events, sessions, client, streams, Clock(), on_commit=committed)
        watched = _Watched(kafka)
        began = resource.getrusage(resource.RUSAGE_SELF)
        consuming = asyncio.create_task(consumer.run(watched))
        waiting = asyncio.create_task(done.wait())
        await asyncio.wait({consuming, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if consuming.done():
            consuming.result()
        consuming.cancel()
        ended = resource.getrusage(resource.RUSAGE_SELF)
        assert watched.first_at is not None
        cpu = (ended.ru_utime - began.ru_utime) + (ended.ru_stime - began.ru_stime)
        print(  # noqa: T201 - the parent reads it
            json.dumps(
                {
                    "seconds": last_at - watched.first_at,
                    "peak_mib": ended.ru_maxrss / 1024,
                    "cpu_seconds": cpu,
                }
            )
        )


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
