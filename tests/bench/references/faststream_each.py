"""FastStream, one call per message: its own JSON decoding, state in memory, no durability."""

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


@broker.subscriber(TOPIC, group_id=f"each-{uuid.uuid4()}", auto_offset_reset="earliest")  # type: ignore[untyped-decorator]
async def hear(event: dict) -> None:  # type: ignore[type-arg]
    clock.begin()
    fold.take(event)
    if clock.tick():
        done.set()


async def main() -> None:
    await broker.start()
    await done.wait()
    say(clock, fold.accepted())
    # Leaving the group of a broker without groups' end may wait for ever.
    os._exit(0)


asyncio.run(main())
