"""What is broken, each by its name: how it is done, how long it lasts, whom clients may miss.

`inject` returns when the fault is lifted; nothing here waits for the system to recover.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial

from deploy.local.processes import SERVICES
from tests.chaos import blows, intruders, moments, movings
from tests.chaos.stage import Stage

Inject = Callable[[Stage], Awaitable[None]]
# Codes of the 503 a client may see, by the services that may give it.
STALE = "stale_instant"
AWAY = "database_unavailable"
LOST = "connection"
NEIGHBOUR = "callee_unavailable"


@dataclass(frozen=True, slots=True)
class Fault:
    """`misses` are (service, code) pairs: the only troubles clients may have meanwhile."""

    name: str
    inject: Inject
    misses: frozenset[tuple[str, str]] = frozenset()
    # What cannot be told apart when both happen at once.
    touches: frozenset[str] = frozenset()


def _of(services: Iterable[str], *codes: str) -> frozenset[tuple[str, str]]:
    return frozenset((service, code) for service in services for code in codes)


def kill_fault(name: str) -> Fault:
    """SIGKILL of one process."""
    service, _, kind = name.partition("-")
    # Everybody comes back at once to a process that has just started.
    misses = _of([service], LOST, STALE) if kind == "api" else frozenset()
    if name == "directory-api":
        misses |= _of(["assignments"], NEIGHBOUR)
    return Fault(f"kill -9 {name}", partial(_kill, name=name), misses, frozenset({name}))


async def _kill(stage: Stage, name: str) -> None:
    await blows.kill(stage, name)


def freeze_fault(name: str) -> Fault:
    """SIGSTOP and SIGCONT of one process."""
    service, _, kind = name.partition("-")
    misses = _of([service], LOST, STALE, AWAY) if kind == "api" else frozenset()
    return Fault(f"SIGSTOP {name}", partial(blows.freeze, name=name), misses, frozenset({name}))


BROKER = frozenset({"broker"})
DATABASE = frozenset({"postgres"})
EVERY_PROCESS = frozenset(f"{service}-{kind}" for service in SERVICES for kind in ("api", "worker"))

KILLS = [kill_fault(name) for name in sorted(EVERY_PROCESS)]
FREEZES = [
    freeze_fault(name) for name in ("assignments-api", "assignments-worker", "rating-worker")
] + [Fault("SIGSTOP broker", partial(blows.freeze, name="broker"), touches=BROKER)]
BROKERS = [
    Fault("kill -9 broker", partial(_kill, name="broker"), touches=BROKER),
    Fault("broker stopped", blows.stop_broker, touches=BROKER),
    Fault("broker wiped", blows.wipe_broker, touches=BROKER),
]
POSTGRES = Fault(
    "kill -9 postgres",
    blows.kill_postgres,
    _of(SERVICES, LOST, AWAY, STALE, NEIGHBOUR),
    DATABASE | EVERY_PROCESS,
)
DATABASE_AWAY = Fault(
    "postgres stopped",
    blows.stop_postgres,
    _of(SERVICES, LOST, AWAY, STALE, NEIGHBOUR),
    DATABASE | EVERY_PROCESS,
)
DRAIN = Fault(
    "SIGTERM assignments-api with a command under way",
    blows.drain,
    _of(["assignments"], LOST, STALE),
    frozenset({"assignments-api"}),
)
BACKENDS = Fault(
    "backends of assignments terminated",
    partial(blows.end_backends, service="assignments"),
    _of(["assignments"], AWAY, STALE),
    frozenset({"assignments-api"}),
)
RELAY = Fault(
    "relay paused",
    partial(blows.stop, name="assignments-worker"),
    touches=frozenset({"assignments-worker"}),
)
DISK = Fault(
    "disk full under uploads",
    intruders.fill_disk,
    _of(["assignments"], "file_store_unavailable"),
    frozenset({"assignments-api"}),
)
POISON = Fault(
    "duplicates, old and corrupted records",
    intruders.inject,
    touches=BROKER | {"rating-worker", "assignments-worker"},
)
DUE = Fault(
    "clock across a due moment", moments.cross_midnight, _of(SERVICES, STALE), frozenset({"clock"})
)
MONTH = Fault(
    "clock across a month's end, SMTP and webhook down",
    moments.cross_month,
    _of(SERVICES, STALE),
    frozenset({"clock", "mail"}),
)
TWO_WORKERS = Fault(
    "two workers of a service at once",
    movings.two_workers,
    touches=frozenset({"assignments-worker", "rating-worker"}),
)
ROLLING = Fault(
    "rolling restart",
    movings.roll,
    _of(SERVICES, LOST, STALE) | _of(["assignments"], NEIGHBOUR),
    EVERY_PROCESS,
)
MIGRATING = Fault(
    "migrations down and up",
    movings.migrate,
    _of(["assignments", "meetings", "directory", "rating"], AWAY, STALE),
    DATABASE | {"assignments-worker"},
)

# On a machine too slow for all of them the last ones are not reached, so the rarest come first.
FULL = [
    POSTGRES,
    POISON,
    DISK,
    DRAIN,
    DUE,
    TWO_WORKERS,
    MIGRATING,
    DATABASE_AWAY,
    BACKENDS,
    MONTH,
    *BROKERS,
    RELAY,
    *FREEZES,
    *KILLS,
    ROLLING,
]
COMBINED = [fault for fault in FULL if fault not in (ROLLING, MONTH, MIGRATING)]
# The short form's: what is broken most often, two at once where they do not hide each other.
SHORT = [
    [kill_fault("assignments-api"), kill_fault("rating-worker")],
    [BROKERS[2]],
    [POSTGRES],
    [freeze_fault("assignments-worker"), freeze_fault("rating-api")],
]
