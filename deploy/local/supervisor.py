"""The stack's supervisord: its configuration, and the conversation with it over a Unix socket."""

import hashlib
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from xmlrpc.client import Fault, ServerProxy, Transport

from supervisor.states import RUNNING_STATES, ProcessStates
from supervisor.xmlrpc import Faults

from deploy.local.errors import StackError
from deploy.local.processes import ROOT, Process, identity

RPC_SECONDS: Final = 10.0
STOP_SECONDS: Final = 10
SETTLED_SECONDS: Final = 1
RESTARTS: Final = 20
LOG_BYTES: Final = "5MB"
LOG_BACKUPS: Final = 2
POLL_SECONDS: Final = 0.05
ACTIVE: Final = frozenset(RUNNING_STATES)
# One that has just died (EXITED) comes back at the supervisor's next look.
STOPPED: Final = frozenset({ProcessStates.STOPPED, ProcessStates.FATAL})

Info = Mapping[str, Any]


class Away(StackError):
    """No supervisor answers."""


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=RPC_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket file."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(RPC_SECONDS)
        self.sock.connect(str(self._path))


class _UnixTransport(Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> HTTPConnection:
        """Connect to the socket file, whatever the host is called."""
        connection = _UnixConnection(self._path)
        # Where the transport looks for what it has to close.
        self._connection = host, connection
        return connection


class Supervisor:
    """One supervisord per state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        # A socket's path may have 107 bytes, and the state folder may be deep.
        self._folder = Path("/tmp") / f"professionalitet-{identity(state)}"  # noqa: S108
        self._socket = self._folder / "supervisor.sock"
        self._config = state / "supervisord.conf"

    def log_of(self, name: str) -> Path:
        """Where the output of the process goes."""
        return self._state / "logs" / f"{name}.log"

    def is_configured(self, processes: Sequence[Process], environment: Mapping[str, str]) -> bool:
        """Whether the last launch was with these processes and this environment."""
        wanted = self._render(processes, environment)
        return self._config.exists() and self._config.read_text() == wanted

    def launch(self, processes: Sequence[Process], environment: Mapping[str, str]) -> None:
        """Start supervisord in the background; its processes wait to be started."""
        self._own_folder()
        (self._state / "logs").mkdir(exist_ok=True)
        # Passwords are in it.
        self._config.touch(mode=0o600)
        self._config.write_text(self._render(processes, environment))
        started = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._config)],
            # Log files are given relative to it: supervisord expands `%` in them twice.
            cwd=self._state,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if started.returncode:
            raise StackError(f"Не запустился supervisord:\n{started.stdout}{started.stderr}")

    def _own_folder(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if self._folder.is_symlink() or self._folder.stat().st_uid != os.geteuid():
            raise StackError(f"Папка {self._folder} принадлежит другому пользователю; удалите её.")

    def forget(self) -> None:
        """Remove the socket's folder, once nobody listens."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def is_running(self) -> bool:
        """Whether a supervisor answers."""
        try:
            self._call("getState")
        except Away:
            return False
        return True

    def infos(self) -> dict[str, Info]:
        """Every process by name, as supervisord describes it. Raises `Away`."""
        return {info["name"]: info for info in self._call("getAllProcessInfo")}

    def start(self, name: str) -> None:
        """Start the process, unless it runs or is about to."""
        try:
            self._call("startProcess", name, False)
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise

    def stop(self, names: Sequence[str]) -> None:
        """Stop these processes at the same time and wait until they are."""
        deadline = time.monotonic() + STOP_SECONDS + RPC_SECONDS
        while running := self._not_stopped(names):
            if time.monotonic() > deadline:
                raise StackError(f"Не останавливаются: {', '.join(running)}.")
            for name in running:
                # Asked again and again: one may have died and come back since.
                try:
                    self._call("stopProcess", name, False)
                except Fault as fault:
                    if fault.faultCode != Faults.NOT_RUNNING:
                        raise
            time.sleep(POLL_SECONDS)

    def _not_stopped(self, names: Sequence[str]) -> list[str]:
        infos = self.infos()
        return [name for name in names if infos[name]["state"] not in STOPPED]

    def shut_down(self) -> int:
        """Ask supervisord to stop everything and end; gives its pid to wait for."""
        pid: int = self._call("getPID")
        self._call("shutdown")
        return pid

    def _call(self, method: str, *arguments: object) -> Any:
        proxy = ServerProxy("http://localhost", transport=_UnixTransport(self._socket))
        try:
            with proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, HTTPException) as error:
            raise Away(f"Стек не запущен: супервизор не отвечает ({error}).") from error

    def _render(self, processes: Sequence[Process], environment: Mapping[str, str]) -> str:
        digest = hashlib.sha256(repr(sorted(environment.items())).encode()).hexdigest()
        head = f"""\
; Written by deploy.local at every launch. Environment {digest[:12]}
[unix_http_server]
file={_value(str(self._socket))}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface

[supervisord]
logfile=logs/supervisord.log
logfile_maxbytes={LOG_BYTES}
logfile_backups={LOG_BACKUPS}
pidfile=supervisord.pid
{"" if os.geteuid() else "user=root"}
"""
        sections = [
            self._section(process, number) for number, process in enumerate(processes, start=1)
        ]
        return "\n".join([head, *sections])

    def _section(self, process: Process, priority: int) -> str:
        if process.listens_to:
            # Its standard output is the conversation with supervisord.
            kind, stream = "eventlistener", "stderr"
            extra = f"events={process.listens_to}\nstdout_logfile=NONE"
        else:
            kind, stream = "program", "stdout"
            extra = "redirect_stderr=true"
        pairs = ",".join(f'{name}="{text}"' for name, text in process.environment.items())
        return f"""\
[{kind}:{process.name}]
command={_value(shlex.join(process.command))}
directory={_value(str(ROOT))}
environment={_value(pairs)}
priority={priority}
autostart=false
autorestart=true
startsecs={SETTLED_SECONDS}
startretries={RESTARTS}
stopsignal={process.stop_signal}
stopwaitsecs={STOP_SECONDS}
killasgroup=true
{stream}_logfile=logs/{process.name}.log
{stream}_logfile_maxbytes={LOG_BYTES}
{stream}_logfile_backups={LOG_BACKUPS}
{extra}
"""


def _value(text: str) -> str:
    """The text as a value of the configuration file."""
    if any(mark in text for mark in (" ;", " #", "\n", "\t;", "\t#")):
        raise StackError(f"Путь не подходит для supervisord («;» или «#» после пробела): {text}")
    return text.replace("%", "%%")
