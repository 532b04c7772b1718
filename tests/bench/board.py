"""The whole current rating over HTTP, beside a bare route that returns the same bytes."""

import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.bench import http, life, wrk
from tests.bench.results import ASIDE, OURS, REFERENCE, Options, Result, percent, plain
from tests.bench.scoring import score_all
from tests.bench.stand import Say, Stand, free_port, run, serving, standing, uvicorn

PATH: Final = "/v1/ratings/regions"
CONNECTIONS: Final = 32
_TRANSACTIONS: Final = (
    "select xact_commit + xact_rollback from pg_stat_database where datname = 'rating'"
)


def measure(options: Options, say: Say) -> Result:
    """Requests per second of 200 and of 304, ours and the bare route's in turn."""
    seconds = options.seconds or (2 if options.quick else 6)
    result = Result(
        "board",
        "Чтение рейтинга: GET /v1/ratings/regions",
        f"89 строк, {CONNECTIONS} соединения wrk, один процесс uvicorn. Эталон — голый маршрут"
        " Starlette, который отдаёт те же байты (и 304 по тому же ETag) на том же uvicorn.",
        parameters={"seconds": seconds, "connections": CONNECTIONS},
    )
    if not wrk.is_here():
        result.remarks.append(wrk.ABSENT)
        return result
    with standing() as stand, tempfile.TemporaryDirectory() as folder:
        prepare(stand)
        body, headers = http.get(f"{stand.url('rating')}{PATH}")
        content = Path(folder) / "board.json"
        content.write_bytes(body)
        port = free_port()
        environment = {"BODY": str(content), "ETAG": headers["etag"]}
        with serving(uvicorn("tests.bench.references.bare_board:app", port), port, environment):
            _compare(result, stand, port, headers["etag"], seconds, options.times(), say)
        result.remarks.append(f"Ответ — {len(body)} байт.")
    return result


def prepare(stand: Stand, executions: int = 20_000) -> None:
    """A rating with facts of three years, scored, and its API."""
    stand.migrate("rating")
    now = datetime.now(UTC)
    run(life.fill_regions(stand.dsn("rating")))
    run(life.fill_rating(stand.dsn("rating"), 0, executions, now=now))
    run(score_all(stand.dsn("rating")))
    stand.stack.start("rating-api")
    # The first requests find the board loaded: readiness alone does not promise it.
    deadline = time.monotonic() + 20
    while b'"items":[{' not in http.get(f"{stand.url('rating')}{PATH}")[0]:
        assert time.monotonic() < deadline, "the board is not loaded"
        time.sleep(0.1)


def _compare(
    result: Result, stand: Stand, port: int, etag: str, seconds: float, times: int, say: Say
) -> None:
    urls = {
        OURS: f"http://127.0.0.1:{stand.port('rating')}{PATH}",
        REFERENCE: f"http://127.0.0.1:{port}{PATH}",
    }
    found: dict[tuple[str, str], list[wrk.Load]] = defaultdict(list)
    statements: list[float] = []
    for number in range(times):
        for kind, headers in (("200", ()), ("304", (f"If-None-Match: {etag}",))):
            before = _transactions(stand)
            time.sleep(seconds)
            idle = _transactions(stand) - before
            for name, url in urls.items():
                before = _transactions(stand)
                load = wrk.load(url, seconds=seconds, connections=CONNECTIONS, headers=headers)
                assert load.refused == 0, f"{url}: {load.refused} refused"
                found[name, kind].append(load)
                if name == OURS:
                    statements.append(max(0, _transactions(stand) - before - idle))
            mine, theirs = found[OURS, kind][-1], found[REFERENCE, kind][-1]
            say(
                f"прогон {number + 1}, {kind}: {mine.per_second:,.0f} против"
                f" {theirs.per_second:,.0f} запросов/с"
            )
    for kind, wanted in (("200", 1.0), ("304", 1.2)):
        rate = result.add(
            f"Наш ответ {kind}", "запросов/с", [one.per_second for one in found[OURS, kind]]
        )
        bare = result.add(
            f"Голый Starlette, {kind}",
            "запросов/с",
            [one.per_second for one in found[REFERENCE, kind]],
            REFERENCE,
        )
        ratio = rate.median / bare.median
        result.at_least(f"{kind}: ≥ {percent(wanted)} эталона", ratio, wanted, shown=percent(ratio))
        for role, name in ((OURS, "наш"), (REFERENCE, "эталон")):
            result.add(f"p99, {kind}, {name}", "мс", [one.p99 for one in found[role, kind]], ASIDE)
    result.add("Транзакции SQL сверх покоя за прогон", "шт.", statements, ASIDE)
    requests = sum(load.requests for kind in ("200", "304") for load in found[OURS, kind])
    # The board renews its head once a second whether or not anyone asks: that is the idle part.
    result.at_most(
        "0 операторов SQL на запрос",
        sum(statements) / requests,
        0.001,
        shown=f"{plain(sum(statements))} транзакций сверх покоя на {plain(requests)} запросов",
    )


def _transactions(stand: Stand) -> int:
    """How many the rating's database has seen; backends report with a delay."""
    time.sleep(1)
    found: int = stand.value("rating", _TRANSACTIONS)
    return found
