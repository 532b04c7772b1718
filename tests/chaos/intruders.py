"""Faults that put something in: records into the topics, and a full disk under the files."""

import asyncio
import json
import resource
from collections.abc import Sequence
from contextlib import suppress
from uuid import uuid4

import asyncpg
import psutil
from aiokafka import AIOKafkaProducer

from shared.envelopes import Headers, kafka_headers
from shared.events.base import PARTITIONS, checkpoint_type
from tests.chaos.client import Command
from tests.chaos.stage import Stage, eventually

TOPIC = "assignments.executions"
PROTOCOLS = "meetings.protocols"
_DUPLICATES = 60
_PUT_ASIDE_SECONDS = 30.0
_FILE_BYTES = 4096
_UPLOADS = 3


async def inject(stage: Stage) -> None:
    """Old records anew, doubled and in disorder; what is no event; an event with a stolen number.

    Lifted when the consumers have put aside what is unreadable.
    """
    told = await stage.sql(
        "assignments",
        "select * from outbox where topic = $1 and published_at is not null"
        " order by random() limit $2",
        TOPIC,
        _DUPLICATES,
    )
    producer = AIOKafkaProducer(bootstrap_servers=stage.stack.kafka_servers, acks="all")
    await producer.start()
    try:
        dealt = [*told, *told]
        stage.dice.shuffle(dealt)
        for record in dealt:
            await producer.send_and_wait(
                TOPIC,
                record["data"].encode(),
                partition=record["partition"],
                headers=_headers(record),
            )
        await _corrupt(stage, producer)
        await _steal_a_number(stage, producer)
    finally:
        await producer.stop()

    async def missing() -> list[str]:
        found = []
        for service, wanted in stage.unreadable.items():
            [row] = await stage.sql(
                service, "select count(*) from dead_letters where type = 'unreadable'"
            )
            if row[0] < wanted:
                found.append(f"{service} has put aside {row[0]} of {wanted}")
        return found

    await eventually(missing, _PUT_ASIDE_SECONDS)


def _headers(record: asyncpg.Record) -> Headers:
    return kafka_headers(
        record["topic"],
        record["type"],
        record["id"],
        record["key"],
        record["occurred_at"],
        record["seq"],
    )


async def _corrupt(stage: Stage, producer: AIOKafkaProducer) -> None:
    """Records that are no events of ours; everybody who hears the topic puts each aside."""
    garbage: Sequence[tuple[bytes | None, Headers]] = (
        (b"\x00\xff", []),
        (b"{}", [("ce_type", b"x.y.z.v1")]),
        (None, [("ce_type", b"assignments.execution.accepted.v1"), ("seq", b"-1")]),
        (b"{", [("ce_type", checkpoint_type(TOPIC).encode())]),
        (b"x" * 500_000, [("ce_type", b"a"), ("seq", b"ten")]),
    )
    for topic, listeners in ((TOPIC, ("rating", "meetings")), (PROTOCOLS, ("assignments",))):
        for value, headers in garbage:
            # A checkpoint's type is the producer's own.
            if topic != TOPIC and headers[:1] == garbage[3][1]:
                continue
            partition = stage.dice.randrange(PARTITIONS)
            await producer.send_and_wait(
                topic, value, key=b"nobody", partition=partition, headers=headers
            )
            for service in listeners:
                stage.unreadable[service] = stage.unreadable.get(service, 0) + 1


async def _steal_a_number(stage: Stage, producer: AIOKafkaProducer) -> None:
    """A stranger's record with the very next number; the real one comes after it."""
    partition = stage.dice.randrange(PARTITIONS)
    [row] = await stage.sql(
        "assignments",
        "select last_seq from outbox_streams where topic = $1 and partition = $2",
        TOPIC,
        partition,
    )
    forged = str(uuid4())
    stage.forged.add(forged)
    headers = [
        ("ce_type", b"assignments.execution.accepted.v1"),
        ("ce_id", forged.encode()),
        ("seq", str(row[0] + 1).encode()),
    ]
    value = json.dumps({"execution_id": "nobody", "version": 7}).encode()
    await producer.send_and_wait(TOPIC, value, partition=partition, headers=headers)


async def fill_disk(stage: Stage) -> None:
    """No file of the API can grow beyond a page for a while: a write fails in its middle.

    The kernel's own limit on the running process, since a real quota takes a superuser. Uploads
    are sent besides the load's, so that some surely meet it.
    """
    pid = await asyncio.to_thread(stage.stack.pid, "assignments-api")
    assert pid is not None
    process = psutil.Process(pid)
    before = len(stage.client.troubles)
    process.rlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES, resource.RLIM_INFINITY))
    open_ones = [
        one
        for one in stage.world.executions.values()
        if one.status in ("routed", "acknowledged", "returned") and one.cluster and not one.busy
    ][:_UPLOADS]
    assert open_ones
    uploads = []
    for one in open_ones:
        path = f"/v1/executions/{one.id}/files"
        command = Command("upload", f"cluster-{one.cluster}", "assignments", path)
        command.upload = f"{command.key}\n".encode() * 1000
        one.busy += 1
        uploads.append(asyncio.create_task(stage.client.carry_out(command)))
    await asyncio.sleep(stage.brief)
    with suppress(psutil.NoSuchProcess):
        process.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    for answer in await asyncio.gather(*uploads):
        assert answer.ok, answer.body
    for one in open_ones:
        one.busy -= 1
    refused = [one.code for one in stage.client.troubles[before:]]
    assert "file_store_unavailable" in refused, refused
