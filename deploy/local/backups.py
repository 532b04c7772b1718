"""The four databases and the files of evidence, saved into a folder and put back out of it.

Each dump is consistent in itself; that they are of slightly different moments, or later restored
one without the others, is healed by the services (ADR 0011).
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local import postgres
from deploy.local.errors import StackError
from deploy.local.processes import SERVICES
from deploy.local.stack import Stack

_FILES = "files"


def save(stack: Stack, folder: Path, services: Sequence[str] = SERVICES) -> None:
    """Dump the services' databases into the folder; the stack may be at work meanwhile.

    Raises `StackError`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for service in services:
        # Whole or not there: a dump broken off half-way must not look like one.
        partial = folder / f"{service}.partial"
        _run(stack, service, "pg_dump", "--format=custom", f"--file={partial}")
        partial.replace(_dump_of(folder, service))
    files = stack.state_dir / _FILES
    if files.is_dir():
        shutil.copytree(files, folder / _FILES, dirs_exist_ok=True)


def put_back(stack: Stack, folder: Path, services: Sequence[str] = SERVICES) -> None:
    """Replace the services' databases by those saved, while their processes stand still.

    What the broker holds was told by databases that are no more, so it forgets it.
    Raises `StackError`.
    """
    for service in services:
        if not _dump_of(folder, service).is_file():
            raise StackError(f"В {folder} нет копии {service}.")
    names = [f"{service}-{part}" for service in services for part in ("api", "worker")]
    for name in names:
        stack.stop(name)
    try:
        stack.restart("broker")
        for service in services:
            options = ("--clean", "--if-exists", "--exit-on-error", "--single-transaction")
            _run(stack, service, "pg_restore", *options, str(_dump_of(folder, service)))
        if (folder / _FILES).is_dir():
            shutil.copytree(folder / _FILES, stack.state_dir / _FILES, dirs_exist_ok=True)
    finally:
        for name in names:
            stack.start(name)


def _dump_of(folder: Path, service: str) -> Path:
    return folder / f"{service}.dump"


def _run(stack: Stack, service: str, program: str, *arguments: str) -> None:
    to = urlsplit(stack.superuser_dsn)
    connection = [f"--host={to.hostname}", f"--port={to.port}", f"--username={to.username}"]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [postgres.binaries() / program, *connection, f"--dbname={service}", *arguments],
        env={**os.environ, "PGPASSWORD": to.password or ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise StackError(f"{program} {service}: {done.stderr.strip()}")
