"""Faust (faust-streaming): an agent per message, state in memory, offsets committed."""

import os
import sys
import tempfile
import uuid

import faust

from tests.bench.references.folds import SERVERS, TOPIC, Clock, Fold, say

clock, fold = Clock(), Fold()
app = faust.App(
    f"faust-{uuid.uuid4()}",
    broker=f"kafka://{SERVERS}",
    consumer_auto_offset_reset="earliest",
    topic_disable_leader=True,
    store="memory://",
    datadir=tempfile.mkdtemp(),
    web_enabled=False,
    worker_redirect_stdouts=False,
)
topic = app.topic(TOPIC, value_serializer="json", key_serializer="raw")


@app.agent(topic)
async def hear(events):  # type: ignore[no-untyped-def]
    async for event in events:
        if "execution_id" not in event:
            continue
        clock.begin()
        fold.take(event)
        if clock.tick():
            say(clock, fold.accepted())
            os._exit(0)


if __name__ == "__main__":
    sys.argv = ["faust", "worker", "-l", "error", "--without-web"]
    app.main()
