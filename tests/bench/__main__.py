"""`python -m tests.bench [row …]`: measure rows, keep what was found, write the page."""

import argparse
import importlib
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Final

from tests.bench import machine
from tests.bench.results import FOLDER, Options, Result

# In the order of the page: cheap ones and those others stand on first.
ROWS: Final = (
    "ingest",
    "peers",
    "latency",
    "board",
    "command",
    "fanout",
    "rebuild",
    "as_of",
    "stream",
    "start",
    "curves",
    "soak",
)


def main() -> int:
    """Measure what was asked for; 1 where a row could not be measured."""
    options, rows, write = _arguments()
    failed = []
    for name in rows:
        print(f"== {name}", flush=True)  # noqa: T201
        try:
            result = measure(name, options)
        except Exception:
            traceback.print_exc()
            failed.append(name)
            continue
        print(f"   {result.save(FOLDER)}, {result.seconds:.0f} с", flush=True)  # noqa: T201
        for target in result.targets:
            mark = {True: "да", False: "НЕТ", None: "—"}[target.met]
            print(f"   {target.wanted}: {target.measured} [{mark}]", flush=True)  # noqa: T201
    if write:
        report = importlib.import_module("tests.bench.report")
        print(report.write(FOLDER))  # noqa: T201
    if failed:
        print("не измерено:", ", ".join(failed), file=sys.stderr)  # noqa: T201
    return int(bool(failed))


def measure(name: str, options: Options) -> Result:
    """Measure one row."""
    began = time.monotonic()
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    row = importlib.import_module(f"tests.bench.{name}")
    result: Result = row.measure(options, lambda line: print(f"   {line}", flush=True))  # noqa: T201
    result.machine = machine.describe()
    result.commit = machine.commit()
    result.taken_at = taken_at
    result.quick = options.quick
    result.seconds = time.monotonic() - began
    return result


def _arguments() -> tuple[Options, list[str], bool]:
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("rows", nargs="*", metavar="row", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="everything small, one run")
    parser.add_argument("--runs", type=int, help="alternating runs of ours and the reference")
    parser.add_argument("--events", type=int, help="backlog of ingest and peers")
    parser.add_argument("--executions", type=int, help="size of rebuild, as_of and curves")
    parser.add_argument("--seconds", type=float, help="length of a timed run; of soak, too")
    parser.add_argument("--rate", type=float, help="commands per second of latency and soak")
    parser.add_argument("--only", nargs="*", default=[], help="parts of a row, by its own names")
    parser.add_argument("--no-page", action="store_true", help="leave docs/benchmarks.md as it is")
    parser.add_argument("--page", action="store_true", help="only write the page")
    given = parser.parse_args()
    unknown = set(given.rows) - set(ROWS)
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    options = Options(
        quick=given.quick,
        runs=given.runs,
        events=given.events,
        executions=given.executions,
        seconds=given.seconds,
        rate=given.rate,
        only=tuple(given.only),
    )
    rows = [] if given.page else given.rows or list(ROWS)
    return options, rows, given.page or not given.no_page


if __name__ == "__main__":
    sys.exit(main())
