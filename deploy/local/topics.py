"""Topics after every start of the broker: `python -m deploy.local.topics`, a supervisor listener.

It also lets the broker start anew before it has kept too much (ADR 0020).

The broker forgets its topics when it stops, and makes a topic with four partitions when a client
asks about it first. So the supervisor tells this process of each start, and it sees to it that
every topic has its agreed number of partitions. Nothing is lost by deleting a wrong one: the
outbox is the log.
"""

import asyncio
import os
import sys
from contextlib import suppress
from typing import Final

import psutil
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from supervisor.childutils import listener

from deploy.local.broker import EMBEDDED
from shared.events.base import PARTITIONS
from shared.kafka import access
from shared.topics import DEAD_LETTER_PARTITIONS, TOPICS, TopicSettings, create

WAIT_SECONDS: Final = 30.0
POLL_SECONDS: Final = 0.01
WATCHED: Final = "broker"
# The embedded broker keeps everything, and looks through all of it for each partition it is asked
# about: here one such stack at rest costs a third of a core.
MOST_MIB: Final = 192

logger = structlog.get_logger(__name__)


async def ensure(settings: TopicSettings) -> None:
    """Wait for the broker (half a minute at most) and make its topics what they must be.

    Raises `TimeoutError` when the broker does not come, or others keep making topics wrong.
    """
    host, _, port = settings.kafka_servers.partition(":")
    async with asyncio.timeout(WAIT_SECONDS):
        await _listening(host, int(port))
        await create(settings)
        while wrong := await _with_wrong_partitions(settings):
            logger.warning("topics with a wrong number of partitions are made anew", topics=wrong)
            await _delete(settings, wrong)
            await create(settings)


async def _listening(host: str, port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection(host, port)
        except OSError:
            await asyncio.sleep(POLL_SECONDS)
        else:
            writer.close()
            await writer.wait_closed()
            return


async def _with_wrong_partitions(settings: TopicSettings) -> list[str]:
    agreed = dict.fromkeys(TOPICS, PARTITIONS)
    agreed |= {f"{topic}.dlq": DEAD_LETTER_PARTITIONS for topic in TOPICS}
    admin = AIOKafkaAdminClient(**access(settings))
    await admin.start()
    try:
        found = {
            topic["topic"]: len(topic["partitions"])
            for topic in await admin.describe_topics(list(agreed))
        }
    finally:
        await admin.close()
    return [name for name, count in agreed.items() if found.get(name, count) != count]


async def _delete(settings: TopicSettings, topics: list[str]) -> None:
    admin = AIOKafkaAdminClient(**access(settings))
    await admin.start()
    try:
        await admin.delete_topics(topics)
    finally:
        await admin.close()


def relieve(supervisor: psutil.Process, most_mib: int = MOST_MIB) -> bool:
    """Kill a broker that has grown beyond the limit; whether it has been.

    The supervisor starts it again, empty, and what it had is in the outboxes.
    """
    for process in supervisor.children():
        with suppress(psutil.NoSuchProcess):
            if process.name() != EMBEDDED:
                continue
            kept = process.memory_info().rss >> 20
            if kept > most_mib:
                logger.info("the broker is emptied", kept_mib=kept, most_mib=most_mib)
                process.kill()
                return True
    return False


def main() -> None:
    """Listen for the supervisor's events for as long as it lives."""
    # What libraries print must not get into the conversation with the supervisor.
    to_supervisor = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    settings = TopicSettings()
    while True:
        headers, payload = listener.wait(sys.stdin, to_supervisor)
        if headers["eventname"].startswith("TICK"):
            relieve(psutil.Process(os.getppid()))
            listener.ok(to_supervisor)
            continue
        if f"processname:{WATCHED} " not in payload:
            listener.ok(to_supervisor)
            continue
        try:
            asyncio.run(ensure(settings))
        except (KafkaError, OSError, TimeoutError) as error:
            # The supervisor will tell us of the same event again.
            logger.warning("topics not made yet", error=repr(error))
            listener.fail(to_supervisor)
        else:
            listener.ok(to_supervisor)


if __name__ == "__main__":
    main()
