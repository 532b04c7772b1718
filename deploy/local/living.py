"""Whether a process still lives; a zombie that nobody reaps does not."""

import time
from collections.abc import Iterable
from typing import Final

import psutil

POLL_SECONDS: Final = 0.02


def is_alive(process: psutil.Process) -> bool:
    """Whether the process runs and is the one we met, not a later one with its pid."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def await_end(processes: Iterable[psutil.Process], *, seconds: float) -> list[psutil.Process]:
    """Wait until these processes have ended; gives those that have not.

    `psutil.wait_procs` would wait in vain for a zombie that is no child of ours.
    """
    deadline = time.monotonic() + seconds
    left = [process for process in processes if is_alive(process)]
    while left and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
        left = [process for process in left if is_alive(process)]
    return left
