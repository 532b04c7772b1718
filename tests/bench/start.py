"""How long the stack takes to come up: from nothing, and a second time."""

import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Final
from xml.etree import ElementTree

from deploy.local.stack import Stack
from tests.bench.results import Options, Result, plain
from tests.bench.stand import Say
from tests.stack.test_stack import free_offset

# A JUnit file of the last whole `make test`, where the caller has one.
TESTS_FILE: Final = "BENCH_TESTS_XML"


def measure(options: Options, say: Say) -> Result:
    """Seconds until every process answers that it is ready."""
    result = Result(
        "start",
        "Запуск стенда",
        "Stack.up() в пустой папке (initdb, миграции, все процессы готовы) и ещё раз на тех же"
        " данных после остановки. Пакеты уже установлены.",
    )
    cold, again = [], []
    for number in range(options.times()):
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        stack = Stack(folder / "stack", free_offset())
        try:
            cold.append(_timed(stack))
            stack.down()
            again.append(_timed(stack))
        finally:
            stack.reset()
            shutil.rmtree(folder, ignore_errors=True)
        say(f"прогон {number + 1}: с нуля {cold[-1]:.1f} с, снова {again[-1]:.1f} с")
    first = result.add("С нуля", "с", cold)
    result.add("Снова", "с", again)
    result.at_most("стенд с нуля ≤ 15 с", first.median, 15, shown=f"{plain(first.median)} с")
    _tell_tests(result)
    return result


def _timed(stack: Stack) -> float:
    began = time.monotonic()
    stack.up()
    return time.monotonic() - began


def _tell_tests(result: Result) -> None:
    """The duration of `make test`, told by pytest's own file."""
    path = os.environ.get(TESTS_FILE)
    if path is None:
        result.remarks.append(
            "make test здесь не запускается; его длительность берётся из файла JUnit, названного в"
            f" {TESTS_FILE} (pytest --junitxml)."
        )
        return
    root = ElementTree.parse(path).getroot()
    suite = root if root.tag == "testsuite" else root[0]
    seconds = float(suite.attrib["time"])
    result.add("make test", "с", [seconds])
    result.at_most("make test ≤ 6 мин", seconds, 360, shown=f"{plain(seconds / 60)} мин")
