"""Quix Streams: state in RocksDB with a changelog topic, at-least-once."""

import os
import tempfile
import uuid
from collections import Counter

from quixstreams import Application

from tests.bench.references.folds import SERVERS, TOPIC, Clock, say

clock = Clock()
newest: dict[str, tuple[str, str]] = {}


def fold(event, state):  # type: ignore[no-untyped-def]
    if "execution_id" not in event:
        return
    clock.begin()
    key = event["execution_id"]
    if state.get(key, 0) < event["version"]:
        state.set(key, event["version"])
        newest[key] = (event["region"], event["status"])
    if clock.tick():
        accepted = Counter(r for r, status in newest.values() if status == "accepted")
        say(clock, dict(accepted))
        os._exit(0)


with tempfile.TemporaryDirectory() as folder:
    app = Application(
        broker_address=SERVERS,
        consumer_group=f"quix-{uuid.uuid4()}",
        auto_offset_reset="earliest",
        state_dir=folder,
        use_changelog_topics=True,
        auto_create_topics=True,
        loglevel="WARNING",
    )
    topic = app.topic(TOPIC, value_deserializer="json", key_deserializer="str")
    frame = app.dataframe(topic)
    frame = frame.update(fold, stateful=True)
    app.run()
