"""The fold every peer computes: the newest version of each execution, then counts per region.

Runs in the peers' own environment: only the standard library here.
"""

import json
import os
import resource
import sys
import time
from collections import Counter

TOPIC = "assignments.executions"
PARTITIONS = 12
SERVERS = os.environ["KAFKA_SERVERS"]
WANTED = int(os.environ["BENCH_EVENTS"])


class Clock:
    """When the first event came and when the last was folded."""

    def __init__(self) -> None:
        self.count = 0
        self.first_at = 0.0
        self.last_at = 0.0

    def begin(self) -> None:
        """The first event, or its batch, has come."""
        if not self.first_at:
            self.first_at = time.perf_counter()

    def tick(self, events: int = 1) -> bool:
        """Count events folded; True once all have been."""
        self.count += events
        self.last_at = time.perf_counter()
        return self.count >= WANTED


class Fold:
    """The state in memory: execution → (version, region, status)."""

    def __init__(self) -> None:
        self.newest: dict[str, tuple[int, str, str]] = {}

    def take(self, event: dict[str, object]) -> None:
        key = str(event["execution_id"])
        version = int(str(event["version"]))
        known = self.newest.get(key)
        if known is None or known[0] < version:
            self.newest[key] = (version, str(event["region"]), str(event["status"]))

    def accepted(self) -> dict[str, int]:
        return dict(Counter(r for _, r, status in self.newest.values() if status == "accepted"))


def say(clock: Clock, accepted: dict[str, int]) -> None:
    """Print what the parent reads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    # On a line of its own: frameworks leave theirs unfinished.
    told = json.dumps(
        {
            "seconds": clock.last_at - clock.first_at,
            "count": clock.count,
            "peak_mib": usage.ru_maxrss / 1024,
            "accepted": accepted,
        }
    )
    print(f"\n{told}", file=sys.__stdout__, flush=True)
