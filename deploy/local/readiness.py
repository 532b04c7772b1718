"""Whether processes are healthy, and waiting until they are."""

import http.client
import time
from collections.abc import Mapping, Sequence
from typing import Final

from deploy.local import ports, postgres
from deploy.local.errors import StackError, last_lines
from deploy.local.processes import HOST, Process
from deploy.local.supervisor import Info, Supervisor

PROBE_SECONDS: Final = 2.0
POLL_SECONDS: Final = 0.05
# A process that has ended this often while we wait for it will not come.
HOPELESS_EXITS: Final = 3


def await_healthy(supervisor: Supervisor, wanted: Sequence[Process], seconds: float) -> None:
    """Wait until all of them are. Raises `StackError` with the end of the log of one that fails."""
    deadline = time.monotonic() + seconds
    exits: dict[str, set[int]] = {process.name: set() for process in wanted}
    waiting = list(wanted)
    while waiting:
        infos = supervisor.infos()
        waiting = [process for process in waiting if not is_healthy(process, infos)]
        for process in waiting:
            info = infos[process.name]
            exits[process.name].add(info["stop"])
            if info["statename"] == "FATAL" or len(exits[process.name]) > HOPELESS_EXITS:
                raise _failure(supervisor, process, "не запускается")
        if waiting and time.monotonic() > deadline:
            raise _failure(supervisor, waiting[0], f"не готов за {seconds:.0f} с")
        if waiting:
            time.sleep(POLL_SECONDS)


def is_healthy(process: Process, infos: Mapping[str, Info]) -> bool:
    """Whether the process runs and answers, as the supervisor tells of it."""
    if infos[process.name]["statename"] not in ("STARTING", "RUNNING"):
        return False
    if process.port is None:
        return True
    if process.name == "postgres":
        return postgres.is_ready(process.port)
    if process.health_path is None:
        return ports.accepts(process.port, seconds=PROBE_SECONDS)
    return _answers(process.port, process.health_path)


def _failure(supervisor: Supervisor, process: Process, what: str) -> StackError:
    log = supervisor.log_of(process.name)
    content = log.read_bytes() if log.exists() else b""
    return StackError(
        f"{process.name} ({process.title}) {what}. Конец журнала {log}:\n{last_lines(content)}"
    )


def _answers(port: int, path: str) -> bool:
    """Whether GET gives 200. Not through httpx: no proxy, no pool, two dozen probes a second."""
    connection = http.client.HTTPConnection(HOST, port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
