"""A backlog of events drained into Postgres, beside a consumer that does nothing."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

from tests.bench import life
from tests.bench.results import ASIDE, REFERENCE, Options, Result, percent, plain
from tests.bench.stand import Meter, Say, Stand, only, run, standing, told_by

LIMIT_MIB: Final = 400
# Whatever the consumer writes while it hears executions.
_WRITTEN: Final = (
    "execution_versions, executions, touched, consumer_positions, standings, trends, trend_marks,"
    " dead_letters"
)


def measure(options: Options, say: Say) -> Result:
    """Events per second from the first batch fetched to the last commit."""
    count = options.size(options.events, 200_000, 20_000)
    result = Result(
        "ingest",
        "Приём событий в рейтинг",
        "Наш потребитель (shared.consumer с обработчиками рейтинга) вычитывает отставание темы из"
        " 12 разделов в PostgreSQL: новейшие факты, все версии и позиции в одной транзакции, fsync"
        " включён. Эталон читает ту же тему тем же клиентом с теми же настройками и ничего не"
        " делает. Старт процесса не считается: от первой полученной пачки до последней фиксации.",
        parameters={"events": count},
    )
    with backlog(count, say) as stand:
        size = payload_bytes(stand)
        ours, bare, peaks = [], [], []
        cpu: dict[str, list[float]] = defaultdict(list)
        for number in range(options.times()):
            empty(stand)
            meter = Meter(PostgreSQL=stand.postgres, брокер=only(stand.process("broker")))
            found = told_by(
                "tests.bench.ingesting",
                [str(count)],
                extra=stand.stack.env("rating"),
                seconds=60 + count / 1000,
            )
            ours.append(count / found["seconds"])
            peaks.append(found["peak_mib"])
            for name, used in {"потребитель": found["cpu_seconds"], **meter.read()}.items():
                cpu[name].append(used / count * 1e6)
            check_applied(stand, count)
            found = told_by(
                "tests.bench.references.noop",
                [str(count)],
                extra=stand.stack.env("rating"),
                seconds=60 + count / 5000,
            )
            bare.append(count / found["seconds"])
            say(f"прогон {number + 1}: {ours[-1]:,.0f} против {bare[-1]:,.0f} событий/с")
    mine = result.add("Наш потребитель", "событий/с", ours)
    theirs = result.add("aiokafka, ничего не делая", "событий/с", bare, REFERENCE)
    peak = result.add("Пик памяти потребителя", "МиБ", peaks, ASIDE)
    for name, values in cpu.items():
        result.add(f"Процессор на событие: {name}", "мкс", values, ASIDE)
    ratio = mine.median / theirs.median
    result.at_least("≥ 35 % эталона", ratio, 0.35, shown=percent(ratio))
    result.at_least("≥ 60 000 событий/с", mine.median, 60_000)
    result.at_most(
        f"память < {LIMIT_MIB} МиБ", max(peaks), LIMIT_MIB, shown=f"{plain(peak.median)} МиБ"
    )
    result.remarks.append(f"Тело события — {size} байт JSON и заголовки CloudEvents.")
    return result


@contextmanager
def backlog(count: int, say: Say) -> Iterator[Stand]:
    """A stand whose broker holds so many events, sent by the product's relay."""
    with standing() as stand:
        stand.migrate("assignments", "rating")
        _fill_log(stand, count)
        # A silent partition is asked for at the owner's feed, as in the stack.
        stand.stack.start("assignments-api")
        told_by(
            "tests.bench.publishing",
            extra=stand.stack.env("assignments"),
            seconds=60 + count / 1000,
        )
        say(f"отставание готово: {count:,} событий")
        yield stand


def _fill_log(stand: Stand, count: int) -> None:
    run(
        life.fill_log(
            stand.dsn("assignments"),
            0,
            count // life.VERSIONS,
            now=datetime.now(UTC),
            youngest=2,
            published=False,
        )
    )


def payload_bytes(stand: Stand) -> int:
    """How long the event's JSON is, on average."""
    return int(stand.value("assignments", "select avg(length(data))::int from outbox"))


def empty(stand: Stand) -> None:
    """Forget everything heard, and have it on disk that it is forgotten."""
    stand.sql("rating", f"truncate {_WRITTEN}")
    stand.settle_disk()


def check_applied(stand: Stand, count: int) -> None:
    """Every event must be a version: a fast consumer that loses is none."""
    kept = stand.value("rating", "select count(*) from execution_versions")
    if kept != count:
        raise AssertionError(f"{kept} versions of {count} events")
