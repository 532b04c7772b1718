"""`wrk`, the loader: Debian's package, so that the load costs as little as it can."""

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ABSENT: Final = "Нет программы wrk (пакет Debian): строка не измерена."
_UNITS: Final = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


@dataclass(frozen=True, slots=True)
class Load:
    """What a load came to; latencies in milliseconds."""

    per_second: float
    requests: int
    refused: int
    p50: float
    p99: float


def is_here() -> bool:
    """Whether the machine has it."""
    return shutil.which("wrk") is not None


def load(
    url: str,
    *,
    seconds: float,
    connections: int,
    headers: Sequence[str] = (),
    script: Path | None = None,
    arguments: Sequence[str] = (),
) -> Load:
    """One thread of wrk against the address. Raises `AssertionError` where wrk says nothing."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency"]
    for header in headers:
        command += ["-H", header]
    if script is not None:
        command += ["-s", str(script)]
    done = subprocess.run(
        [*command, url, *(["--", *arguments] if arguments else [])],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
        check=False,
    )
    said = done.stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    count = re.search(r"(\d+) requests in", said)
    assert rate, said + done.stderr
    assert count, said
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    socket = re.search(
        r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said
    )
    bad = int(refused[1]) if refused else 0
    bad += sum(map(int, socket.groups())) if socket else 0
    return Load(
        float(rate[1]), int(count[1]), bad, _milliseconds(said, "50%"), _milliseconds(said, "99%")
    )


def _milliseconds(said: str, share: str) -> float:
    found = re.search(rf"{share}\s+([\d.]+)(us|ms|s|m)\b", said)
    assert found, said
    return float(found[1]) * _UNITS[found[2]]
