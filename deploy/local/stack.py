"""The stack as a whole: up, down, reset, status; for the command line and for tests alike."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import psutil

from deploy.local import broker, databases, issuers, orphans, passwords, ports, postgres, processes
from deploy.local.broker import Broker
from deploy.local.errors import StackError, last_lines
from deploy.local.living import await_end
from deploy.local.processes import HOST, ROOT, SERVICES, Ports, Process
from deploy.local.readiness import await_healthy, is_healthy
from deploy.local.supervisor import ACTIVE, Away, Info, Supervisor

FREE_BYTES: Final = 500 * 1024 * 1024
SERVICES_SECONDS: Final = 60.0
STEP_SECONDS: Final = 120.0
DOWN_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Row:
    """One process, for the status table. `uptime` is in seconds."""

    name: str
    state: str
    pid: int | None
    port: int | None
    healthy: bool
    uptime: int | None


class Stack:
    """All processes of the product on this machine, with their data in one folder.

    `say` gets a Russian line about each step.
    """

    def __init__(
        self,
        state_dir: Path,
        port_offset: int = 0,
        *,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self.ports = Ports(port_offset)
        self._say = say
        self._supervisor = Supervisor(self.state_dir)

    @property
    def urls(self) -> dict[str, str]:
        """Base addresses of the services and of the issuer, without a trailing slash."""
        found = {name: f"http://{HOST}:{self.ports.api(name)}" for name in SERVICES}
        return found | {"issuer": f"http://{HOST}:{self.ports.issuer}"}

    @property
    def kafka_servers(self) -> str:
        """The broker's address, as clients take it."""
        return f"{HOST}:{self.ports.broker}"

    @property
    def mail_dir(self) -> Path:
        """Where letters end, as `.eml` files."""
        return self.state_dir / "mail"

    @property
    def superuser_dsn(self) -> str:
        """The database server's superuser, for tests and repairs."""
        return self._server.dsn

    def env(self, service: str) -> dict[str, str]:
        """What the stack adds to the environment of the service's processes."""
        password = self._passwords[service]
        return processes.common_environment(
            self.state_dir, self.ports
        ) | processes.service_environment(service, self.ports, password)

    def owner_env(self, service: str) -> dict[str, str]:
        """The same for what migrates: as the owner of the service's database."""
        owner = databases.owner_of(service)
        dsn = self._server.dsn_of(owner, self._passwords[owner], service)
        return self.env(service) | {"DATABASE_URL": dsn}

    def log_of(self, name: str) -> Path:
        """The log file of a process."""
        return self._supervisor.log_of(name)

    def up(self, *, services: bool = True, clock_from: datetime | None = None) -> None:
        """Start what does not run, migrate, and return when all of it is healthy.

        With `clock_from` a stack without a simulated clock gets one, standing at that instant,
        before its services start; a stack that has one keeps it. A start from nothing that fails
        or is interrupted leaves nothing running.
        """
        with self._exclusively():
            self._check_disk()
            passwords.make(
                self.state_dir,
                {postgres.SUPERUSER, *SERVICES, *map(databases.owner_of, SERVICES)},
            )
            launched = self._launch_unless_running()
            try:
                self._start_parts()
                if services:
                    self._start_services(clock_from)
            except BaseException:
                if launched:
                    self._say("Запуск не удался, останавливаю начатое.")
                    self._end()
                raise

    def down(self) -> bool:
        """Stop everything and wait until it is gone; says whether there was anything."""
        if not self.state_dir.exists():
            return False
        with self._exclusively():
            return self._end()

    def reset(self) -> None:
        """End everything at once, however busy, and delete all data."""
        if self.state_dir.exists():
            with self._exclusively():
                orphans.destroy(self.state_dir)
                self._supervisor.forget()
        shutil.rmtree(postgres.home_of(self.state_dir), ignore_errors=True)
        shutil.rmtree(self.state_dir, ignore_errors=True)

    def status(self) -> list[Row]:
        """Every process and how it is; empty when the stack does not run."""
        try:
            infos = self._supervisor.infos()
        except Away:
            return []
        with ThreadPoolExecutor(len(self._processes)) as pool:
            healths = list(pool.map(lambda process: is_healthy(process, infos), self._processes))
        return [
            Row(
                name=process.name,
                state=infos[process.name]["statename"],
                pid=infos[process.name]["pid"] or None,
                port=process.port,
                healthy=healthy,
                uptime=_uptime(infos[process.name]),
            )
            for process, healthy in zip(self._processes, healths, strict=True)
        ]

    def living(self) -> int:
        """How many processes of the stack live, supervised or not."""
        return len(orphans.marked(self.state_dir)) if self.state_dir.exists() else 0

    def pid(self, name: str) -> int | None:
        """The pid of a running process, or None."""
        self._process(name)
        return self._supervisor.infos()[name]["pid"] or None

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal past the supervisor, which will find out by itself."""
        pid = self.pid(name)
        if pid is None:
            raise StackError(f"Процесс {name} не запущен.")
        os.kill(pid, number)

    def start(self, name: str) -> None:
        """Start one process and wait until it is healthy."""
        process = self._process(name)
        self._start([process], SERVICES_SECONDS)

    def stop(self, name: str) -> None:
        """Stop one process and wait until it has ended."""
        self._process(name)
        self._supervisor.stop([name])

    def wipe_broker(self) -> None:
        """Kill the broker and let it come back empty."""
        if broker.chosen() is Broker.TANSU:
            self.kill("broker")  # memory only
            return
        self.stop("broker")
        broker.forget(self.state_dir / "broker")
        self.start("broker")

    def restart(self, name: str) -> None:
        """Stop and start one process."""
        self.stop(name)
        self.start(name)

    def wait(self, name: str, *, seconds: float = SERVICES_SECONDS) -> None:
        """Wait until the process is healthy. Raises `StackError` with the end of its log."""
        await_healthy(self._supervisor, [self._process(name)], seconds)

    @cached_property
    def _parts(self) -> list[Process]:
        home = postgres.home_of(self.state_dir)
        return processes.parts(self.state_dir, home, self.ports)

    @cached_property
    def _services(self) -> list[Process]:
        return processes.services(self.ports, self._passwords)

    @property
    def _processes(self) -> list[Process]:
        return [*self._parts, *self._services]

    def _process(self, name: str) -> Process:
        for process in self._processes:
            if process.name == name:
                return process
        known = ", ".join(process.name for process in self._processes)
        raise StackError(f"Нет процесса {name}. Есть: {known}.")

    @property
    def _passwords(self) -> dict[str, str]:
        return passwords.read(self.state_dir)

    @property
    def _server(self) -> postgres.Server:
        return postgres.Server(HOST, self.ports.postgres, self._passwords[postgres.SUPERUSER])

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        """One command at a time changes a stack."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        with (self.state_dir / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StackError(
                    "С этим стеком уже работает другая команда. Дождитесь её окончания."
                ) from None
            yield

    def _check_disk(self) -> None:
        self.state_dir.mkdir(parents=True, exist_ok=True)
        for folder in {self.state_dir, postgres.home_of(self.state_dir).parent}:
            free = shutil.disk_usage(folder).free
            if free < FREE_BYTES:
                raise StackError(
                    f"Мало места на диске: в {folder} свободно {free // 2**20} МБ, "
                    f"нужно не меньше {FREE_BYTES // 2**20} МБ."
                )

    def _check_ports(self, wanted: Sequence[Process]) -> None:
        taken = [process for process in wanted if process.port and not ports.is_free(process.port)]
        if not taken:
            return
        lines = [
            f"Порт {process.port} ({process.title}) занят: "
            f"{ports.holder(process.port or 0) or 'процесс определить не удалось'}."
            for process in taken
        ]
        raise StackError(
            "\n".join(
                [*lines, "Остановите этот процесс или сдвиньте порты: STACK_PORT_OFFSET=100."]
            )
        )

    def _launch_unless_running(self) -> bool:
        environment = processes.common_environment(self.state_dir, self.ports)
        if self._supervisor.is_running():
            if self._supervisor.is_configured(self._processes, environment):
                self._say("Стек уже запущен, проверяю его состав.")
                return False
            self._say("Настройки изменились, перезапускаю стек.")
            self._end()
        elif ended := orphans.end(self.state_dir):
            self._say(f"Остановлены процессы прежнего запуска: {ended}.")
        self._check_ports(self._parts)
        home = postgres.home_of(self.state_dir)
        if not (home / "data").exists():
            self._say("Создаю кластер PostgreSQL.")
        postgres.initialise(home, self._passwords[postgres.SUPERUSER])
        self._supervisor.launch(self._processes, environment)
        return True

    def _start_parts(self) -> None:
        if self._stopped(self._parts):
            self._say("Запускаю PostgreSQL, брокер, выдачу токенов и приём писем.")
        self._start(self._parts, issuers.chosen().start_seconds)
        roles = [*SERVICES, *map(databases.owner_of, SERVICES)]
        known = self._passwords
        _run(databases.ensure(self._server.dsn, {name: known[name] for name in roles}))
        self._say("Проверяю топики.")
        self._step(
            "Создание топиков",
            "shared.topics",
            environment=processes.common_environment(self.state_dir, self.ports),
        )

    def _start_services(self, clock_from: datetime | None) -> None:
        self._say("Применяю миграции.")
        wanted = {
            "databases": {name: self.owner_env(name)["DATABASE_URL"] for name in SERVICES},
            "clock": clock_from.isoformat() if clock_from else None,
        }
        self._step(
            "Подготовка баз",
            "deploy.local.preparing",
            environment=processes.common_environment(self.state_dir, self.ports),
            given=json.dumps(wanted),
        )
        if self._stopped(self._services):
            self._say("Запускаю сервисы и жду их готовности.")
        self._start(self._services, SERVICES_SECONDS)

    def _step(
        self, title: str, module: str, *, environment: dict[str, str], given: str = ""
    ) -> None:
        """Run one of our commands to its end, quietly unless it fails; it reads what is given."""
        try:
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", module],
                cwd=ROOT,
                env={**os.environ, **environment},
                input=given.encode(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=STEP_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise StackError(f"{title}: нет ответа за {STEP_SECONDS:.0f} с.") from error
        if done.returncode:
            raise StackError(f"{title}: ошибка.\n{last_lines(done.stdout)}")

    def _start(self, wanted: Sequence[Process], seconds: float) -> None:
        stopped = self._stopped(wanted)
        self._check_ports(stopped)
        for process in stopped:
            self._supervisor.start(process.name)
        await_healthy(self._supervisor, wanted, seconds)

    def _stopped(self, wanted: Sequence[Process]) -> list[Process]:
        infos = self._supervisor.infos()
        return [process for process in wanted if infos[process.name]["state"] not in ACTIVE]

    def _end(self) -> bool:
        """Stop services, then parts, then whatever is left."""
        found = False
        try:
            names = self._supervisor.infos().keys()
            found = True
            parts = {process.name for process in self._parts}
            # Each group at the same time; by itself supervisord takes a second for every one.
            self._supervisor.stop(sorted(names - parts))
            self._supervisor.stop(sorted(names & parts))
            _await_end(self._supervisor.shut_down())
        except StackError as error:
            if found:
                self._say(f"Супервизор не завершил работу сам ({error}), останавливаю процессы.")
        left = orphans.end(self.state_dir)
        self._supervisor.forget()
        return found or left > 0


def _uptime(info: Info) -> int | None:
    return info["now"] - info["start"] if info["statename"] == "RUNNING" else None


def _await_end(pid: int) -> None:
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return
    if await_end([process], seconds=DOWN_SECONDS):
        raise StackError(f"supervisord не завершился за {DOWN_SECONDS:.0f} с")


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also when the caller is inside an event loop of its own."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
