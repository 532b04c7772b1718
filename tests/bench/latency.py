"""From a command's 2xx to the new score: in GET and in SSE, through the whole stack."""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Final

import psutil

from tests.bench.commanding import Plan, Sender, Sent
from tests.bench.life import regions
from tests.bench.prepared import Prepared, prepare
from tests.bench.results import ASIDE, OURS, Options, Result, plain, spread
from tests.bench.seeing import MOVES, Move, Seen, watch_board, watch_stream
from tests.bench.settling import enter_reference, settle
from tests.bench.stand import Meter, Processes, Say, Stand, only, run, standing

PLANS: Final = (Plan(50), Plan(500), Plan(500, together=20))
_WARM_SECONDS: Final = 3.0
# What the table of targets asks for, in milliseconds.
_LIMITS: Final = {
    "50/с": (("p50", 25), ("p99", 80)),
    "500/с": (("p99", 250),),
    "500/с пачками по 20": (("p99", 250),),
}


@dataclass(slots=True)
class Run:
    """One open-loop run: how long until seen, in milliseconds."""

    sent: Sent
    board: list[float] = field(default_factory=list)
    stream: list[float] = field(default_factory=list)
    cores: dict[str, float] = field(default_factory=dict)


def measure(options: Options, say: Say) -> Result:
    """Open loop: commands come at random instants, however long the answers take."""
    result = Result(
        "latency",
        "От команды до нового балла",
        "Весь стенд (четыре API, четыре обработчика, PostgreSQL, брокер). Команды приходят по"
        " Пуассону, не дожидаясь ответов: передать (координаторы регионов), принять и вернуть"
        " (контролёр), отозвать (администратор), каждая над своим исполнением. Считается время от"
        " полученного 2xx до строки с новым счётом в GET /v1/ratings/regions и в потоке SSE.",
    )
    plans = [Plan(options.rate)] if options.rate else list(PLANS)
    seconds = options.seconds or (4 if options.quick else 20)
    times = options.times()
    # The bulk plan takes from three quarters of the regions.
    wanted = sum(int(plan.rate * seconds * 1.5 + 890) * times for plan in plans) + 890
    with standing() as stand:
        pools = _pools(stand, wanted)
        say(f"готово исполнений: {sum(map(len, pools.values())):,}")
        stand.stack.up()
        enter_reference(stand)
        for region, move in _moves().items():
            stand.token(move.who.format(region=region))
        settle(stand, seconds=300)
        # First commands pay for what is made once in a process's life.
        run(_run(stand, pools, Plan(50), _WARM_SECONDS))
        settle(stand, seconds=300)
        found: dict[str, list[Run]] = defaultdict(list)
        for number in range(times):
            for plan in plans:
                one = run(_run(stand, pools, plan, seconds))
                found[plan.title].append(one)
                settle(stand, seconds=300)
                say(
                    f"прогон {number + 1}, {plan.title}: GET p50 {spread(one.board)['p50']:.0f}"
                    f" p99 {spread(one.board)['p99']:.0f} мс, вызов p50"
                    f" {spread(one.sent.call)['p50']:.0f} мс, отказов {one.sent.refused.total()}"
                )
    result.parameters = {
        "plans": [plan.title for plan in plans],
        "seconds": seconds,
        "executions": wanted,
    }
    for title, runs in found.items():
        _tell(result, title, runs)
    return result


def _moves() -> dict[str, Move]:
    return {code: MOVES[n % len(MOVES)] for n, code in enumerate(regions().codes)}


def _pools(stand: Stand, wanted: int) -> dict[str, list[Prepared]]:
    """Executions by region, each in the state its region's command wants."""
    stand.migrate("assignments")
    moves = _moves()
    found: dict[str, list[Prepared]] = defaultdict(list)
    first = 0
    for state in ("submitted", "forwarded"):
        among = [region for region, move in moves.items() if move.state == state]
        last = first + wanted * len(among) // len(moves)
        made = prepare(
            stand.dsn("assignments"), first, last, state, told=False, history=False, among=among
        )
        for one in run(made):
            found[one.region].append(one)
        first = last
    return found


async def _run(stand: Stand, pools: dict[str, list[Prepared]], plan: Plan, seconds: float) -> Run:
    moves = _moves()
    board, stream = Seen(moves), Seen(moves)
    watching = [
        asyncio.create_task(watch_board(stand.port("rating"), board)),
        asyncio.create_task(watch_stream(stand.port("rating"), stream)),
    ]
    try:
        await asyncio.wait_for(asyncio.gather(board.begun.wait(), stream.begun.wait()), 30)
        meter = Meter(**_processes(stand))
        sender = Sender(stand, pools, moves, plan)
        await sender.run(seconds)
        found = Run(sender.sent, cores=meter.shares())
        for seen in (board, stream):
            await seen.until(sender.sent.at)
    finally:
        for task in watching:
            task.cancel()
    found.board, found.stream = board.after(sender.sent.at), stream.after(sender.sent.at)
    return found


def _processes(stand: Stand) -> dict[str, Processes]:
    found = {
        row.name: only(psutil.Process(row.pid))
        for row in stand.stack.status()
        if row.pid is not None and (row.name.endswith(("-api", "-worker")) or row.name == "broker")
    }
    return {**found, "postgres": stand.postgres, "bench": only(psutil.Process())}


def _tell(result: Result, title: str, runs: list[Run]) -> None:
    kinds = {
        "GET": ([one.board for one in runs], OURS),
        "SSE": ([one.stream for one in runs], OURS),
        "сам вызов": ([one.sent.call for one in runs], ASIDE),
        "опоздание загрузчика": ([one.sent.late for one in runs], ASIDE),
    }
    for kind, (taken, role) in kinds.items():
        for share in ("p50", "p99", "max"):
            values = [spread(one)[share] for one in taken]
            result.add(f"{title}, {kind}, {share}", "мс", values, role)
    for name in runs[0].cores:
        cores = [round(one.cores[name], 3) for one in runs]
        result.add(f"{title}, ядра: {name}", "ядер", cores, ASIDE)
    done = [sum(map(len, one.sent.at.values())) for one in runs]
    result.add(f"{title}, исполнено команд за прогон", "шт.", done, ASIDE)
    refused = sum((one.sent.refused for one in runs), Counter[str]())
    if refused:
        told = "; ".join(f"{what} × {count}" for what, count in refused.most_common())
        result.remarks.append(f"{title}, отказы: {told}.")
    for share, limit in _LIMITS.get(title, ()):
        for kind in ("GET", "SSE"):
            value = result.find(f"{title}, {kind}, {share}").median
            shown = f"{plain(value)} мс"
            result.at_most(f"{title}, {kind}: {share} ≤ {limit} мс", value, limit, shown=shown)
