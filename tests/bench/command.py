"""One command end to end over HTTP, beside the least handler that could do its writing."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from tests.bench import wrk
from tests.bench.prepared import Prepared, prepare
from tests.bench.results import ASIDE, REFERENCE, Options, Result, percent
from tests.bench.stand import Meter, Say, Stand, free_port, only, run, serving, standing, uvicorn

CONNECTIONS: Final = 16
# More than any of them reaches: every command has an execution of its own.
_PER_SECOND: Final = 1500
_LEAST_PER_SECOND: Final = 6000
_SCRIPT: Final = Path(__file__).with_name("commands.lua")
_REPORT: Final = (
    '{"text":"Исполнено","evidence":[{"title":"Акт","url":"https://example.org/a.pdf"}]}'
)
_LEAST: Final = (
    "create table least_executions (id uuid primary key, region text not null,"
    " status text not null, version integer not null, accepted_at timestamptz)",
    "create table least_outbox (position bigserial primary key, id uuid not null,"
    " key text not null, occurred_at timestamptz not null, data text not null)",
    "grant all on least_executions, least_outbox, least_outbox_position_seq to assignments",
)


def measure(options: Options, say: Say) -> Result:
    """Commands per second and CPU per command."""
    seconds = options.seconds or (2 if options.quick else 6)
    times = options.times()
    result = Result(
        "command",
        "Команда по HTTP: accept и submit",
        f"Один процесс uvicorn сервиса assignments, {CONNECTIONS} соединений wrk, каждая команда"
        " над своим заранее подготовленным исполнением; токен проверяется, шаг истории и событие"
        " outbox пишутся. Эталон — обработчик FastAPI + asyncpg: один update и одна вставка в"
        " outbox в одной транзакции, без прав, истории и проверок, на том же PostgreSQL.",
        parameters={"seconds": seconds, "connections": CONNECTIONS},
    )
    if not wrk.is_here():
        result.remarks.append(wrk.ABSENT)
        return result
    with standing() as stand, tempfile.TemporaryDirectory() as folder:
        bench = _Bench(stand, Path(folder), seconds, times)
        bench.prepare()
        say("исполнения подготовлены")
        bench.compare(say)
        bench.tell(result)
    return result


class _Bench:
    def __init__(self, stand: Stand, folder: Path, seconds: float, times: int) -> None:
        self._stand = stand
        self._folder = folder
        self._seconds = seconds
        # One more, before the others: first requests pay for what is made once.
        self._times = times + 1
        self._rates: dict[str, list[float]] = {}
        self._cpu: dict[str, list[float]] = {}
        self._p99: dict[str, list[float]] = {}

    def prepare(self) -> None:
        stand = self._stand
        stand.migrate("assignments")
        each = int(_PER_SECOND * self._seconds)
        dsn = stand.dsn("assignments")
        first = 0
        for name, state in (("accept", "forwarded"), ("submit", "in_progress")):
            last = first + each * self._times
            made = run(prepare(dsn, first, last, state, told=True, history=False))
            first = last
            for number in range(self._times):
                self._write(name, number, made[number * each : (number + 1) * each])
        stand.sql("assignments", *_LEAST)
        least = int(_LEAST_PER_SECOND * self._seconds) * self._times
        rows = stand.rows(
            "assignments",
            "insert into least_executions select gen_random_uuid(), '16', 'forwarded', 6"
            f" from generate_series(1, {least}) returning id",
        )
        share = least // self._times
        for number in range(self._times):
            ids = rows[number * share : (number + 1) * share]
            lines = [f"1 /v1/executions/{row['id']}/accept" for row in ids]
            self._lines("least", number).write_text("\n".join(lines) + "\n")
        self._tokens("least").write_text("none\n")
        stand.sql("assignments", "vacuum analyze")

    def _write(self, name: str, number: int, made: Sequence[Prepared]) -> None:
        clients = ["cur_controller"]
        if name == "submit":
            clients = sorted({f"cluster-{one.cluster}" for one in made})
        places = {client: place + 1 for place, client in enumerate(clients)}
        lines = [
            f"{places[f'cluster-{one.cluster}'] if name == 'submit' else 1}"
            f" /v1/executions/{one.id}/{name}"
            for one in made
        ]
        self._lines(name, number).write_text("\n".join(lines) + "\n")
        tokens = [self._stand.token(client) for client in clients]
        self._tokens(name).write_text("\n".join(tokens) + "\n")

    def _lines(self, name: str, number: int) -> Path:
        return self._folder / f"{name}-{number}.txt"

    def _tokens(self, name: str) -> Path:
        return self._folder / f"{name}-tokens.txt"

    def compare(self, say: Say) -> None:
        stand = self._stand
        stand.stack.start("assignments-api")
        port = free_port()
        command = uvicorn("tests.bench.references.minimal_command:app", port)
        with serving(command, port, {"DATABASE_URL": stand.running_dsn("assignments")}) as pid:
            for number in range(self._times):
                ours = stand.process("assignments-api")
                self._load("accept", number, ours, stand.port("assignments"))
                self._load("least", number, psutil.Process(pid), port)
                self._load("submit", number, ours, stand.port("assignments"), _REPORT)
                if number == 0:
                    for known in (self._rates, self._p99, self._cpu):
                        known.clear()
                    continue
                say(
                    f"прогон {number}: accept {self._rates['accept'][-1]:,.0f}, эталон"
                    f" {self._rates['least'][-1]:,.0f}, submit {self._rates['submit'][-1]:,.0f}"
                    " команд/с"
                )

    def _load(
        self, name: str, number: int, server: psutil.Process, port: int, body: str = ""
    ) -> None:
        self._stand.settle_disk()
        meter = Meter(api=only(server), postgres=self._stand.postgres)
        load = wrk.load(
            f"http://127.0.0.1:{port}",
            seconds=self._seconds,
            connections=CONNECTIONS,
            script=_SCRIPT,
            arguments=[str(self._lines(name, number)), str(self._tokens(name)), body],
        )
        assert load.refused == 0, f"{name}: {load.refused} of {load.requests} refused"
        used = meter.read()
        self._rates.setdefault(name, []).append(load.per_second)
        self._p99.setdefault(name, []).append(load.p99)
        for part, seconds in used.items():
            key = f"{name}, {part}"
            self._cpu.setdefault(key, []).append(seconds / load.requests * 1e6)

    def tell(self, result: Result) -> None:
        stand = self._stand
        told = stand.value(
            "assignments", "select count(*) from executions where status = 'accepted'"
        )
        events = stand.value(
            "assignments", "select count(*) from outbox where type like '%.accepted.v1'"
        )
        assert told == events, f"{told} accepted, {events} events"
        mine = result.add("accept, наш", "команд/с", self._rates["accept"])
        least = result.add("Наименьший обработчик", "команд/с", self._rates["least"], REFERENCE)
        result.add("submit, наш", "команд/с", self._rates["submit"])
        names = {"accept": "accept", "submit": "submit", "least": "эталон"}
        for name, title in names.items():
            result.add(f"p99, {title}", "мс", self._p99[name], ASIDE)
        for key, values in sorted(self._cpu.items()):
            name, part = key.split(", ")
            where = "процесс API" if part == "api" else "PostgreSQL"
            result.add(f"Процессор на команду, {names[name]}, {where}", "мкс", values, ASIDE)
        ratio = mine.median / least.median
        result.at_least("accept ≥ 50 % эталона", ratio, 0.5, shown=percent(ratio))
        result.remarks.append(f"Принято {told}, событий о приёмке в outbox столько же.")
