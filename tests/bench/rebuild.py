"""An empty rating hears a whole history anew from the owner's feed, beside COPY of the rows."""

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import asyncpg

from tests.bench import http, life
from tests.bench.ingest import empty
from tests.bench.results import ASIDE, REFERENCE, ROOT, Options, Result, percent, plain
from tests.bench.settling import tell_regions
from tests.bench.stand import Failed, Say, Stand, environment, run, standing

LIMIT_MIB: Final = 400
_SLOWEST: Final = 2000
_DONE: Final = "select coalesce(max(partitions_done), 0) from reconciliations"
_PARTITIONS: Final = 12


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Seconds until the last partition was heard, and until the command ended; peak memory."""

    heard: float
    ended: float
    peak_mib: float
    # How it ended, where not well.
    trouble: str = ""


def measure(options: Options, say: Say) -> Result:
    """Versions per second; three runs at full size."""
    executions = options.size(options.executions, 1_000_000, 10_000)
    times = options.times(3)
    result = Result(
        "rebuild",
        "Пересборка рейтинга из ленты",
        "python -m services.rating.main rebuild в пустой базе: лента GET /v1/events читается по"
        " HTTP у настоящего процесса assignments, чей outbox хранит всю историю. Эталон — COPY тех"
        " же строк версий (двоичный) в пустую таблицу с теми же ключом и индексами. Прогонов"
        f" {times}: каждый долог.",
        parameters={"executions": executions},
    )
    with standing() as stand, tempfile.TemporaryDirectory() as folder:
        stand.migrate("assignments", "rating", "directory")
        versions = run(
            life.fill_log(
                stand.dsn("assignments"),
                0,
                executions,
                now=datetime.now(UTC),
                published=True,
            )
        )
        say(f"лента готова: {versions:,} событий")
        stand.stack.start("assignments-api")
        tell_regions(stand)
        rows = Path(folder) / "versions.copy"
        ours: list[Rebuilt] = []
        copied: list[float] = []
        for number in range(times):
            empty(stand)
            stand.sql("rating", "truncate reconciliations")
            ours.append(_rebuild(stand, versions))
            kept = stand.value("rating", "select count(*) from execution_versions")
            assert kept == versions, f"{kept} versions of {versions} events"
            copied.append(run(_copy(stand, rows)))
            say(
                f"прогон {number + 1}: {versions / ours[-1].heard:,.0f} против"
                f" {versions / copied[-1]:,.0f} версий/с, память {ours[-1].peak_mib:.0f} МиБ"
            )
        pages = [run(_facts_page(stand)) for _ in range(options.times())]
    rate = result.add("Пересборка", "версий/с", [versions / one.heard for one in ours])
    copy = result.add("COPY", "версий/с", [versions / one for one in copied], REFERENCE)
    result.add("Пересборка", "с", [one.heard for one in ours], ASIDE)
    result.add("Вся команда, с баллами и сверкой", "с", [one.ended for one in ours], ASIDE)
    peak = result.add("Пик памяти команды", "МиБ", [one.peak_mib for one in ours], ASIDE)
    result.add("assignments: первая страница GET /v1/executions/facts?as_of=", "мс", pages, ASIDE)
    ratio = rate.median / copy.median
    result.at_least("≥ 15 % скорости COPY", ratio, 0.15, shown=percent(ratio))
    most = max(peak.values)
    result.at_most(f"память ≤ {LIMIT_MIB} МиБ", most, LIMIT_MIB, shown=f"{plain(most)} МиБ")
    result.remarks.append(f"Версий: {plain(versions)}.")
    result.remarks += sorted({f"Команда: {one.trouble}." for one in ours if one.trouble})
    return result


def _rebuild(stand: Stand, versions: int) -> Rebuilt:
    stand.settle_disk()
    limit = 120 + versions / _SLOWEST
    trouble = ""
    heard = None
    began = time.monotonic()
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.rating.main", "rebuild"],
            cwd=ROOT,
            env=environment(stand.stack.env("rating")),
            stdout=log,
            stderr=log,
        )
        while True:
            # By wait4: only it tells the peak memory of this very child.
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            seconds = time.monotonic() - began
            if heard is None and stand.value("rating", _DONE) >= _PARTITIONS:
                heard = seconds
            if pid:
                break
            if seconds > limit:
                process.send_signal(signal.SIGKILL)
                _, status, usage = os.wait4(process.pid, 0)
                break
            time.sleep(0.2)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        if process.returncode:
            trouble = f"код {process.returncode} через {seconds:.0f} с: {_end_of(log.read())}"
    if heard is None:
        raise Failed(f"rebuild: {trouble}")
    return Rebuilt(heard, seconds, usage.ru_maxrss / 1024, trouble)


def _end_of(log: bytes) -> str:
    lines = log.decode(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else ""


async def _copy(stand: Stand, rows: Path) -> float:
    """Seconds of COPY into an empty table like the versions'."""
    connection = await asyncpg.connect(stand.dsn("rating"), timeout=30)
    try:
        if not await asyncio.to_thread(rows.exists):
            await connection.copy_from_query(
                "select * from execution_versions order by occurred_at",
                output=rows,
                format="binary",
                timeout=3600,
            )
        await connection.execute("drop table if exists copied")
        await connection.execute("create table copied (like execution_versions including all)")
        await asyncio.to_thread(stand.settle_disk)
        began = time.monotonic()
        await connection.copy_to_table("copied", source=rows, format="binary", timeout=3600)
        seconds = time.monotonic() - began
        await connection.execute("drop table copied")
    finally:
        await connection.close()
    return seconds


async def _facts_page(stand: Stand) -> float:
    token = await asyncio.to_thread(stand.token, "auditor")
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    path = f"/v1/executions/facts?as_of={at}&limit=1000"
    async with http.connected(stand.port("assignments")) as connection:
        began = time.perf_counter()
        answer = await connection.send(http.request("GET", path, token=token))
        assert answer.status == 200, answer.body[:500]
        return (time.perf_counter() - began) * 1000
