"""FastStream, a list per call: its own JSON decoding, state in memory, no durability."""

import asyncio
import os
import uuid

from faststream import FastStream
from faststream.kafka import KafkaBroker

from tests.bench.references.folds import SERVERS, TOPIC, Clock, Fold, say

broker = KafkaBroker(SERVERS)
app = FastStream(broker)
clock, fold = Clock(), Fold()
done = asyncio.Event()


@broker.subscriber(  # type: ignore[untyped-decorator]
    TOPIC,
    batch=True,
    max_records=2000,
    group_id=f"batch-{uuid.uuid4()}",
    auto_offset_reset="earliest",
)
async def hear(events: list[dict]) -> None:  # type: ignore[type-arg]
    clock.begin()
    for event in events:
        fold.take(event)
    if clock.tick(len(events)):
        done.set()


async def main() -> None:
    await broker.start()
    await done.wait()
    say(clock, fold.accepted())
    os._exit(0)


asyncio.run(main())
