"""From a command's 2xx to the new score: in GET and in SSE, through the whole stack."""

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import psutil
from pydantic_core import from_json

from tests.bench import http
from tests.bench.life import regions
from tests.bench.prepared import Prepared, prepare
from tests.bench.results import ASIDE, Options, Result, plain, spread
from tests.bench.settling import enter_reference, settle
from tests.bench.stand import Meter, Say, Stand, run, standing

BOARD: Final = "/v1/ratings/regions"
STREAM: Final = "/v1/ratings/stream"
_LOST_SECONDS: Final = 20.0
_LOOK_SECONDS: Final = 0.002


@dataclass(frozen=True, slots=True)
class Move:
    """A command, in which state it is given, whose it is, and what of the board it moves."""

    command: str
    state: str
    who: str
    counter: str
    step: int
    body: bytes = b""


# One kind per region, so that what moves there is known. A cluster's `submit` moves no score.
MOVES: Final = (
    Move("forward", "submitted", "coordinator-{region}", "executions", 1),
    Move("accept", "forwarded", "cur_controller", "provisional", -1),
    Move("return", "forwarded", "cur_controller", "executions", -1, b'{"reason":"bench"}'),
    Move("withdraw", "forwarded", "cur_admin", "executions", -1, b'{"reason":"bench"}'),
)


@dataclass(slots=True)
class Seen:
    """When each region's counter was first seen at (or past) each count of commands."""

    moves: Mapping[str, Move]
    base: dict[str, int] = field(default_factory=dict)
    at: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    # Every region has been seen once.
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, items: Sequence[Mapping[str, Any]], now: float) -> None:
        for item in items:
            region = item["region"]
            move = self.moves[region]
            if region not in self.base:
                self.base[region] = item[move.counter]
            moved = (item[move.counter] - self.base[region]) * move.step
            known = self.at[region]
            known.extend([now] * (moved - len(known)))
        if len(self.base) == len(self.moves):
            self.begun.set()


@dataclass(slots=True)
class Run:
    """One open-loop run: how long until seen, in milliseconds."""

    call: list[float] = field(default_factory=list)
    board: list[float] = field(default_factory=list)
    stream: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
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
    rates = [options.rate] if options.rate else [50.0, 500.0]
    seconds = options.seconds or (4 if options.quick else 20)
    times = options.times()
    wanted = sum(int(rate * seconds * 1.3 + 89) * times for rate in rates)
    with standing() as stand:
        pools = _pools(stand, wanted)
        say(f"готово исполнений: {sum(map(len, pools.values())):,}")
        stand.stack.up()
        enter_reference(stand)
        for region, move in _moves().items():
            stand.token(move.who.format(region=region))
        settle(stand, seconds=300)
        found: dict[float, list[Run]] = defaultdict(list)
        for number in range(times):
            for rate in rates:
                one = run(_run(stand, pools, rate, seconds))
                found[rate].append(one)
                settle(stand, seconds=300)
                say(
                    f"прогон {number + 1}, {rate:.0f}/с: GET p50 {spread(one.board)['p50']:.0f}"
                    f" p99 {spread(one.board)['p99']:.0f} мс, вызов p50"
                    f" {spread(one.call)['p50']:.0f} мс, отказов {one.refused.total()}"
                )
    result.parameters = {"rates": rates, "seconds": seconds, "executions": wanted}
    for rate, runs in found.items():
        _tell(result, rate, runs)
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


async def _run(stand: Stand, pools: dict[str, list[Prepared]], rate: float, seconds: float) -> Run:
    moves = _moves()
    found = Run()
    board, stream = Seen(moves), Seen(moves)
    sent: dict[str, list[float]] = defaultdict(list)
    watching = [
        asyncio.create_task(_watch_board(stand.port("rating"), board)),
        asyncio.create_task(_watch_stream(stand.port("rating"), stream)),
    ]
    pool = http.Pool(stand.port("assignments"))
    dice = random.Random(f"{rate}")
    try:
        await asyncio.wait_for(asyncio.gather(board.begun.wait(), stream.begun.wait()), 30)
        meter = Meter(**_processes(stand))
        commands: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        began = due = loop.time()
        order: list[str] = []
        while (due := due + dice.expovariate(rate)) < began + seconds:
            # Round and round in random order: the next of a region comes after the last is seen.
            if not order:
                order = sorted(pools)
                dice.shuffle(order)
            region = order.pop()
            await asyncio.sleep(max(0.0, due - loop.time()))
            found.late.append((loop.time() - due) * 1000)
            one = pools[region].pop()
            task = asyncio.create_task(_command(stand, pool, one, moves[region], found, sent))
            commands.add(task)
            task.add_done_callback(commands.discard)
        await asyncio.gather(*commands)
        found.cores = meter.shares()
        await _until_seen(sent, board, stream)
    finally:
        for task in watching:
            task.cancel()
        pool.close()
    for region, instants in sent.items():
        for number, at in enumerate(sorted(instants)):
            found.board.append((board.at[region][number] - at) * 1000)
            found.stream.append((stream.at[region][number] - at) * 1000)
    return found


async def _command(
    stand: Stand,
    pool: http.Pool,
    one: Prepared,
    move: Move,
    found: Run,
    sent: dict[str, list[float]],
) -> None:
    token = stand.token(move.who.format(region=one.region))
    path = f"/v1/executions/{one.id}/{move.command}"
    began = time.perf_counter()
    answer = await pool.send(http.request("POST", path, token=token, body=move.body))
    ended = time.perf_counter()
    if answer.status >= 300:
        code = from_json(answer.body).get("code") if answer.body else None
        found.refused[f"{move.command}: {answer.status} {code}"] += 1
        return
    found.call.append((ended - began) * 1000)
    sent[one.region].append(ended)


async def _until_seen(sent: Mapping[str, list[float]], board: Seen, stream: Seen) -> None:
    """Raises `AssertionError` where a command acknowledged is not seen in time."""
    deadline = time.monotonic() + _LOST_SECONDS
    for seen in (board, stream):
        for region, instants in sent.items():
            while len(seen.at[region]) < len(instants):
                assert time.monotonic() < deadline, f"{region}: a command was never seen"
                await asyncio.sleep(0.01)


async def _watch_board(port: int, seen: Seen) -> None:
    """Ask again and again, as often as the reader can use it."""
    etag = ""
    async with http.connected(port) as connection:
        while True:
            request = http.request("GET", BOARD, if_none_match=etag or '"none"')
            answer = await connection.send(request)
            if answer.status == 200:
                etag = answer.headers["etag"]
                seen.take(from_json(answer.body)["items"], time.perf_counter())
            await asyncio.sleep(_LOOK_SECONDS)


async def _watch_stream(port: int, seen: Seen) -> None:
    async for frame in http.frames(port, STREAM):
        seen.take(from_json(frame.data)["items"], time.perf_counter())


def _processes(stand: Stand) -> dict[str, list[psutil.Process]]:
    found = {
        row.name: [psutil.Process(row.pid)]
        for row in stand.stack.status()
        if row.pid is not None and (row.name.endswith(("-api", "-worker")) or row.name == "broker")
    }
    return {**found, "postgres": stand.postgres(), "bench": [psutil.Process()]}


def _tell(result: Result, rate: float, runs: list[Run]) -> None:
    kinds = (("board", "GET"), ("stream", "SSE"), ("call", "сам вызов"), ("late", "опоздание"))
    for name, title in kinds:
        for share in ("p50", "p99", "max"):
            result.add(
                f"{rate:.0f}/с, {title}, {share}",
                "мс",
                [spread(getattr(one, name))[share] for one in runs if getattr(one, name)],
                ASIDE if name in ("call", "late") else "ours",
            )
    for name in runs[0].cores:
        cores = result.add(f"{rate:.0f}/с, ядра: {name}", "ядер", [], ASIDE)
        cores.values = [round(one.cores[name], 3) for one in runs]
    result.add(f"{rate:.0f}/с, отказов", "шт.", [one.refused.total() for one in runs], ASIDE)
    refused = sum((one.refused for one in runs), Counter[str]())
    if refused:
        told = "; ".join(f"{what} × {count}" for what, count in refused.most_common())
        result.remarks.append(f"{rate:.0f}/с, отказы: {told}.")
    achieved = [len(one.call) for one in runs]
    result.add(f"{rate:.0f}/с, исполнено команд за прогон", "шт.", achieved, ASIDE)
    limits = {50.0: (("p50", 25), ("p99", 80)), 500.0: (("p99", 250),)}
    for share, limit in limits.get(rate, ()):
        for title in ("GET", "SSE"):
            value = result.find(f"{rate:.0f}/с, {title}, {share}").median
            result.at_most(
                f"{rate:.0f}/с, {title}: {share} ≤ {limit} мс",
                value,
                limit,
                shown=f"{plain(value)} мс",
            )
