"""Outbox → relay → broker → consumer, with a real broker and real databases at both ends."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, NoReturn
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer

from deploy.local import postgres as local_postgres
from shared import outbox
from shared.clients.base import CalleeAway, ServiceClient
from shared.db import StaleInstant, open_sessions, transaction
from shared.events.assignments import ExecutionForwarded, ExecutionIssued
from shared.events.base import PARTITIONS, partition_of
from shared.kafka import open_consumer, open_producer
from shared.topics import TopicSettings, create
from tests.conftest import Tokens
from tests.shared.transport import TOPIC, Line, fresh_database, open_line, running_broker, until


@pytest.fixture
def broker_port() -> Iterator[int]:
    with running_broker() as port:
        yield port


@pytest.fixture
async def line(
    server: local_postgres.Server, broker_port: int, token: Tokens
) -> AsyncIterator[Line]:
    """Fresh databases and a fresh broker: a broker serves one outbox all its life."""
    dsns = [await fresh_database(server, service) for service in ("assignments", "rating")]
    async with (
        open_sessions(dsns[0]) as producing,
        open_sessions(dsns[1]) as hearing,
        open_line((dsns[0], dsns[1]), (producing, hearing), broker_port, token) as line,
    ):
        yield line


def fact(region: str = "16", version: int = 1, **overrides: Any) -> ExecutionIssued:
    values: dict[str, Any] = {
        "version": version,
        "occurred_at": datetime.now(UTC),
        "execution_id": uuid4(),
        "assignment_id": uuid4(),
        "protocol_id": None,
        "protocol_item_id": None,
        "origin": "protocol",
        "role": "lead",
        "addressee": "cluster",
        "cluster_id": uuid4(),
        "region": region,
        "cohort": 2022,
        "industry": "mechanical-engineering",
        "weight": 1,
        "issued_on": date(2023, 10, 4),
        "due0": date(2023, 10, 20),
        "due": date(2023, 10, 20),
        "status": "routed",
        "submitted_at": None,
        "forwarded_at": None,
        "done": None,
        "returns": 0,
        "returned_on": None,
        "extensions": 0,
        "accepted_at": None,
        "withdrawn_at": None,
    }
    return ExecutionIssued(**(values | overrides))


REGIONS = ("16", "77", "41", "39", "02", "23")


async def _seqs(line: Line) -> dict[int, list[int]]:
    connection = await asyncpg.connect(line.settings.database_dsn)
    rows = await connection.fetch(
        "select partition, seq from outbox where seq is not null order by partition, seq"
    )
    await connection.close()
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(row["partition"], []).append(row["seq"])
    return found


async def test_what_is_committed_is_heard_and_numbered_without_gaps(line: Line) -> None:
    told = [fact(REGIONS[n % 6]) for n in range(50)]
    async with line.relaying(), line.hearing_it():
        for start in range(0, 50, 10):
            await line.tell(*told[start : start + 10])
        await until(lambda: line.at_the_end(*told), "all heard")

    for numbers in (await _seqs(line)).values():
        assert numbers == list(range(1, len(numbers) + 1))


async def test_a_record_is_a_cloud_event_in_the_partition_of_its_region(line: Line) -> None:
    told = fact("41")
    await line.tell(told, as_dated=True)
    consumer = AIOKafkaConsumer(
        TOPIC,
        bootstrap_servers=line.settings.kafka_servers,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    async with line.relaying(), consumer, asyncio.timeout(20):
        async for record in consumer:
            if record.key == str(told.execution_id).encode():
                break
    headers = {name: value.decode() for name, value in record.headers}
    assert record.partition == partition_of("41")
    assert ExecutionIssued.model_validate_json(record.value) == told
    assert headers["ce_type"] == "assignments.execution.issued.v1"
    assert headers["ce_subject"] == str(told.execution_id)
    assert (headers["ce_source"], headers["ce_specversion"]) == ("/assignments", "1.0")
    assert headers["seq"] == "1"
    assert str(UUID(headers["ce_id"])) == headers["ce_id"]


async def test_a_consumer_that_starts_anew_goes_on_where_it_was(line: Line) -> None:
    first, second = fact(), fact()
    async with line.relaying():
        await line.tell(first)
        async with line.hearing_it():
            await until(lambda: line.at_the_end(first), "first heard")
        await line.tell(second)
        async with line.hearing_it() as consumer:
            await until(lambda: line.at_the_end(first, second), "second heard")
            position = consumer._positions[TOPIC, partition_of("16")]
    assert position.seq == 2


async def test_a_projection_emptied_together_with_its_positions_comes_back(line: Line) -> None:
    told = [fact(REGIONS[n % 6]) for n in range(20)]
    async with line.relaying():
        await line.tell(*told)
        async with line.hearing_it():
            await until(lambda: line.at_the_end(*told), "heard")
        connection = await asyncpg.connect(line.hearing_dsn)
        await connection.execute("truncate executions, execution_versions, consumer_positions")
        await connection.close()
        async with line.hearing_it():
            await until(lambda: line.at_the_end(*told), "heard again")


async def test_what_a_wiped_broker_lost_comes_from_the_feed(line: Line, token: Tokens) -> None:
    before = [fact(REGIONS[n % 6]) for n in range(10)]
    async with line.relaying():
        await line.tell(*before)
        await until(lambda: _published(line, 10), "published")
    # A broker that has never heard of them.
    with running_broker() as empty:
        later = fact("16")
        async with line.over(empty, token) as over, over.relaying(), over.hearing_it():
            await over.tell(later)
            await until(lambda: line.at_the_end(*before, later), "all heard")


async def test_what_the_broker_has_is_heard_while_its_producer_cannot_be_asked(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    class Nobody(ServiceClient):
        async def request(self, *_: Any, **__: Any) -> NoReturn:
            asked.set()
            raise CalleeAway("nobody answers")

    monkeypatch.setattr("shared.consumer.SILENCE_SECONDS", 0.2)
    deaf = replace(line, client=Nobody(httpx.AsyncClient(), line.settings))
    told = [fact(region) for region in REGIONS]
    async with open_consumer(line.settings) as kafka:
        hearing = asyncio.create_task(deaf.consumer().run(kafka))
        await until(lambda: asked.is_set() or hearing.done(), "a silent partition was asked about")
        async with line.relaying():
            await line.tell(*told)
            await until(lambda: line.at_the_end(*told), "all heard")
        assert not hearing.done(), hearing
        hearing.cancel()


async def test_a_broker_that_restarts_empty_under_a_running_consumer_loses_nothing(
    line: Line, token: Tokens
) -> None:
    told, more = [fact() for _ in range(5)], [fact() for _ in range(5)]
    async with AsyncExitStack() as stack:
        with running_broker() as port:
            over = await stack.enter_async_context(line.over(port, token))
            await stack.enter_async_context(over.relaying())
            await stack.enter_async_context(over.hearing_it())
            await over.tell(*told)
            await until(lambda: line.at_the_end(*told), "heard before")
        with running_broker(port):
            await create(TopicSettings(kafka_servers=f"127.0.0.1:{port}"))
            await over.tell(*more)
            await until(lambda: line.at_the_end(*told, *more), "heard after")
            await stack.aclose()


@pytest.mark.parametrize("later", [1, 3, 6], ids=["fewer", "as many", "more than were lost"])
async def test_a_producer_put_back_to_a_backup_is_heard_anew_while_the_consumer_goes_on(
    line: Line, later: int
) -> None:
    kept, lost, new = ([fact() for _ in range(count)] for count in (4, 3, later))
    async with line.hearing_it():
        async with line.relaying():
            await line.tell(*kept)
            await until(lambda: line.at_the_end(*kept), "heard before the backup")
            await line.tell(*lost)
            await until(lambda: line.at_the_end(*kept, *lost), "heard, and lost soon")
        connection = await asyncpg.connect(line.settings.database_dsn)
        await connection.execute("delete from outbox where seq > 4")
        await connection.execute("update outbox_streams set last_seq = least(last_seq, 4)")
        await connection.execute("update outbox_streams set announced_seq = last_seq")
        await connection.close()
        async with line.relaying():
            await line.tell(*new)
            await until(lambda: line.at_the_end(*kept, *new), "what the producer now has")


async def test_duplicates_and_strangers_in_the_broker_change_nothing(line: Line) -> None:
    told = fact()
    moved = ExecutionForwarded(**{**told.model_dump(), "version": 2, "status": "forwarded"})
    async with line.relaying(), line.hearing_it():
        await line.tell(told)
        await line.tell(moved)
        await until(lambda: line.at_the_end(moved), "heard")
        async with open_producer(line.settings) as producer:
            for value, seq in ((told, 1), (moved, 2), (told, 1)):
                await producer.send_and_wait(
                    TOPIC,
                    value.model_dump_json().encode(),
                    partition=partition_of("16"),
                    headers=[("ce_type", value.type.encode()), ("seq", str(seq).encode())],
                )
        later = fact()
        await line.tell(later)
        await until(lambda: line.at_the_end(moved, later), "still right")


async def test_an_invalid_event_is_put_aside_and_those_after_it_are_heard(line: Line) -> None:
    good = fact()
    async with line.relaying(), line.hearing_it():
        await line.tell(fact())
        connection = await asyncpg.connect(line.settings.database_dsn)
        await connection.execute(
            "insert into outbox (id, type, topic, partition, key, occurred_at, data)"
            " values ($1, $2, $3, $4, 'k', now(), '{}')",
            uuid4(),
            ExecutionIssued.type,
            TOPIC,
            partition_of("16"),
        )
        await connection.close()
        await line.tell(good)
        await until(lambda: _has(line, good), "the good one is heard")

    connection = await asyncpg.connect(line.hearing_dsn)
    letters = await connection.fetch("select topic, seq, type, reason from dead_letters")
    await connection.close()
    assert [(row["topic"], row["seq"]) for row in letters] == [(TOPIC, 2)]
    assert "required field `execution_id`" in letters[0]["reason"]


async def test_values_that_no_column_holds_are_put_aside_and_their_neighbours_are_kept(
    line: Line,
) -> None:
    """NUL in a text, well-formed JSON all the same; among others of the same batch."""
    good = [fact() for _ in range(5)]
    bad = fact(status="issued\x00")
    told = [*good[:3], bad, *good[3:]]
    async with line.relaying():
        for one in told:
            await line.tell(one)
        async with line.hearing_it():
            await until(lambda: line.at_the_end(*good), "the good ones are heard")

    connection = await asyncpg.connect(line.hearing_dsn)
    letters = await connection.fetch("select seq, reason from dead_letters")
    await connection.close()
    assert [row["seq"] for row in letters] == [4]
    assert r"\u0000 cannot be converted to text" in letters[0]["reason"]


async def test_records_that_are_no_events_at_all_are_put_aside_once(line: Line) -> None:
    first, second = fact(), fact()
    async with line.relaying():
        async with line.hearing_it():
            async with open_producer(line.settings) as producer:
                for headers in (
                    [],
                    [("ce_type", b"x.y.z.v1")],
                    [("ce_type", b"a"), ("seq", b"-1")],
                ):
                    await producer.send_and_wait(TOPIC, b"\x00\xff", partition=0, headers=headers)
            await line.tell(first)
            await until(lambda: _has(line, first), "heard")
            await until(lambda: _letters(line, 3), "put aside")
        await line.tell(second)
        async with line.hearing_it():
            await until(lambda: _has(line, second), "heard after a restart")
    assert await _letters(line, 3)


async def _letters(line: Line, count: int) -> bool:
    connection = await asyncpg.connect(line.hearing_dsn)
    found = await connection.fetchval("select count(*) from dead_letters")
    await connection.close()
    return bool(found == count)


async def test_a_checkpoint_is_reached_by_all_partitions_and_follows_the_clock(line: Line) -> None:
    told = fact()
    async with line.relaying(), line.hearing_it() as consumer:
        await line.tell(told)
        wanted = told.occurred_at + timedelta(milliseconds=1)
        await until(
            lambda: consumer.complete_through is not None and consumer.complete_through > wanted,
            "complete",
        )
    assert await line.at_the_end(told)


async def test_nothing_can_be_dated_before_an_announced_checkpoint(line: Line) -> None:
    async with line.relaying():
        await until(lambda: _announced(line), "announced")
        announced = await _announced(line)
        assert announced is not None
        with pytest.raises(StaleInstant):
            await line.tell(fact(occurred_at=announced), as_dated=True)


async def test_a_checkpoint_waits_for_a_transaction_that_may_still_write_before_it(
    line: Line,
) -> None:
    late = fact()
    async with line.relaying(), line.hearing_it() as consumer:
        async with transaction(line.sessions) as session:
            await outbox.admit(session, late.occurred_at)
            # Longer than the clock's margin, during which heartbeats go on.
            await until(
                lambda: datetime.now(UTC) > late.occurred_at + timedelta(seconds=4), "time passes"
            )
            through = consumer.complete_through
            assert through is None or through < late.occurred_at
            await outbox.add(session, [late])
        await until(
            lambda: (
                consumer.complete_through is not None
                and consumer.complete_through >= late.occurred_at
            ),
            "complete after the commit",
        )
        assert await line.at_the_end(late)


async def test_two_relays_number_and_publish_once(line: Line) -> None:
    told = [fact(REGIONS[n % 6]) for n in range(30)]
    async with line.relaying(), line.relaying(), line.hearing_it():
        await asyncio.gather(*(line.tell(event) for event in told))
        await until(lambda: line.at_the_end(*told), "heard")
    assert sum(len(numbers) for numbers in (await _seqs(line)).values()) == 30


async def test_the_feed_alone_is_enough(line: Line) -> None:
    told = [fact(REGIONS[n % 6]) for n in range(30)]
    async with line.relaying():
        await line.tell(*told)
        await until(lambda: _published(line, 30), "published")
        await until(lambda: _announced(line), "announced")
    consumer = line.consumer()
    await consumer.load()
    await consumer.catch_up()
    assert await line.at_the_end(*told)
    assert consumer.complete_through is not None
    assert len(consumer._positions) == PARTITIONS


async def _has(line: Line, event: ExecutionIssued) -> bool:
    return str(event.execution_id) in await line.heard()


async def _published(line: Line, count: int) -> bool:
    connection = await asyncpg.connect(line.settings.database_dsn)
    found = await connection.fetchval("select count(*) from outbox where published_at is not null")
    await connection.close()
    return bool(found == count)


async def _announced(line: Line) -> datetime | None:
    connection = await asyncpg.connect(line.settings.database_dsn)
    found: datetime | None = await connection.fetchval("select announced from outbox_fence")
    await connection.close()
    return found
