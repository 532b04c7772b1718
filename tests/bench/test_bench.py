"""The instrument itself: what it makes is valid, what it works out is right, and it runs."""

from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres
from services.rating.consumers import events
from services.rating.domain.heard import HeardFacts
from shared import migrations
from shared.digests import DIGEST, FROM_JSON
from shared.envelopes import Message
from shared.events.assignments import ExecutionEvent
from shared.events.base import partition_of
from tests.bench import fanout, ingest, life, report, soak, stream
from tests.bench.http import frame_of, request
from tests.bench.prepared import prepare
from tests.bench.results import REFERENCE, Options, Result, percentile, plain

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
OURS = f"select region, {DIGEST} from execution_versions f group by region order by region"
THEIRS = (
    f"select f.region, {DIGEST} from outbox cross join lateral {FROM_JSON}"
    " group by f.region order by f.region"
)


@pytest.fixture
async def made(server: postgres.Server) -> dict[str, str]:
    """Databases of the bench's own: what it writes is not rolled back."""
    found = {}
    connection = await asyncpg.connect(server.dsn)
    for service in ("assignments", "rating"):
        await connection.execute(f"drop database if exists bench_{service}")
        await connection.execute(f"create database bench_{service}")
        found[service] = server.dsn.rsplit("/", 1)[0] + f"/bench_{service}"
        await migrations.upgrade(service, found[service])
    await connection.close()
    return found


async def test_histories_are_events_of_ours_and_the_same_facts_on_both_sides(
    made: dict[str, str],
) -> None:
    count = await life.fill_log(made["assignments"], 0, 300, now=NOW, published=True)
    await life.fill_rating(made["rating"], 0, 300, now=NOW)
    theirs = await asyncpg.connect(made["assignments"])
    ours = await asyncpg.connect(made["rating"])
    rows = await theirs.fetch("select topic, partition, type, id, seq, data from outbox")
    told, kept = await theirs.fetch(THEIRS), await ours.fetch(OURS)
    await theirs.close()
    await ours.close()

    assert count == len(rows) > 300 * (life.VERSIONS - 1)
    for row in rows:
        parsed = events.parse(
            Message(
                row["topic"],
                row["partition"],
                row["type"],
                str(row["id"]),
                row["seq"],
                row["data"].encode(),
            )
        )
        assert parsed is not None
        event = parsed[1]
        assert isinstance(event, HeardFacts)
        assert partition_of(event.region) == row["partition"]
    assert [tuple(row) for row in told] == [tuple(row) for row in kept]


async def test_prepared_executions_are_told_of_as_they_are(made: dict[str, str]) -> None:
    found = await prepare(made["assignments"], 0, 30, "forwarded", told=True, among=["16", "77"])
    connection = await asyncpg.connect(made["assignments"])
    rows = await connection.fetch("select type, data from outbox order by seq")
    states = await connection.fetch("select distinct status, version from executions")
    await connection.close()

    assert {one.region for one in found} == {"16", "77"}
    assert len(rows) == 30 * found[0].version
    for row in rows:
        event = ExecutionEvent.model_validate_json(row["data"])
        assert (event.forwarded_at is not None) == (event.status == "forwarded")
    assert [tuple(row) for row in states] == [("forwarded", 6)]


def test_a_frame_among_chunk_sizes_is_found() -> None:
    frame = frame_of(b"1f\r\nevent: standings\nid: 9f1c02ab-42\ndata: {}\n\n")

    assert frame is not None
    assert (frame.id, frame.data) == ("9f1c02ab-42", b"{}")
    assert frame_of(b": ping\n\n") is None


def test_a_request_says_how_long_it_is() -> None:
    assert request("POST", "/x", body=b"{}").endswith(b"Content-Length: 2\r\n\r\n{}")
    assert b"last-event-id: 7\r\n" in request("GET", "/x", last_event_id="7")


def test_growth_leaves_the_warming_up_out() -> None:
    assert soak.growth([10, 10, 100, 100, 100, 100, 100, 100, 100, 100]) == 0
    assert soak.growth([100] * 8 + [150] * 2) == pytest.approx(0.5)


@pytest.mark.parametrize(("waiting", "met"), [(8.67, True), (110, True), (113, False)])
def test_what_waits_is_held_against_the_load(waiting: float, met: bool) -> None:
    result = Result("soak", "", "")
    soak.tell_lag(result, [waiting] * 20, rate=56)

    assert [target.met for target in result.targets] == [met]


@pytest.mark.parametrize(
    ("together", "unequal", "met"),
    [(0, 0, [True, True]), (0, 1, [False, True]), (500, 0, [True, False])],
    ids=["all of it", "not the same", "the same half"],
)
def test_a_frame_that_all_lack_is_lost_too(together: int, unequal: int, met: list[bool]) -> None:
    result = Result("stream", "", "")
    watched = stream.Watched(latencies=[10.0] * 1000, together=together, unequal=unequal)
    stream.tell_lost(result, [watched])

    assert [target.met for target in result.targets] == met


async def test_rows_put_in_by_copy_are_counted() -> None:
    """As the server has the statements, of the driver's and of SQLAlchemy's making."""
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with postgres.ephemeral(settings) as server:
        connection = await asyncpg.connect(server.dsn)
        await connection.execute("create extension pg_stat_statements")
        await connection.execute("create table steps (number int)")
        await connection.copy_records_to_table("steps", records=[(1,), (2,)], columns=["number"])
        await connection.execute("INSERT INTO steps (number) VALUES ($1)", 3)
        rows = await connection.fetch(fanout.WRITES.replace("'assignments'", "current_database()"))
        await connection.close()

    assert [(row["calls"], fanout.written_to(row["query"])) for row in rows] == [(1, "steps")] * 2


def test_numbers_are_shown_as_people_read_them() -> None:
    assert [plain(0), plain(0.1234), plain(12.34), plain(1234567.8)] == [
        "0",
        "0,123",
        "12,3",
        "1 234 568",
    ]
    assert percentile(list(map(float, range(100))), 0.99) == 99


def test_the_page_tells_what_was_measured_and_what_was_missed(tmp_path: Path) -> None:
    result = Result("ingest", "Приём", "Что это", taken_at="2026-11-26T10:00:00", commit="abc")
    result.add("Мы", "событий/с", [50.0, 70.0, 60.0])
    result.add("Эталон", "событий/с", [100.0], REFERENCE)
    result.at_least("≥ 90 % эталона", 0.6, 0.9, shown="60 %")
    result.save(tmp_path)

    notes = tmp_path / "notes.toml"

    def written(said: str) -> str:
        notes.write_text(said)
        return report.write(
            tmp_path, tmp_path / "page.md", tmp_path / "pictures", notes
        ).read_text()

    page = written("")

    assert "| ≥ 90 % эталона | 60 % | **нет** |" in page
    assert "| Мы | 60,0 событий/с | 50,0; 70,0; 60,0 | 60 % |" in page
    assert "Не достигнуто: ≥ 90 % эталона. Объяснения пока нет." in page
    assert "Не измерялись: `peers`" in page
    assert (tmp_path / "pictures" / "ingest.svg").read_text().startswith("<svg")
    explained = written('ingest = "Потому что."')
    assert "Потому что." in explained
    assert "Объяснения пока нет." not in explained


@pytest.mark.e2e
def test_a_row_is_measured_on_real_parts() -> None:
    result = ingest.measure(Options(quick=True, events=10_000), lambda _: None)

    assert [one.role for one in result.series[:2]] == ["ours", "reference"]
    # Processors are counted in hundredths of a second: a process may have used none.
    assert all(value > 0 for one in result.series[:3] for value in one.values)
