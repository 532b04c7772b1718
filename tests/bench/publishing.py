"""Sends everything that waits in the outbox through the product's own relay, and ends."""

import asyncpg
import uvloop

from shared.clock import Clock
from shared.kafka import open_producer
from shared.relay import Relay
from shared.settings import ServiceSettings
from tests.bench.life import TOPIC


async def main() -> None:
    settings = ServiceSettings()
    connection = await asyncpg.connect(settings.database_dsn)
    count = 0
    try:
        async with open_producer(settings) as producer:
            relay = Relay(connection, producer, Clock(), [TOPIC])
            while sent := await relay.publish_waiting():
                count += sent
    finally:
        await connection.close()
    print(f'{{"events": {count}}}')  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    uvloop.run(main())
