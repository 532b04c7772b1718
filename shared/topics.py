"""Topics as a deploy step: `python -m shared.topics` creates what is missing.

Twelve partitions each are part of the contract (`shared.events.base.partition_of`). Retention is
by time and never by compaction: `seq` stays continuous, and what has expired is in the feed.
"""

import asyncio
from typing import Final

import structlog
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code
from pydantic import Field

from shared.events.base import PARTITIONS
from shared.kafka import REQUEST_TIMEOUT_MS, access
from shared.settings import KafkaSettings

PRODUCED: Final[dict[str, tuple[str, ...]]] = {
    "directory": (
        "directory.regions",
        "directory.clusters",
        "directory.appointments",
        "directory.associations",
    ),
    "meetings": ("meetings.protocols", "meetings.attendance"),
    "assignments": ("assignments.assignments", "assignments.executions"),
    "rating": ("rating.standings", "rating.slices"),
}
TOPICS: Final = tuple(topic for topics in PRODUCED.values() for topic in topics)
DEAD_LETTER_PARTITIONS: Final = 1

logger = structlog.get_logger(__name__)


class TopicSettings(KafkaSettings):
    """What creating topics needs of the environment."""

    kafka_servers: str
    topic_retention_hours: int = Field(default=24 * 7, ge=1)
    topic_replication: int = Field(default=1, ge=1)


async def create(settings: TopicSettings) -> None:
    """Create the missing topics and their dead-letter topics; existing ones are left alone."""
    admin = AIOKafkaAdminClient(**access(settings), request_timeout_ms=REQUEST_TIMEOUT_MS)
    await admin.start()
    try:
        existing = set(await admin.list_topics())
        retention = {"retention.ms": str(settings.topic_retention_hours * 3_600_000)}
        wanted = dict.fromkeys(TOPICS, PARTITIONS)
        wanted |= {f"{topic}.dlq": DEAD_LETTER_PARTITIONS for topic in TOPICS}
        missing = [
            NewTopic(name, count, settings.topic_replication, topic_configs=retention)
            for name, count in wanted.items()
            if name not in existing
        ]
        if not missing:
            return
        answer = await admin.create_topics(missing)
        for name, code, *_ in answer.topic_errors:
            error = for_code(code)
            if issubclass(error, KafkaError) and code and error is not TopicAlreadyExistsError:
                raise error(name)
        logger.info("topics created", topics=[topic.name for topic in missing])
    finally:
        await admin.close()


if __name__ == "__main__":
    asyncio.run(create(TopicSettings()))
