"""Processes of a stack that nobody supervises any more: found by their mark, ended in order."""

import os
import signal
from pathlib import Path
from typing import Final

import psutil

from deploy.local import postgres
from deploy.local.living import await_end, is_alive
from deploy.local.processes import MARK, identity

GRACE_SECONDS: Final = 8.0


def marked(state: Path) -> list[psutil.Process]:
    """Living processes that carry the stack's mark, and the server processes of its cluster.

    The mark is in the environment, so a recycled pid can never be taken for ours. Postgres
    overwrites its environment with its title and is known by its working folder instead.
    """
    mine = identity(state)
    found = {process.pid: process for process in postgres.processes_of(postgres.home_of(state))}
    for process in psutil.process_iter():
        try:
            if is_alive(process) and process.environ().get(MARK) == mine:
                found[process.pid] = process
        except psutil.Error:
            # Somebody else's process, or one that ended while we looked.
            continue
    found.pop(os.getpid(), None)
    return list(found.values())


def end(state: Path) -> int:
    """End whatever is left of the stack, politely and then not; says how many there were."""
    # SIGTERM makes Postgres wait for its clients.
    return _end(state, signal.SIGTERM, of_server=signal.SIGINT)


def destroy(state: Path) -> int:
    """End the stack at once, whose data nobody wants any more; says how many there were."""
    # Killed, Postgres would leave its shared memory behind.
    return _end(state, signal.SIGKILL, of_server=signal.SIGQUIT)


def _end(state: Path, number: signal.Signals, *, of_server: signal.Signals) -> int:
    left = marked(state)
    server = {process.pid for process in postgres.processes_of(postgres.home_of(state))}
    # A supervisor would start again what we end.
    for process in sorted(left, key=lambda process: not _supervises(process)):
        if _supervises(process):
            _signal(process, signal.SIGKILL)
        else:
            _signal(process, of_server if process.pid in server else number)
    stubborn = await_end(left, seconds=GRACE_SECONDS)
    for process in stubborn:
        _signal(process, signal.SIGKILL)
    await_end(stubborn, seconds=GRACE_SECONDS)
    return len(left)


def _supervises(process: psutil.Process) -> bool:
    try:
        return "supervisor.supervisord" in process.cmdline()
    except psutil.Error:
        return False


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
