"""What a worker tells Prometheus, asked as Prometheus would, while its broker is away."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local import ports
from deploy.local import postgres as local_postgres
from tests.shared.transport import fresh_database, until

Scrape = Callable[[], Awaitable[dict[Any, float]]]


@pytest.fixture(scope="module")
async def dsn(server: local_postgres.Server) -> str:
    return await fresh_database(server, "rating")


@contextmanager
def running_worker(dsn: str) -> Iterator[int]:
    """A rating worker at work in production, its broker away. Gives the port of its health."""
    port = ports.unused()
    environment = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": dsn,
        "KAFKA_SERVERS": "127.0.0.1:1",
        "OIDC_ISSUER": "http://127.0.0.1:1",
        "WORKER_PORT": str(port),
    }
    command = [sys.executable, "-m", "services.rating.main"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as worker:
        try:
            yield port
        finally:
            worker.terminate()
            worker.wait(10)


@pytest.fixture(scope="module")
async def scrape(dsn: str) -> AsyncIterator[Scrape]:
    """The samples of the worker, by name and labels."""
    with running_worker(dsn) as port:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:

            async def scrape() -> dict[Any, float]:
                text = (await client.get("/metrics")).text
                return {
                    (sample.name, *sample.labels.values()): sample.value
                    for family in text_string_to_metric_families(text)
                    for sample in family.samples
                }

            await until(lambda: ports.accepts(port, seconds=1), "listening")
            yield scrape


async def test_events_that_wait_for_an_absent_broker_are_seen_to_age(
    dsn: str, scrape: Scrape
) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        "insert into outbox (id, type, topic, partition, key, occurred_at, data)"
        " values ($1, 'rating.slice.frozen.v1', 'rating.slices', 0, 'k', $2, '{}')",
        uuid4(),
        datetime.now(UTC) - timedelta(seconds=100),
    )
    await connection.close()

    async def lag() -> float:
        return (await scrape())["outbox_lag_seconds",]

    async def is_older_than(seconds: float) -> bool:
        return await lag() > seconds

    await until(lambda: is_older_than(100), "seen to wait")
    seen = await lag()
    await until(lambda: is_older_than(seen), "seen to age")


async def test_what_is_alerted_of_is_there_before_its_first_time(scrape: Scrape) -> None:
    """An alert on `increase` does not see the first of a counter that was not there."""
    wanted: set[Any] = {
        ("consumer_dead_letters_total", "assignments.executions"),
        ("consumer_dead_letters_total", "directory.regions"),
        ("consumer_healed_total", "assignments.executions"),
        ("consumer_logs_replaced_total", "assignments.executions"),
        ("reconciliations_total", "healed"),
        ("reconciliations_total", "differing"),
        ("reconciliation_mended_total", "changed"),
        ("webhook_subscriptions_disabled_total",),
        ("worker_task_restarts_total", "scorer"),
    }

    async def are_there() -> bool:
        return wanted <= (await scrape()).keys()

    await until(are_there, f"{wanted}")
    samples = await scrape()
    assert {name: samples[name] for name in wanted} == dict.fromkeys(wanted, 0)
