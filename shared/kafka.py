"""The broker's client with the defaults we can stand by; nothing else opens a connection to it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.helpers import create_ssl_context

from shared.settings import KafkaSettings, ServiceSettings

REQUEST_TIMEOUT_MS: Final = 10_000
MAX_MESSAGE_BYTES: Final = 1_000_000
_POSITION_SECONDS: Final = 3.0


class BrokerAway(ConnectionError):
    """The broker does not answer: an outage, to be waited out."""


def access(settings: KafkaSettings) -> dict[str, Any]:
    """What every client is told of where the broker is and how it lets us in."""
    protocol = settings.kafka_security_protocol
    found: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_servers,
        "security_protocol": protocol.value,
    }
    if protocol.is_encrypted:
        found["ssl_context"] = create_ssl_context(
            cafile=settings.kafka_ca_file,
            certfile=settings.kafka_certificate_file,
            keyfile=settings.kafka_key_file,
        )
    if protocol.asks_who:
        assert settings.kafka_password is not None
        found |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism.value,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password.get_secret_value(),
        }
    return found


@asynccontextmanager
async def open_producer(settings: ServiceSettings) -> AsyncIterator[AIOKafkaProducer]:
    """A started producer. Raises `BrokerAway`, at start or out of what is done with it."""
    producer = AIOKafkaProducer(
        **access(settings),
        acks="all",
        enable_idempotence=settings.kafka_idempotence,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_request_size=MAX_MESSAGE_BYTES,
        max_batch_size=256 * 1024,
    )
    try:
        try:
            await producer.start()
            yield producer
        finally:
            # After a failed start, too: its tasks would go on asking for ever.
            await _stop(producer)
    except KafkaError as error:
        raise BrokerAway(repr(error)) from error


@asynccontextmanager
async def open_consumer(settings: ServiceSettings) -> AsyncIterator[AIOKafkaConsumer]:
    """A started consumer without a group: partitions are assigned, positions are our own.

    Raises `BrokerAway`, at start or out of what is done with it.
    """
    consumer = AIOKafkaConsumer(
        **access(settings),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=settings.kafka_fetch_wait_ms,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )
    try:
        try:
            await consumer.start()
            yield consumer
        finally:
            # After a failed start, too: its tasks would go on asking for ever.
            await _stop(consumer)
    except KafkaError as error:
        raise BrokerAway(repr(error)) from error


async def _stop(client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
    """Stopping waits for pending records; with the broker down that must end some time."""
    async with asyncio.timeout(REQUEST_TIMEOUT_MS / 1000 + 2):
        await client.stop()


async def has_more(kafka: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    """Whether the broker is known to have records we have not read."""
    highwater = kafka.highwater(partition)
    return highwater is not None and await _offset(kafka, partition) < highwater


async def is_emptied(kafka: AIOKafkaConsumer, partition: TopicPartition) -> bool:
    """Whether the broker has less than we have read of it, or has not said what it has."""
    highwater = kafka.highwater(partition)
    return highwater is None or highwater < await _offset(kafka, partition)


async def _offset(kafka: AIOKafkaConsumer, partition: TopicPartition) -> int:
    """Raises `TimeoutError` where the client does not get to know it: it would wait for ever."""
    async with asyncio.timeout(_POSITION_SECONDS):
        offset: int = await kafka.position(partition)
        return offset
