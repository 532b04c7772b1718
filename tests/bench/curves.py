"""What grows with history and what must not: ingest, reads, memory; and the open month's cost."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import psutil

from services.rating.domain.periods import Period
from tests.bench import http, life
from tests.bench.ingest import backlog
from tests.bench.keeping import keep_days
from tests.bench.results import ASIDE, Options, Result, plain
from tests.bench.scoring import score_all
from tests.bench.stand import Say, Stand, resident, run, told_by

LEVELS: Final = (10_000, 100_000, 1_000_000)
OPEN_LEVELS: Final = (1_000, 5_000, 20_000, 50_000)
OPEN: Final = 5_000
READS: Final = 20
READS_MS: Final = 20_000
# Beyond the events of the backlog, whose executions are the first.
_HISTORY_FROM: Final = 1_000_000
_OPEN_FROM: Final = 20_000_000


def measure(options: Options, say: Say) -> Result:
    """The same figures at each size of history; the open month stays as it is."""
    levels = [level for level in LEVELS if level <= (options.executions or LEVELS[-1])]
    open_levels = list(OPEN_LEVELS)
    events = options.size(options.events, 50_000, 5_000)
    if options.quick:
        levels, open_levels = [2_000, 10_000], [1_000, 5_000]
    result = Result(
        "curves",
        "Как растёт цена",
        f"История из N закрытых исполнений (по пять версий) за три года, открытый месяц всегда"
        f" {OPEN} исполнений. При каждом N: приём {events} событий из брокера, чтения одним"
        " клиентом (медиана; итоги прошедших дней месяца сохранены, как их хранит обработчик),"
        " память процессов. Затем пересчёт всех 89 регионов при разном размере"
        " открытого месяца.",
        parameters={"levels": levels, "open_levels": open_levels, "events": events},
    )
    points: list[dict[str, float]] = []
    with backlog(events, say) as stand:
        dsn = stand.dsn("rating")
        now = datetime.now(UTC)
        run(life.fill_regions(dsn))
        run(life.fill_rating(dsn, _OPEN_FROM, _OPEN_FROM + OPEN, now=now, months=1))
        first = _HISTORY_FROM
        for level in levels:
            last = _HISTORY_FROM + level
            run(life.fill_rating(dsn, first, last, now=now, youngest=1))
            first = last
            run(score_all(dsn))
            points.append(_level(stand, level, events, options.times(3)))
            say(f"{level:,} исполнений: {points[-1]}")
        opened = _opened(stand, open_levels, now, options.times(3), say)
    result.points = {"levels": points, "open": opened}
    _tell(result, points, opened)
    return result


def _level(stand: Stand, level: int, events: int, times: int) -> dict[str, float]:
    rates, peaks = [], []
    for _ in range(times):
        _forget_ingested(stand)
        found = told_by(
            "tests.bench.ingesting",
            [str(events)],
            extra=stand.stack.env("rating"),
            seconds=120 + events / 500,
        )
        rates.append(events / found["seconds"])
        peaks.append(found["peak_mib"])
    _forget_ingested(stand)
    now = datetime.now(UTC)
    kept = run(keep_days(stand.dsn("rating"), now, now.date().replace(day=1)))
    stand.stack.start("rating-api")
    try:
        api = stand.process("rating-api")
        reads = run(_reads(stand))
        memory = resident(psutil.Process(api.pid))
    finally:
        stand.stack.stop("rating-api")
    return {
        "executions": level,
        "ingest": statistics.median(rates),
        **reads,
        "kept_s": kept,
        "consumer_mib": max(peaks),
        "api_mib": memory,
    }


def _forget_ingested(stand: Stand) -> None:
    limit = life.least(_HISTORY_FROM)
    stand.sql(
        "rating",
        f"delete from execution_versions where execution_id < {limit}",
        f"delete from executions where execution_id < {limit}",
        "truncate consumer_positions, touched, trend_marks, trends",
        "vacuum execution_versions",
        "vacuum executions",
    )
    stand.settle_disk()


async def _reads(stand: Stand) -> dict[str, float]:
    now = datetime.now(UTC)
    period = Period.month_of(now.date())
    yesterday = (now - timedelta(days=1)).isoformat(timespec="seconds").replace("+00:00", "Z")
    token = stand.token("auditor")
    paths = {
        "board_ms": "/v1/ratings/regions",
        "region_ms": f"/v1/ratings/regions/16?period={period}",
        "as_of_ms": f"/v1/ratings/regions?period={period}&as_of={yesterday}",
        "explanation_ms": f"/v1/ratings/regions/16/explanation?period={period}",
    }
    found: dict[str, float] = {}
    async with http.connected(stand.port("rating")) as connection:
        for name, path in paths.items():
            taken: list[float] = []
            # The first warms up; what is slow is not asked so often.
            while len(taken) <= READS and (len(taken) < 2 or sum(taken) < READS_MS):
                began = time.perf_counter()
                answer = await connection.send(http.request("GET", path, token=token))
                taken.append((time.perf_counter() - began) * 1000)
                if answer.status != 200:
                    found["cut"] = found.get("cut", 0) + 1
            found[name] = statistics.median(taken[1:])
    return found


def _opened(
    stand: Stand, levels: list[int], now: datetime, times: int, say: Say
) -> list[dict[str, float]]:
    """Seconds to score all regions, by how many executions the open month has."""
    dsn = stand.dsn("rating")
    limit = life.least(_OPEN_FROM)
    found: list[dict[str, float]] = []
    for level in levels:
        stand.sql(
            "rating",
            f"delete from execution_versions where execution_id >= {limit}",
            f"delete from executions where execution_id >= {limit}",
        )
        run(life.fill_rating(dsn, _OPEN_FROM, _OPEN_FROM + level, now=now, months=1))
        taken = [run(score_all(dsn)) * 1000 for _ in range(times)]
        found.append({"open": level, "score_ms": statistics.median(taken)})
        say(f"открытый месяц {level:,}: {found[-1]['score_ms']:.0f} мс")
    return found


_TITLES: Final = {
    "ingest": ("Приём", "событий/с"),
    "board_ms": ("Таблица сейчас", "мс"),
    "region_ms": ("Один регион", "мс"),
    "as_of_ms": ("Таблица на вчера", "мс"),
    "explanation_ms": ("Объяснение региона", "мс"),
    "kept_s": ("Итоги дней месяца сохранены за", "с"),
    "consumer_mib": ("Память потребителя", "МиБ"),
    "api_mib": ("Память API", "МиБ"),
}


def _tell(result: Result, points: list[dict[str, float]], opened: list[dict[str, float]]) -> None:
    for name, (title, unit) in _TITLES.items():
        for point in points:
            value = point[name]
            result.add(f"{title}, {plain(point['executions'])}", unit, [value], ASIDE)
    for point in opened:
        size = plain(point["open"])
        result.add(f"Пересчёт, открыто {size}", "мс", [point["score_ms"]], ASIDE)
    for point in points:
        if "cut" in point:
            result.remarks.append(
                f"При {plain(point['executions'])} исполнений чтений, оборванных самим сервисом"
                f" (statement_timeout): {plain(point['cut'])}; их время — до обрыва."
            )
    first, last = points[0], points[-1]
    for name, wanted, better in (
        ("ingest", "приём не медленнее ×1,5", False),
        ("board_ms", "таблица не дороже ×1,5", True),
        ("as_of_ms", "таблица на момент не дороже ×2", True),
        ("explanation_ms", "объяснение не дороже ×2", True),
    ):
        limit = 1.5 if "1,5" in wanted else 2.0
        before, after = first[name], last[name]
        ratio = after / before if better else before / after
        times = plain(last["executions"] / first["executions"])
        result.at_most(
            f"история в {times} раз длиннее: {wanted}",
            ratio,
            limit,
            shown=f"{plain(ratio)} × ({plain(before)} → {plain(after)} {_TITLES[name][1]})",
        )
