"""A thousand watchers of the rating's stream, beside a pure ASGI broadcaster of shared bytes."""

import asyncio
import re
import resource
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final, cast

import asyncpg
import psutil

from services.rating.repository.standings import CHANNEL, SCORED
from tests.bench import http
from tests.bench.board import prepare
from tests.bench.results import ASIDE, REFERENCE, Options, Result, percent, plain, spread
from tests.bench.slow import Slow, drop_and_resume
from tests.bench.stand import (
    Meter,
    Say,
    Stand,
    free_port,
    only,
    resident,
    run,
    serving,
    standing,
    uvicorn,
)

PATH: Final = "/v1/ratings/stream"
REGION: Final = "16"
PER_SECOND: Final = 10
FLAT_MIB: Final = 16
# Of all changes, those that may come within a newer one's frame only.
TOGETHER: Final = 0.05
_NUMBER: Final = re.compile(rb'"executions":(\d+)')
_ID: Final = re.compile(rb"id: (\S+)")
_LOST_SECONDS: Final = 30.0
# Far from what the region's facts add up to: a change is known by its number.
_FIRST: Final = 1_000_000
Publish = Callable[[int], Awaitable[None]]


class Listener(asyncio.Protocol):
    """One watcher: the instants at which it got each change, and the ids of its frames."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._rest = b""
        self.at: dict[int, float] = {}
        self.ids: list[bytes] = []
        self.ready = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do not derive from asyncio's.
        self.transport = cast(asyncio.Transport, transport)
        self.transport.write(http.request("GET", self._path))

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        self._rest += data
        *whole, self._rest = self._rest.split(b"\n\n")
        for frame in whole:
            if b"retry:" in frame and not self.ready.done():
                self.ready.set_result(None)
            numbered = _ID.search(frame)
            if numbered is None:
                continue
            self.ids.append(numbered[1])
            for found in _NUMBER.findall(frame):
                if int(found) >= _FIRST:
                    self.at[int(found)] = now


@dataclass(slots=True)
class Watched:
    """What one run came to; latencies in milliseconds."""

    latencies: list[float] = field(default_factory=list)
    # Changes told of by a newer one's frame only; watchers that got other frames than the first.
    together: int = 0
    unequal: int = 0
    grown_mib: float = 0.0
    cores: float = 0.0


def measure(options: Options, say: Say) -> Result:
    """Latency from a change's commit (or post) to each watcher."""
    clients = options.size(options.executions, 1000, 100)
    seconds = options.seconds or (4 if options.quick else 15)
    result = Result(
        "stream",
        "Поток изменений: SSE",
        f"{clients} клиентов на одном процессе uvicorn, {PER_SECOND} изменений в секунду. У нас"
        " изменение — строка standings и NOTIFY: таблица перечитывается, кадр собирается один раз."
        " Эталон получает готовые байты того же размера и только раздаёт их.",
        parameters={"clients": clients, "seconds": seconds},
    )
    _allow_many_sockets(clients * 2 + 500)
    with standing() as stand:
        prepare(stand)
        port = free_port()
        ours, bare = [], []
        with serving(uvicorn("tests.bench.references.broadcaster:app", port), port, {}) as pid:
            for number in range(options.times()):
                first = _FIRST + number * 100_000
                ours.append(run(_ours(stand, clients, seconds, first)))
                bare.append(run(_bare(psutil.Process(pid), port, clients, seconds, first)))
                mine, theirs = spread(ours[-1].latencies), spread(bare[-1].latencies)
                say(
                    f"прогон {number + 1}: p99 {mine['p99']:.0f} против {theirs['p99']:.0f} мс,"
                    f" слито {ours[-1].together}"
                )
        slow = run(drop_and_resume(stand.port("rating"), stand.dsn("rating")))
    _tell(result, ours, bare, slow)
    return result


def _allow_many_sockets(wanted: int) -> None:
    """Servers that are started afterwards may have as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


async def _ours(stand: Stand, clients: int, seconds: float, first: int) -> Watched:
    connection = await asyncpg.connect(stand.dsn("rating"))
    try:

        async def publish(number: int) -> None:
            async with connection.transaction():
                await connection.execute(
                    "update standings set executions = $1,"
                    " revision = nextval('standings_revision') where region = $2"
                    " and period = (select max(period) from standings)",
                    number,
                    REGION,
                )
                await connection.execute("select pg_notify($1, $2)", CHANNEL, SCORED)

        server = stand.process("rating-api")
        return await _watch(server, stand.port("rating"), PATH, publish, clients, seconds, first)
    finally:
        await connection.close()


async def _bare(
    server: psutil.Process, port: int, clients: int, seconds: float, first: int
) -> Watched:
    filler = b"x" * 640
    async with http.connected(port) as connection:

        async def publish(number: int) -> None:
            frame = b'event: standings\nid: %d\ndata: {"executions":%d,"filler":"%s"}\n\n'
            body = frame % (number, number, filler)
            await connection.send(http.request("POST", "/publish", body=body))

        return await _watch(server, port, "/stream", publish, clients, seconds, first)


async def _watch(
    server: psutil.Process,
    port: int,
    path: str,
    publish: Publish,
    clients: int,
    seconds: float,
    first: int,
) -> Watched:
    loop = asyncio.get_running_loop()
    listeners = []
    for _ in range(clients):
        _, listener = await loop.create_connection(lambda: Listener(path), http.HOST, port)
        listeners.append(listener)
    await asyncio.wait_for(asyncio.gather(*(one.ready for one in listeners)), 60)
    await publish(first)
    await _until_all_have(listeners, first)
    for listener in listeners:
        listener.ids.clear()
    meter, before = Meter(server=only(server)), resident(server)
    sent: dict[int, float] = {}
    began = loop.time()
    numbers = range(first + 1, first + 1 + int(PER_SECOND * seconds))
    for place, number in enumerate(numbers):
        await asyncio.sleep(max(0.0, began + place / PER_SECOND - loop.time()))
        sent[number] = time.perf_counter()
        await publish(number)
    await _until_all_have(listeners, numbers[-1])
    found = Watched(cores=meter.shares()["server"], grown_mib=resident(server) - before)
    for listener in listeners:
        found.together += sum(number not in listener.at for number in sent)
        # A frame that tells of a newer change tells of the older ones.
        got = float("inf")
        for number in sorted(sent, reverse=True):
            got = min(got, listener.at.get(number, got))
            found.latencies.append((got - sent[number]) * 1000)
        found.unequal += listener.ids != listeners[0].ids
        if listener.transport is not None:
            listener.transport.close()
    return found


async def _until_all_have(listeners: list[Listener], number: int) -> None:
    deadline = time.monotonic() + _LOST_SECONDS
    while not all(number in one.at for one in listeners):
        assert time.monotonic() < deadline, "a watcher never got the last change"
        await asyncio.sleep(0.01)


def _tell(result: Result, ours: list[Watched], bare: list[Watched], slow: Slow) -> None:
    for share in ("p50", "p99", "max"):
        result.add(f"Наш поток, {share}", "мс", [spread(one.latencies)[share] for one in ours])
        result.add(
            f"Раздача байтов, {share}",
            "мс",
            [spread(one.latencies)[share] for one in bare],
            REFERENCE,
        )
    result.add("Ядра: наш процесс", "ядер", [one.cores for one in ours], ASIDE)
    result.add("Ядра: эталон", "ядер", [one.cores for one in bare], ASIDE)
    grown = result.add("Прирост памяти за прогон", "МиБ", [one.grown_mib for one in ours], ASIDE)
    p99 = result.find("Наш поток, p99").median
    ratio = p99 / result.find("Раздача байтов, p99").median
    result.at_most("p99 ≤ 2 × эталона", ratio, 2, shown=f"{plain(ratio)} ×")
    result.at_most("p99 ≤ 100 мс", p99, 100, shown=f"{plain(p99)} мс")
    tell_lost(result, ours)
    result.at_most("память не растёт", grown.median, FLAT_MIB, shown=f"{plain(grown.median)} МиБ")
    result.at_least(
        "медленный клиент отключён и догоняет без пропуска",
        float(slow.dropped and slow.caught_up),
        1,
        shown=slow.told,
    )
    result.remarks.append(
        f"На 10 изменений в секунду эталон тратит {percent(bare[0].cores)} ядра, мы —"
        f" {percent(ours[0].cores)}."
    )


def tell_lost(result: Result, runs: list[Watched]) -> None:
    """Nobody lacks a frame that others have, and all together lack hardly any change's own."""
    unequal = sum(one.unequal for one in runs)
    told = sum(len(one.latencies) for one in runs)
    together = sum(one.together for one in runs)
    result.at_most(
        "ничего не потеряно",
        unequal,
        0,
        shown=f"у {unequal} клиентов другие кадры" if unequal else "у всех одни и те же кадры",
    )
    result.at_most(
        f"слито с более новой вестью ≤ {percent(TOGETHER)}",
        together / told,
        TOGETHER,
        shown=f"{plain(together)} из {plain(told)}",
    )
