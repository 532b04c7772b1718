"""A worker's tasks: outages are waited out and seen from outside, a bug ends the process."""

import asyncio
import os
import signal
import subprocess
import sys
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from shared.health import Health
from shared.kafka import BrokerAway
from shared.worker import through_outages
from tests.shared.transport import until


class Failing:
    """A task that fails as told, then runs until it is cancelled."""

    def __init__(self, *failures: Exception) -> None:
        self._failures = list(failures)
        self.runs = 0

    async def __call__(self) -> None:
        self.runs += 1
        if self._failures:
            raise self._failures.pop(0)
        await asyncio.Event().wait()


def _by_the_driver(cause: Exception) -> DBAPIError:
    """What SQLAlchemy makes of an error of asyncpg."""
    adapted = Exception(str(cause))
    adapted.__cause__ = cause
    return DBAPIError("insert …", None, adapted)


OUTAGES = [
    OSError("refused"),
    BrokerAway("gone"),
    TimeoutError(),
    _by_the_driver(asyncpg.LockNotAvailableError("canceling statement due to lock timeout")),
    _by_the_driver(asyncpg.DeadlockDetectedError("deadlock detected")),
]


@pytest.mark.parametrize("outage", OUTAGES, ids=repr)
async def test_a_task_that_met_an_outage_is_at_work_again_once_it_runs(outage: Exception) -> None:
    health, task = Health(), Failing(outage)
    running = asyncio.create_task(through_outages("scorer", task, health))

    await until(lambda: "scorer" in health.waiting, "seen to be down")
    await until(lambda: task.runs == 2 and not health.waiting, "seen to be up")

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_consumer_is_ready_only_when_it_says_so() -> None:
    health, task = Health(), Failing(OSError("refused"))
    running = asyncio.create_task(through_outages("consumer", task, health))

    await until(lambda: task.runs == 2, "running again")
    assert "consumer" in health.waiting
    health.ok("consumer")
    assert not health.waiting

    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_bug_is_not_waited_out() -> None:
    with pytest.raises(KeyError):
        await through_outages("scorer", Failing(KeyError("bug")), Health())
    refused = _by_the_driver(asyncpg.UniqueViolationError("duplicate key"))
    with pytest.raises(DBAPIError):
        await through_outages("scorer", Failing(refused), Health())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_cannot_begin_ends_when_told(number: signal.Signals) -> None:
    """Its database is away; before it works there is nothing to finish."""
    environment = {
        "PATH": os.environ["PATH"],
        "ENVIRONMENT": "development",
        "DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/rating",
        "OIDC_ISSUER": "http://127.0.0.1:1",
    }
    command = [sys.executable, "-m", "services.rating.main"]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as worker:
        try:
            assert worker.stdout is not None
            assert any("waiting out an outage" in line for line in worker.stdout)
            worker.send_signal(number)
            assert worker.wait(5) == 0
        finally:
            worker.kill()


def test_a_service_looks_for_cycles_seldom_from_its_first_import_on() -> None:
    asked = "import gc; import services; print(gc.get_threshold() >= (20_000, 20, 100))"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"
