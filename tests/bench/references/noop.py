"""Reads the topic through our client with our fetch settings, and does nothing with it."""

import json
import resource
import sys
import time

import uvloop
from aiokafka import TopicPartition

from shared.consumer import MAX_BATCH
from shared.events.base import PARTITIONS
from shared.kafka import open_consumer
from shared.settings import ServiceSettings
from tests.bench.life import TOPIC


async def main(wanted: int) -> None:
    async with open_consumer(ServiceSettings()) as kafka:
        partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        kafka.assign(partitions)
        for partition in partitions:
            kafka.seek(partition, 0)
        count = 0
        began = None
        while count < wanted:
            fetched = await kafka.getmany(timeout_ms=500, max_records=MAX_BATCH)
            if fetched and began is None:
                began = time.perf_counter()
            count += sum(len(records) for records in fetched.values())
        assert began is not None
        seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({"seconds": seconds, "peak_mib": usage.ru_maxrss / 1024}))  # noqa: T201


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
