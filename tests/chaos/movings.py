"""Faults of operation: a second worker, processes restarted in turn, migrations under load."""

import asyncio
import os
import signal
import subprocess
import sys
import time

import httpx

from deploy.local.processes import HOST, ROOT, SERVICES
from tests.chaos import blows
from tests.chaos.stage import Stage, eventually

_SECOND_PORT = 20
_ALIVE_SECONDS = 30.0
_GRACE_SECONDS = 15.0
_STOPPED_SECONDS = 9.0
_MIGRATION_SECONDS = 60
_PREVIOUS = {"assignments": "0006"}


async def two_workers(stage: Stage) -> None:
    """Each of the busy workers gets a double; the first one dies, the double ends when told."""
    doubles = [await _double(stage, name) for name in ("assignments", "rating")]
    try:
        await asyncio.sleep(stage.brief)
        await blows.kill(stage, "assignments-worker", "rating-worker")
        await asyncio.sleep(stage.brief)
    finally:
        for double in doubles:
            double.send_signal(signal.SIGTERM)
    stage.ended_rating += 1
    for double in doubles:
        code = await asyncio.to_thread(double.wait, _GRACE_SECONDS)
        assert code == 0, f"a worker told to end ended with {code}"


def _begin(stage: Stage, service: str, port: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **stage.stack.env(service), "WORKER_PORT": str(port)}
    with (stage.stack.state_dir / "logs" / f"{service}-double.log").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", f"services.{service}.main"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


async def _double(stage: Stage, service: str) -> subprocess.Popen[bytes]:
    port = stage.stack.ports.worker(service) + _SECOND_PORT
    double = await asyncio.to_thread(_begin, stage, service, port)

    async def silent() -> list[str]:
        assert double.poll() is None, f"the double of {service} has ended: see its log"
        async with httpx.AsyncClient(trust_env=False) as http:
            try:
                await http.get(f"http://{HOST}:{port}/livez")
            except httpx.TransportError as error:
                return [repr(error)]
        return []

    await eventually(silent, _ALIVE_SECONDS)
    return double


async def roll(stage: Stage) -> None:
    """Every process is restarted, one by one, as a new version is rolled out."""
    for service in SERVICES:
        await _migrate("upgrade", service, stage)
        for kind in ("worker", "api"):
            began = time.monotonic()
            await asyncio.to_thread(stage.stack.stop, f"{service}-{kind}")
            taken = time.monotonic() - began
            # Ten, and the supervisor kills what was told to end.
            assert taken < _STOPPED_SECONDS, f"{service}-{kind} took {taken:.1f} s to end"
            await asyncio.to_thread(stage.stack.start, f"{service}-{kind}")
            stage.ended_rating += (service, kind) == ("rating", "worker")


async def migrate(stage: Stage) -> None:
    """Down to the migration before and up again, while the API works; its worker is away."""
    for service, revision in _PREVIOUS.items():
        await asyncio.to_thread(stage.stack.stop, f"{service}-worker")
        await _migrate("downgrade", service, stage, revision)
        await asyncio.sleep(stage.brief)
        await _migrate("upgrade", service, stage)
        await asyncio.to_thread(stage.stack.start, f"{service}-worker")


async def _migrate(command: str, service: str, stage: Stage, *arguments: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "shared.migrations", command, service, *arguments],
        cwd=ROOT,
        env={**os.environ, **stage.stack.owner_env(service)},
        capture_output=True,
        timeout=_MIGRATION_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
