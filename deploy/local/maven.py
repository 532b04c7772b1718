"""What is fetched from Maven Central for tests against the real parts: Kafka, Keycloak."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from deploy.local.errors import StackError

FETCH_SECONDS: Final = 600
JAVA: Final = 17


def why_not() -> str | None:
    """Why nothing of it can run on this machine; None when it can."""
    if shutil.which("mvn") is None:
        return "нет Maven (mvn)"
    if shutil.which("java") is None:
        return f"нет Java {JAVA}"
    version = java_version()
    major = version.partition(".")[0]
    if not major.isdecimal() or int(major) < JAVA:
        return f"нужна Java {JAVA}, здесь {version or 'неизвестная'}"
    return None


def java_version() -> str:
    """As it tells it: `17.0.15`."""
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)  # noqa: S607
    return said.stderr.partition('"')[2].partition('"')[0]


def fetched(name: str, pom: Path, finish: Callable[[Path], None] = lambda _: None) -> Path:
    """The folder with the files the pom names, kept for later; before it is, `finish` is called.

    Raises `StackError` with Maven's own words, and whatever `finish` raises.
    """
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:12]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = folder / "professionalitet" / f"{name}-{digest}"
    if folder.exists():
        return folder
    if reason := why_not():
        raise StackError(f"{name}: не запустить, {reason}.")
    partial = folder.with_name(f"{folder.name}.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        _copy(name, pom, partial)
        finish(partial)
        try:
            partial.rename(folder)
        except OSError:
            # Another process was faster.
            if not folder.exists():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _copy(name: str, pom: Path, folder: Path) -> None:
    command = ["mvn", "--batch-mode", "--quiet", "--file", str(pom), "dependency:copy-dependencies"]
    done = subprocess.run(  # noqa: S603
        [*command, "-DincludeScope=runtime", f"-DoutputDirectory={folder}"],
        capture_output=True,
        text=True,
        timeout=FETCH_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StackError(f"Maven не принёс {name}:\n{done.stdout}{done.stderr}")
