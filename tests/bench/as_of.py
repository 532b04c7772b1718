"""The rating as of an instant of the past, beside a plain GROUP BY over the same table."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
from sqlalchemy.exc import DBAPIError

from services.rating.domain.periods import Period
from services.rating.repository import facts
from shared.db import open_sessions, transaction
from tests.bench import http, life
from tests.bench.keeping import keep_days
from tests.bench.results import ASIDE, REFERENCE, Options, Result, percent, plain
from tests.bench.stand import Say, Stand, run, standing

_GROUPED: Final = (
    "select region, count(*), sum(weight) from execution_versions where occurred_at <= $1"
    " group by region"
)


class Cut(Exception):
    """The work was not finished: too long for the service's own limits."""


def measure(options: Options, say: Say) -> Result:
    """Milliseconds of the whole request, of its facts alone, and of the GROUP BY."""
    executions = options.size(options.executions, 1_000_000, 20_000)
    result = Result(
        "as_of",
        "Рейтинг на момент: ?as_of=",
        "GET /v1/ratings/regions?period=…&as_of=… целиком (один процесс, один клиент) и только"
        " выборка фактов из версий; эталон — SELECT region, count(*), sum(weight) … GROUP BY region"
        " по той же таблице до того же момента. Таблица прогрета, итоги дней сохранены, как их"
        " сохраняет обработчик.",
        parameters={"executions": executions},
    )
    now = datetime.now(UTC)
    with standing() as stand:
        stand.migrate("rating")
        dsn = stand.dsn("rating")
        run(life.fill_regions(dsn))
        run(life.fill_rating(dsn, 0, executions, now=now))
        versions = stand.value("rating", "select count(*) from execution_versions")
        say(f"готово: {executions:,} исполнений, {versions:,} версий")
        seconds = run(keep_days(dsn, now))
        say(f"итоги дней сохранены за {seconds:.0f} с, как их хранит обработчик")
        stand.stack.start("rating-api")
        for name, at in (
            ("полгода назад", now - timedelta(days=180)),
            ("вчера", now - timedelta(days=1)),
        ):
            run(_compare(result, stand, name, at, options.times(), say))
    for name in ("полгода назад", "вчера"):
        whole = result.find(f"{name}: запрос целиком").median
        ratio = whole / result.find(f"{name}: GROUP BY").median
        result.at_most(f"{name}: ≤ времени GROUP BY", ratio, 1, shown=percent(ratio))
        result.at_most(f"{name}: ≤ 500 мс", whole, 500, shown=f"{plain(whole)} мс")
    result.remarks.append(f"Версий в таблице: {plain(versions)}.")
    return result


async def _compare(
    result: Result, stand: Stand, name: str, at: datetime, times: int, say: Say
) -> None:
    dsn = stand.dsn("rating")
    period = Period.month_of(at.date())
    instant = at.isoformat(timespec="seconds").replace("+00:00", "Z")
    path = f"/v1/ratings/regions?period={period}&as_of={instant}"
    codes = sorted(life.regions().codes)
    taken: dict[str, list[float]] = {"whole": [], "grouped": [], "selected": []}
    cut: set[str] = set()
    connection = await asyncpg.connect(dsn, server_settings={"jit": "off"})
    try:
        async with open_sessions(dsn) as sessions:

            async def whole() -> None:
                async with http.connected(stand.port("rating")) as client:
                    answer = await client.send(http.request("GET", path))
                if answer.status != 200:
                    raise Cut(f"GET …as_of= ответил {answer.status}")

            async def grouped() -> None:
                await connection.fetch(_GROUPED, at)

            async def selected() -> None:
                try:
                    async with transaction(sessions) as session:
                        await facts.facts_as_of(session, period, at, codes)
                except DBAPIError as error:
                    raise Cut(str(error.orig).split(">: ")[-1]) from error

            # The first warms up.
            for number in range(times + 1):
                for key, work in (("whole", whole), ("grouped", grouped), ("selected", selected)):
                    began = time.perf_counter()
                    try:
                        await work()
                    except (Cut, asyncio.IncompleteReadError) as error:
                        cut.add(f"{name}: {error}; время — до обрыва.")
                    if number:
                        taken[key].append((time.perf_counter() - began) * 1000)
    finally:
        await connection.close()
    say(f"{name}: {taken['whole'][-1]:,.0f} мс против {taken['grouped'][-1]:,.0f}")
    result.add(f"{name}: запрос целиком", "мс", taken["whole"])
    result.add(f"{name}: GROUP BY", "мс", taken["grouped"], REFERENCE)
    result.add(f"{name}: только факты", "мс", taken["selected"], ASIDE)
    result.remarks += sorted(cut)
