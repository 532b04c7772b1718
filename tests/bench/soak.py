"""The whole stack at half its peak for a long while: memory, lag and errors must stay flat."""

import asyncio
import json
import random
import statistics
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.bench import http
from tests.bench.prepared import Prepared, prepare
from tests.bench.results import ASIDE, Options, Result, percent, plain
from tests.bench.settling import enter_reference, lag, settle
from tests.bench.stand import Say, Stand, resident, run, standing

MINUTES: Final = 20
EVERY: Final = 10.0
CONNECTIONS: Final = 16
# Commands an execution takes on its whole way, and the most that could be wanted per second.
_MOST: Final = 600.0
_REPORT: Final = (
    '{"text":"Исполнено","evidence":[{"title":"Акт","url":"https://example.org/a.pdf"}]}'.encode()
)
_WAY: Final = (
    ("acknowledge", "coordinator-{region}", b""),
    ("start", "cluster-{cluster}", b""),
    ("submit", "cluster-{cluster}", _REPORT),
    ("forward", "coordinator-{region}", b""),
    ("accept", "cur_controller", b""),
)
_FLAT: Final = 0.05
# What waits, in seconds of the load.
_BEHIND: Final = 2


@dataclass(slots=True)
class Load:
    """Executions on their way, and what became of the commands."""

    waiting: deque[tuple[Prepared, int]]
    done: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def measure(options: Options, say: Say) -> Result:
    """Find the peak with a closed loop, then send half of it, at random instants."""
    seconds = options.seconds or (20 if options.quick else MINUTES * 60)
    probe = 5.0 if options.quick else 20.0
    rate_limit = options.rate or (60.0 if options.quick else _MOST / 2)
    wanted = int((rate_limit * seconds + _MOST * probe) / len(_WAY)) + 500
    result = Result(
        "soak",
        "Выдержка под нагрузкой",
        f"Весь стенд, {seconds / 60:.0f} мин на половине пиковой частоты команд (пик найден тем же"
        f" стендом: {CONNECTIONS} соединений без пауз). Каждое исполнение проходит весь путь:"
        " координатор, кластер, координатор, ЦУР. Раз в 10 с — память всех процессов, соединения"
        " с базой, отставание публикации и рейтинга, ошибки.",
    )
    with standing() as stand:
        stand.migrate("assignments")
        made = run(
            prepare(stand.dsn("assignments"), 0, wanted, "routed", told=False, history=False)
        )
        stand.stack.up()
        enter_reference(stand)
        load = Load(deque((one, 0) for one in made))
        for who in {who for one in made for who in _people(one)}:
            stand.token(who)
        settle(stand, seconds=300)
        peak = run(_closed(stand, load, probe))
        say(f"пик: {peak:,.0f} команд/с")
        settle(stand, seconds=300)
        rate = min(options.rate or peak / 2, rate_limit)
        load.done, load.refused = 0, Counter()
        points = run(_soak(stand, load, rate, seconds, say))
        errors, warnings = _logged(stand, "error", "critical"), _logged(stand, "warning")
        settle(stand, seconds=300)
    result.parameters = {"seconds": seconds, "rate": rate, "peak": peak}
    result.points = {"samples": points}
    _tell(result, points, load, peak, rate, seconds)
    _tell_wrong(result, load, errors, warnings)
    return result


def _people(one: Prepared) -> Iterable[str]:
    return {who.format(region=one.region, cluster=one.cluster) for _, who, _ in _WAY}


async def _command(stand: Stand, pool: http.Pool, load: Load) -> None:
    one, stage = load.waiting.popleft()
    command, who, body = _WAY[stage]
    token = stand.token(who.format(region=one.region, cluster=one.cluster))
    path = f"/v1/executions/{one.id}/{command}"
    try:
        answer = await pool.send(http.request("POST", path, token=token, body=body))
    except (OSError, asyncio.IncompleteReadError) as error:
        load.refused[f"{command}: {error!r}"] += 1
        return
    if answer.status >= 300:
        code = json.loads(answer.body).get("code") if answer.body else ""
        load.refused[f"{command}: {answer.status} {code}"] += 1
        return
    load.done += 1
    if stage + 1 < len(_WAY):
        load.waiting.append((one, stage + 1))


async def _closed(stand: Stand, load: Load, seconds: float) -> float:
    """Commands per second when the next is sent as soon as one is answered."""
    pool = http.Pool(stand.port("assignments"))
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def one_after_another() -> None:
        while loop.time() < began + seconds:
            await _command(stand, pool, load)

    await asyncio.gather(*(one_after_another() for _ in range(CONNECTIONS)))
    pool.close()
    return load.done / (loop.time() - began)


async def _soak(
    stand: Stand, load: Load, rate: float, seconds: float, say: Say
) -> list[dict[str, float]]:
    pool = http.Pool(stand.port("assignments"))
    dice = random.Random(7)
    loop = asyncio.get_running_loop()
    began = due = loop.time()
    sampling = asyncio.create_task(_sample(stand, load, began, seconds, say))
    commands: set[asyncio.Task[None]] = set()
    while (due := due + dice.expovariate(rate)) < began + seconds:
        await asyncio.sleep(max(0.0, due - loop.time()))
        assert load.waiting, "no execution is left"
        task = asyncio.create_task(_command(stand, pool, load))
        commands.add(task)
        task.add_done_callback(commands.discard)
    await asyncio.gather(*commands)
    pool.close()
    return await sampling


async def _sample(
    stand: Stand, load: Load, began: float, seconds: float, say: Say
) -> list[dict[str, float]]:
    loop = asyncio.get_running_loop()
    found: list[dict[str, float]] = []
    every = min(EVERY, seconds / 5)
    for number in range(1, int(seconds / every) + 1):
        await asyncio.sleep(max(0.0, began + number * every - loop.time()))
        point = await asyncio.to_thread(_look, stand)
        point |= {
            "at": loop.time() - began,
            "done": load.done,
            "refused": load.refused.total(),
        }
        found.append(point)
        if number % 6 == 0:
            say(
                f"{point['at']:.0f} с: {load.done:,} команд, отказов {point['refused']:.0f},"
                f" отставание {point['behind']:.0f}"
            )
    return found


def _look(stand: Stand) -> dict[str, float]:
    """Memory of every process in MiB, connections, and what waits."""
    point: dict[str, float] = {}
    for row in stand.stack.status():
        if row.pid is not None and (
            row.name.endswith(("-api", "-worker")) or row.name in ("broker", "issuer")
        ):
            point[f"mib:{row.name}"] = resident(stand.process(row.name))
    point["connections"] = stand.value("postgres", "select count(*) from pg_stat_activity")
    unsent, unheard = lag(stand)
    point["unsent"], point["behind"] = unsent, unheard
    return point


def _logged(stand: Stand, *levels: str) -> Counter[str]:
    """Lines of these levels in the logs of our processes."""
    found: Counter[str] = Counter()
    marks = [f'"level": "{level}"' for level in levels]
    for row in stand.stack.status():
        log = stand.stack.log_of(row.name)
        if row.name.endswith(("-api", "-worker")) and log.exists():
            for line in log.read_text(errors="replace").splitlines():
                if any(mark in line for mark in marks):
                    found[f"{row.name}: {_event_of(line)}"] += 1
    return found


def _event_of(line: str) -> str:
    try:
        return str(json.loads(line).get("event"))[:120]
    except ValueError:
        return line[:120]


def growth(values: Sequence[float]) -> float:
    """How much the last fifth is above the second one, as a share of it: the first warms up."""
    fifth = max(1, len(values) // 5)
    before = statistics.mean(values[fifth : 2 * fifth] or values[:1])
    after = statistics.mean(values[-fifth:])
    return (after - before) / before if before else 0.0


def _tell(
    result: Result,
    points: list[dict[str, float]],
    load: Load,
    peak: float,
    rate: float,
    seconds: float,
) -> None:
    result.add("Пик: команды без пауз", "команд/с", [peak], ASIDE)
    result.add("Нагрузка", "команд/с", [rate], ASIDE)
    result.add("Исполнено команд", "шт.", [load.done], ASIDE)
    worst, worst_name = 0.0, ""
    for name in sorted(key for key in points[0] if key.startswith("mib:")):
        values = [point[name] for point in points]
        grown = growth(values)
        result.add(
            f"Память {name[4:]}: в начале, в конце",
            "МиБ",
            [values[0], values[-1]],
            ASIDE,
            note=f"после прогрева {grown * 100:+.1f} %",
        )
        # The embedded broker keeps what it was sent, until it is emptied for it.
        if name != "mib:broker" and grown > worst:
            worst, worst_name = grown, name[4:]
    behind = [point["behind"] + point["unsent"] for point in points]
    result.at_most(
        f"память ровная: рост ≤ {percent(_FLAT)}",
        worst,
        _FLAT,
        shown=f"наибольший рост {worst * 100:.1f} % ({worst_name or 'никто'})",
    )
    tell_lag(result, behind, rate)
    if rate < peak / 2 * 0.99:
        result.remarks.append(
            f"Нагрузка ниже половины пика ({plain(peak / 2)}): столько исполнений не заготовлено."
        )
    kept = load.done / seconds
    result.remarks.append(f"Исполнено {plain(load.done)} команд, {plain(kept)} в секунду.")
    result.remarks.append(
        "Память брокера Tansu растёт с каждым событием, пока его не опустошат (ADR 0020), и в вывод"
        " не входит."
    )


def tell_lag(result: Result, behind: Sequence[float], rate: float) -> None:
    """At its end as in its course: what waits has come in the last seconds of the load."""
    fifth = max(1, len(behind) // 5)
    late, early = statistics.mean(behind[-fifth:]), statistics.mean(behind[fifth : 2 * fifth])
    result.at_most(
        f"отставание ровное: ≤ {_BEHIND} с нагрузки",
        late / rate,
        _BEHIND,
        shown=f"{plain(late / rate)} с: событий ждёт {plain(early)} → {plain(late)},"
        f" не больше {plain(max(behind))}",
    )


def _tell_wrong(result: Result, load: Load, errors: Counter[str], warnings: Counter[str]) -> None:
    wrong = load.refused.total() + errors.total()
    result.at_most("ни одной ошибки", wrong, 0, shown=f"{wrong} на {plain(load.done)} команд")
    for what, count in (load.refused + errors).most_common(10):
        result.remarks.append(f"{what} × {count}.")
    said = "; ".join(f"{what} × {count}" for what, count in warnings.most_common(4))
    result.remarks.append(
        f"Предупреждений в журналах: {warnings.total()}{said and f' (чаще всего: {said})'}."
    )
