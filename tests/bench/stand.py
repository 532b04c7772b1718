"""The real parts a row stands on: a stack of its own, its processes, and what they cost."""

import asyncio
import base64
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import psutil
import uvloop

from deploy.local import ports
from deploy.local.stack import Stack
from shared import migrations
from tests.bench.results import ROOT
from tests.stack.test_stack import free_offset

START_SECONDS: Final = 30.0
END_SECONDS: Final = 10.0
T = TypeVar("T")
Say = Callable[[str], None]


class Failed(RuntimeError):
    """A process of the bench ended otherwise than it should."""


class Stand:
    """A stack in a folder of its own, on free ports."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._tokens: dict[str, str] = {}

    def dsn(self, service: str) -> str:
        """The service's database, as its owner: rows are made by what may make tables, too."""
        return self.stack.owner_env(service)["DATABASE_URL"]

    def running_dsn(self, service: str) -> str:
        """The service's database, as its processes have it."""
        return self.stack.env(service)["DATABASE_URL"]

    def admin_dsn(self, service: str) -> str:
        """The service's database, as superuser."""
        return self.stack.superuser_dsn.rsplit("/", 1)[0] + f"/{service}"

    def migrate(self, *services: str) -> None:
        """Bring the databases of these services to their newest shape."""
        for service in services:
            asyncio.run(migrations.upgrade(service, self.dsn(service)))

    def url(self, service: str) -> str:
        return self.stack.urls[service]

    def port(self, service: str) -> int:
        return self.stack.ports.api(service)

    def process(self, name: str) -> psutil.Process:
        """A running process of the stack."""
        pid = self.stack.pid(name)
        if pid is None:
            raise Failed(f"{name} does not run")
        return psutil.Process(pid)

    def postgres(self) -> list[psutil.Process]:
        """The database server and its backends."""
        server = self.process("postgres")
        return [server, *server.children(recursive=True)]

    def token(self, client: str) -> str:
        """An access token of the development issuer."""
        known = self._tokens.get(client)
        if known is None:
            basic = base64.b64encode(f"{client}:dev".encode()).decode()
            request = urllib.request.Request(
                f"{self.stack.urls['issuer']}/token",
                data=b"grant_type=client_credentials",
                headers={"Authorization": f"Basic {basic}"},
            )
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(request, timeout=10) as answer:
                known = json.load(answer)["access_token"]
            self._tokens[client] = known
        return known

    def sql(self, service: str, *statements: str) -> None:
        """Carry out statements as superuser, each by itself."""

        async def work() -> None:
            connection = await asyncpg.connect(self.admin_dsn(service), timeout=10)
            try:
                for statement in statements:
                    await connection.execute(statement)
            finally:
                await connection.close()

        run(work())

    def value(self, service: str, statement: str, *arguments: object) -> Any:
        """The first value of a query, as superuser."""

        async def work() -> Any:
            connection = await asyncpg.connect(self.admin_dsn(service), timeout=10)
            try:
                return await connection.fetchval(statement, *arguments)
            finally:
                await connection.close()

        return run(work())

    def rows(self, service: str, statement: str, *arguments: object) -> list[Any]:
        """The rows of a query, as superuser."""

        async def work() -> list[Any]:
            connection = await asyncpg.connect(self.admin_dsn(service), timeout=10)
            try:
                return list(await connection.fetch(statement, *arguments))
            finally:
                await connection.close()

        return run(work())

    def settle_disk(self) -> None:
        """What was written before a run must not be paid for by it."""
        self.sql("postgres", "checkpoint")

    def count_statements(self) -> None:
        """Have the server count statements by text (pg_stat_statements); restarts it."""
        self.sql("postgres", "alter system set shared_preload_libraries = 'pg_stat_statements'")
        self.stack.restart("postgres")
        self.sql("postgres", "create extension if not exists pg_stat_statements")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on the loop that the product uses, too."""
    return uvloop.run(work)


@contextmanager
def standing(*, services: bool = False) -> Iterator[Stand]:
    """A stand of fresh parts (with all services where asked), gone with its data afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    # One machine asks for thousands here.
    os.environ |= {"RATE_LIMIT": "0", "STREAMS_EACH": "5000"}
    stack = Stack(folder / "stack", free_offset())
    try:
        stack.up(services=services)
        yield Stand(stack)
    except Exception:
        # With the stack its logs will be gone, and with them the reason.
        _show_logs(folder / "stack" / "logs")
        raise
    finally:
        stack.reset()
        shutil.rmtree(folder, ignore_errors=True)


def _show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*-*.log")):
        lines = log.read_text(errors="replace").splitlines()
        told = [line[:2000] for line in lines if '"level": "info"' not in line][-5:]
        if told:
            print(f"-- {log.name}", *told, sep="\n", file=sys.stderr, flush=True)  # noqa: T201


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a process of the bench."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **extra}


@contextmanager
def serving(command: Sequence[str], port: int, extra: Mapping[str, str]) -> Iterator[int]:
    """A server of the bench while the block runs; gives its pid."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            list(command), cwd=ROOT, env=environment(extra), stdout=log, stderr=log
        )
        try:
            deadline = time.monotonic() + START_SECONDS
            while not ports.accepts(port, seconds=1):
                if process.poll() is not None or time.monotonic() > deadline:
                    log.seek(0)
                    raise Failed(f"{command}: {log.read()[-2000:].decode(errors='replace')}")
                time.sleep(0.05)
            yield process.pid
        finally:
            end(process)


def uvicorn(app: str, port: int) -> list[str]:
    """The command the stack starts its APIs by."""
    return [
        sys.executable,
        *("-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port)),
        *("--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"),
    ]


def end(process: subprocess.Popen[Any]) -> None:
    """Stop a process of our own, by force where it does not listen."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def told_by(
    module: str,
    arguments: Sequence[str] = (),
    *,
    extra: Mapping[str, str],
    seconds: float,
    python: str = sys.executable,
) -> dict[str, Any]:
    """What a program of the bench prints as its last line, JSON. Raises `Failed`."""
    process = subprocess.Popen(
        [python, "-m", module, *arguments],
        cwd=ROOT,
        env=environment(extra),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Failed(f"{module}: nothing within {seconds:.0f} s") from None
    finally:
        end(process)
    # Frameworks talk before and after.
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if process.returncode or not lines:
        raise Failed(f"{module} ended with {process.returncode}: {output[-1500:]}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found


Processes = Callable[[], Sequence[psutil.Process]]


class Meter:
    """CPU seconds of processes since the meter was made; who comes and goes meanwhile, too."""

    def __init__(self, **processes: Processes) -> None:
        self._processes = processes
        self._began = {name: _cpu(found()) for name, found in processes.items()}
        self._at = time.monotonic()

    def read(self) -> dict[str, float]:
        """CPU seconds by name."""
        return {name: _cpu(found()) - self._began[name] for name, found in self._processes.items()}

    def shares(self) -> dict[str, float]:
        """Cores used by name, on average."""
        seconds = time.monotonic() - self._at
        return {name: used / seconds for name, used in self.read().items()}


def only(process: psutil.Process) -> Processes:
    """One process for a meter."""
    return lambda: [process]


def _cpu(processes: Sequence[psutil.Process]) -> float:
    total = 0.0
    for process in processes:
        try:
            # A database's backends that have ended are in their parent's account.
            total += sum(process.cpu_times()[:4])
        except psutil.Error:
            continue
    return total


def resident(process: psutil.Process) -> float:
    """Resident memory in MiB."""
    return float(process.memory_info().rss) / 2**20
