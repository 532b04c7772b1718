"""Getting a whole stack ready, and waiting until nothing moves in it any more."""

import time
from typing import Final

import httpx

from tests.bench.stand import Meter, Stand

_QUIET_CORES: Final = 0.25
_QUIET_LOOKS: Final = 3
_UNSENT: Final = "select count(*) from outbox where published_at is null"
_TOLD: Final = "select coalesce(sum(last_seq), 0)::bigint from outbox_streams where topic = $1"
_HEARD: Final = "select coalesce(sum(seq), 0)::bigint from consumer_positions where topic = $1"
_TOPIC: Final = "assignments.executions"


def enter_reference(stand: Stand) -> None:
    """Load the directory's reference data and wait until the rating shows 89 regions."""
    _load(stand)
    with httpx.Client(trust_env=False, timeout=60) as client:
        deadline = time.monotonic() + 60
        while True:
            rating = client.get(f"{stand.url('rating')}/v1/ratings/regions").json()
            if len(rating.get("items", ())) == 89:
                return
            assert time.monotonic() < deadline, "the rating has not heard of the regions"
            time.sleep(0.2)


def tell_regions(stand: Stand) -> None:
    """Have the directory's feed tell of the 89 regions; its API runs from then on."""
    stand.stack.start("directory-api")
    _load(stand)
    # Events are numbered by the relay, and only then in the feed.
    stand.stack.start("directory-worker")
    deadline = time.monotonic() + 60
    while stand.value("directory", "select count(*) from outbox where published_at is null"):
        assert time.monotonic() < deadline, "the directory has not told of its regions"
        time.sleep(0.2)
    stand.stack.stop("directory-worker")


def _load(stand: Stand) -> None:
    headers = {"Authorization": f"Bearer {stand.token('cur_admin')}"}
    with httpx.Client(trust_env=False, timeout=60) as client:
        path = f"{stand.url('directory')}/v1/reference-data/load"
        client.post(path, headers=headers).raise_for_status()


def lag(stand: Stand) -> tuple[int, int]:
    """Events of assignments that wait for the relay, and those the rating has not heard yet."""
    unsent = stand.value("assignments", _UNSENT)
    told = stand.value("assignments", _TOLD, _TOPIC)
    heard = stand.value("rating", _HEARD, _TOPIC)
    return unsent, told - heard


def settle(stand: Stand, *, seconds: float) -> None:
    """Wait until all is sent, heard and scored and the processes rest. Raises `AssertionError`."""
    deadline = time.monotonic() + seconds
    looks = 0
    names = ("assignments-worker", "rating-worker", "assignments-api", "rating-api")
    while True:
        assert time.monotonic() < deadline, f"the stack does not come to rest: {lag(stand)}"
        meter = Meter(all=lambda: [stand.process(name) for name in names])
        time.sleep(1)
        quiet = meter.shares()["all"] < _QUIET_CORES
        touched = stand.value("rating", "select count(*) from touched")
        # More than once: what works by fits has its rests, too.
        looks = looks + 1 if quiet and touched == 0 and lag(stand) == (0, 0) else 0
        if looks == _QUIET_LOOKS:
            return
