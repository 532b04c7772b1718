"""The stack is broken in every way we know while everybody works; nothing may be lost.

`make chaos` runs the full form; the short one is an ordinary journey. `CHAOS_SEED` repeats a run,
`CHAOS_MINUTES` bounds it, `CHAOS_RATE` sets the commands per second, `CHAOS_ONLY` picks faults by
parts of their names, separated by commas, and leaves out the combinations.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import httpx
import psutil
import pytest

from deploy.local import broker, maven
from deploy.local.broker import Broker
from deploy.local.processes import ROOT, SERVICES
from deploy.local.stack import Stack
from deploy.season.api import Api
from tests.chaos import faults, oracle
from tests.chaos.client import TIMEOUT_SECONDS, Client
from tests.chaos.faults import Fault
from tests.chaos.journal import Journal, Ledger
from tests.chaos.load import Load
from tests.chaos.pulse import Pulse
from tests.chaos.replay import standings_hashes
from tests.chaos.report import Account, counts
from tests.chaos.rounds import Rounds
from tests.chaos.stage import Stage, eventually
from tests.chaos.world import FIRST_INSTANT, build
from tests.receiver import receiver
from tests.stack.test_stack import free_offset

REPORT = ROOT / ".chaos"
WHOLE_SECONDS = float(os.environ.get("CHAOS_MINUTES") or 15) * 60
# After so many by themselves come two or three at once.
_SINGLES = 5
# What the last combination and the end may take.
RESERVED_SECONDS = 150
GROWTH_BYTES = 200 * 2**20
MORE_CONNECTIONS = 60
PUSHED_SECONDS = 60.0
WARM_SECONDS = 60.0


@pytest.fixture
def seed() -> int:
    """Another every run, unless it is given."""
    return int(os.environ.get("CHAOS_SEED") or datetime.now(UTC).strftime("%m%d%H%M%S"))


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    if broker.chosen() is Broker.KAFKA and (reason := maven.why_not()):
        pytest.skip(f"Apache Kafka не запустить: {reason}")
    stack = Stack(tmp_path / "stack", free_offset())
    stack.up(clock_from=FIRST_INSTANT)
    yield stack
    stack.reset()


@asynccontextmanager
async def staged(
    stack: Stack, seed: int, *, rate: float, lasting: float, brief: float, wide: bool
) -> AsyncIterator[tuple[Stage, Rounds, Account, Ledger]]:
    """A world at work; `wide` with many clusters, and a subscriber."""
    rate = float(os.environ.get("CHAOS_RATE") or rate)
    dice = Random(seed)
    account = Account(seed, broker.chosen(), rate)
    journal = Journal(stack.state_dir / "journal.jsonl")
    async with AsyncExitStack() as kept:
        kept.callback(journal.close)
        http = await kept.enter_async_context(
            httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS,
                trust_env=False,
                # Forgotten before the server closes them, which it does after five.
                limits=httpx.Limits(max_connections=None, keepalive_expiry=2),
            )
        )
        api = Api(
            await kept.enter_async_context(httpx.AsyncClient(timeout=60, trust_env=False)),
            stack.urls,
        )
        client = Client(http, stack.urls, journal, Random(dice.random()))
        world = await build(
            api, Random(dice.random()), clusters=60 if wide else 24, regions=20 if wide else 8
        )
        load = Load(world, client, Random(dice.random()), rate=rate)
        stage = Stage(
            stack, api, client, world, load, Random(dice.random()), Pulse(stack), lasting, brief
        )
        if wide:
            stage.platform = await kept.enter_async_context(receiver())
            wanted = [f"rating.slice.{kind}.v1" for kind in ("frozen", "sent", "published")]
            body = {"url": stage.platform.url, "event_types": wanted}
            await api.post("platform", "rating", "/v1/subscriptions", body)
        work = (load.run(), load.look_around(), stage.pulse.run())
        tasks = [asyncio.create_task(one) for one in work]
        ledger = Ledger(journal.path)
        load.go()
        await eventually(stage.idle, WARM_SECONDS)
        try:
            yield stage, Rounds(stage, ledger, account), account, ledger
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            account.notes.append(f"Послано: {counts(load.sent)}; придержано {load.held_back}.")
            account.notes.append(f"Отказы: {counts(ledger.refusals)}.")
            account.notes.append(
                f"API ждали процессора в {len(stage.pulse.starved)} замерах из"
                f" {stage.pulse.looks}; опоздавших из-за этого ответов {account.late}."
            )
            await asyncio.to_thread(_write, account)


def _write(account: Account) -> None:
    REPORT.mkdir(exist_ok=True)
    (REPORT / "report.md").write_text("\n".join(account.lines()))


def chosen(among: Sequence[Fault]) -> list[Fault]:
    parts = os.environ.get("CHAOS_ONLY", "").split(",")
    return [fault for fault in among if any(part in fault.name for part in parts)]


async def _until_time_is_up(
    stage: Stage, account: Account, began: float
) -> AsyncIterator[Sequence[Fault]]:
    """Each fault by itself, among them and then only combinations.

    What a slow machine did not come to is noted.
    """

    def is_up() -> bool:
        return time.monotonic() - began > WHOLE_SECONDS - RESERVED_SECONDS

    alone = chosen(faults.FULL)
    for number, fault in enumerate(alone):
        if is_up():
            left = ", ".join(one.name for one in alone[number:])
            account.notes.append(f"До этих сбоев время не дошло: {left}.")
            return
        yield [fault]
        if number % _SINGLES == _SINGLES - 1 and not os.environ.get("CHAOS_ONLY"):
            yield combination(stage.dice)
    while not is_up() and not os.environ.get("CHAOS_ONLY"):
        yield combination(stage.dice)


def combination(dice: Random) -> list[Fault]:
    """Two or three that happen at once and do not hide each other."""
    taken: list[Fault] = []
    for fault in dice.sample(faults.COMBINED, len(faults.COMBINED)):
        if all(fault.touches.isdisjoint(other.touches) for other in taken):
            taken.append(fault)
        if len(taken) == dice.choice((2, 3)):
            break
    return taken


async def _memory(stage: Stage) -> tuple[dict[str, int], int]:
    """Bytes resident per process, and connections to Postgres."""
    rows = await asyncio.to_thread(stage.stack.status)
    of_services = [row for row in rows if row.name.partition("-")[0] in SERVICES and row.pid]
    bytes_ = {row.name: psutil.Process(row.pid).memory_info().rss for row in of_services}
    [row] = await stage.sql("postgres", "select count(*) from pg_stat_activity")
    return bytes_, row[0]


async def _end(stage: Stage, account: Account, ledger: Ledger) -> None:
    """Pushes arrive, the replay gives the same standings, nothing has grown without bounds."""
    ours, replayed = await standings_hashes(stage)
    account.notes.append(f"Хеш мест {ours[:16]}, спокойного повтора {replayed[:16]}.")
    if ours != replayed:
        account.differences.append("the replay of the same log gives other standings")
    assert ours == replayed


async def _pushed(stage: Stage) -> None:
    """Letters and pushes go by the stack's clock: it is moved on until none waits."""

    async def waiting() -> list[str]:
        found = []
        for what, query in (
            ("pushes", "select count(*) from deliveries where state = 'pending'"),
            ("letters", "select count(*) from slice_letters where state = 'prepared'"),
        ):
            [row] = await stage.sql("rating", query)
            if row[0]:
                found.append(f"{row[0]} {what} wait")
        if found:
            await stage.client.set_clock(await stage.now() + timedelta(minutes=15))
            await asyncio.sleep(0.3)
        return found

    await eventually(waiting, PUSHED_SECONDS)
    await stage.settled()


@pytest.mark.e2e
@pytest.mark.timeout(240)
async def test_the_short_form(stack: Stack, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    async with staged(stack, seed, rate=12, lasting=4, brief=1, wide=False) as (
        stage,
        rounds,
        account,
        ledger,
    ):
        try:
            for together in faults.SHORT:
                await rounds.run(together, oracle.ALWAYS)
            await rounds.run([faults.POISON], oracle.WITH_SCORES)
            await _end(stage, account, ledger)
        finally:
            _say(capsys, account)


@pytest.mark.chaos
@pytest.mark.timeout(WHOLE_SECONDS + 120)
async def test_the_full_form(stack: Stack, seed: int, capsys: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    async with staged(stack, seed, rate=15, lasting=20, brief=3, wide=True) as (
        stage,
        rounds,
        account,
        ledger,
    ):
        _say_line(capsys, f"CHAOS_SEED={seed}")
        try:
            before, connections = await _memory(stage)
            async for together in _until_time_is_up(stage, account, began):
                await rounds.run(together, oracle.WITH_SCORES)
                _say_line(capsys, " | ".join(account.rounds[-1].cells))
            await _pushed(stage)
            for check in oracle.AT_THE_END:
                found = await check(stage, ledger)
                account.differences += found
                assert found == []
            await _end(stage, account, ledger)
            after, later = await _memory(stage)
            grown = {name: after[name] - before.get(name, 0) for name in after}
            account.notes.append(
                f"Память, МиБ: {counts({name: size >> 20 for name, size in after.items()})};"
                f" соединений с PostgreSQL: {connections} → {later}."
            )
            assert max(grown.values()) < GROWTH_BYTES, grown
            assert later < connections + MORE_CONNECTIONS
        finally:
            account.notes.append(f"Всего {time.monotonic() - began:.0f} с.")
            _say(capsys, account)


def _say(capsys: pytest.CaptureFixture[str], account: Account) -> None:
    _say_line(capsys, "\n".join(account.lines()))


def _say_line(capsys: pytest.CaptureFixture[str], line: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")
        sys.stdout.flush()
