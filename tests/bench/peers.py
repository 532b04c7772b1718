"""What else a user could take for the same work: the same fold of the same topic, in turn."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.bench.ingest import backlog, check_applied, empty
from tests.bench.results import ASIDE, REFERENCE, ROOT, Options, Result, plain
from tests.bench.stand import Failed, Say, Stand, told_by

PYTHON: Final = ROOT / ".venv-bench" / "bin" / "python"
# Slower than this it is not waited for.
_SLOWEST: Final = 1500
_ORACLE: Final = "select region, count(*) from executions where status = 'accepted' group by region"


@dataclass(frozen=True, slots=True)
class Peer:
    """A program under `references`, what it is made of, and what of its state survives."""

    name: str
    title: str
    package: str
    durable: bool
    durability: str

    @property
    def module(self) -> str:
        return f"tests.bench.references.{self.name}"


PEERS: Final = (
    Peer("faststream_each", "FastStream, по сообщению", "faststream", False, "нет: память"),
    Peer("faststream_batch", "FastStream, пачками", "faststream", False, "нет: память"),
    Peer(
        "bytewax_fold",
        "Bytewax с восстановлением",
        "bytewax",
        True,
        "снимки в SQLite раз в секунду, после сбоя часть событий применяется снова",
    ),
    Peer(
        "quix_fold",
        "Quix Streams",
        "quixstreams",
        True,
        "RocksDB и тема изменений, «хотя бы раз»",
    ),
    Peer("faust_fold", "Faust", "faust-streaming", False, "нет: память, смещения фиксируются"),
)


def measure(options: Options, say: Say) -> Result:
    """Events per second of each, from its first event to its last; results must agree."""
    count = options.size(options.events, 200_000, 20_000)
    wanted = [peer for peer in PEERS if not options.only or peer.name in options.only]
    result = Result(
        "peers",
        "Приём событий: чем ещё это делают",
        "Та же тема, тот же брокер, та же свёртка: новейшая версия каждого исполнения и число"
        " принятых по регионам; результат каждого сверен с нашим. Старт не считается. Наш"
        " потребитель, кроме того, хранит в PostgreSQL все версии вместе с позициями.",
        parameters={"events": count},
    )
    if not PYTHON.exists():
        result.remarks.append("Нет окружения .venv-bench: его создаёт make bench.")
        return result
    rates: dict[str, list[float]] = {peer.name: [] for peer in wanted}
    peaks: dict[str, list[float]] = {peer.name: [] for peer in wanted}
    ours: list[float] = []
    failed: dict[str, str] = {}
    with backlog(count, say) as stand:
        for number in range(options.times()):
            empty(stand)
            found = told_by(
                "tests.bench.ingesting",
                [str(count)],
                extra=stand.stack.env("rating"),
                seconds=60 + count / _SLOWEST,
            )
            ours.append(count / found["seconds"])
            check_applied(stand, count)
            oracle = {row["region"]: row["count"] for row in stand.rows("rating", _ORACLE)}
            for peer in wanted:
                if peer.name in failed:
                    continue
                try:
                    found = _drain(stand, peer, count)
                    assert found["accepted"] == oracle, f"{peer.name}: another result"
                except Failed as error:
                    failed[peer.name] = str(error).strip()
                    say(f"{peer.name}: {error}")
                    continue
                rates[peer.name].append(found["count"] / found["seconds"])
                peaks[peer.name].append(found["peak_mib"])
                say(f"прогон {number + 1}, {peer.title}: {rates[peer.name][-1]:,.0f} событий/с")
            say(f"прогон {number + 1}, мы: {ours[-1]:,.0f} событий/с")
    _tell(result, wanted, ours, rates, peaks)
    for name, reason in failed.items():
        result.remarks.append(f"{name} не отработал: {reason.splitlines()[-1][:300]}")
    return result


def _drain(stand: Stand, peer: Peer, count: int) -> dict[str, Any]:
    extra = {"KAFKA_SERVERS": stand.stack.kafka_servers, "BENCH_EVENTS": str(count)}
    return told_by(peer.module, extra=extra, seconds=60 + count / _SLOWEST, python=str(PYTHON))


def _tell(
    result: Result,
    wanted: list[Peer],
    ours: list[float],
    rates: Mapping[str, list[float]],
    peaks: Mapping[str, list[float]],
) -> None:
    mine = result.add(
        "Наш потребитель",
        "событий/с",
        ours,
        note="PostgreSQL: факты, версии и позиции в одной транзакции, ровно один раз",
    )
    versions = _versions()
    for peer in wanted:
        if not rates[peer.name]:
            continue
        note = f"{peer.package} {versions.get(peer.package, '?')}; состояние: {peer.durability}"
        theirs = result.add(peer.title, "событий/с", rates[peer.name], REFERENCE, note=note)
        result.add(f"{peer.title}: пик памяти", "МиБ", peaks[peer.name], ASIDE)
        ratio = mine.median / theirs.median
        shown = f"{plain(ratio)} × ({plain(mine.median)} против {plain(theirs.median)})"
        if peer.durable:
            result.at_least(f"быстрее, чем {peer.title}", ratio, 1, shown=shown)
        if peer.name == "faststream_each":
            result.at_least(f"≥ 5 × {peer.title}", ratio, 5, shown=shown)


def _versions() -> dict[str, str]:
    done = subprocess.run(
        [str(PYTHON), "-m", "pip", "list", "--format", "json", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    listed = json.loads(done.stdout) if done.returncode == 0 else []
    return {one["name"].lower(): one["version"] for one in listed}
