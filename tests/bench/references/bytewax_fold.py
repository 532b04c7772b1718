"""Bytewax with its recovery store (SQLite, an epoch per second): a state per region."""

import json
import os
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import bytewax.operators as op
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition
from bytewax.recovery import RecoveryConfig, init_db_dir
from bytewax.testing import cluster_main

from tests.bench.references.folds import SERVERS, TOPIC, WANTED, Clock, say

clock = Clock()
accepted: Counter[str] = Counter()
State = dict[str, tuple[int, str]]


def read(message):  # type: ignore[no-untyped-def]
    clock.begin()
    event = json.loads(message.value)
    # Checkpoints travel in the same topic, without a region.
    return (event["region"], event) if "region" in event else None


def fold(state, event):  # type: ignore[no-untyped-def]
    known = state if state is not None else {}
    version = known.get(event["execution_id"], (0, ""))[0]
    if version < event["version"]:
        known[event["execution_id"]] = (event["version"], event["status"])
    return known, (event["region"], known)


class _Counting(StatelessSinkPartition):  # type: ignore[misc]
    def write_batch(self, items):  # type: ignore[no-untyped-def]
        for region, (_, known) in items:
            newest[region] = known
        if clock.tick(len(items)):
            for region, known in newest.items():
                accepted[region] = sum(status == "accepted" for _, status in known.values())
            say(clock, {region: count for region, count in accepted.items() if count})
            os._exit(0)


class _Sink(DynamicSink):  # type: ignore[misc]
    def build(self, step_id, worker_index, worker_count):  # type: ignore[no-untyped-def]
        return _Counting()


newest: dict[str, State] = {}
flow = Dataflow("fold")
source = KafkaSource([SERVERS], [TOPIC], tail=True, batch_size=1000)
messages = op.input("in", flow, source)
keyed = op.filter_map("read", messages, read)
op.output("out", op.stateful_map("fold", keyed, fold), _Sink())

if __name__ == "__main__":
    assert WANTED
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        init_db_dir(path, 1)
        cluster_main(
            flow,
            [],
            0,
            epoch_interval=timedelta(seconds=1),
            recovery_config=RecoveryConfig(path),
        )
