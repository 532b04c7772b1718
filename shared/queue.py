"""PgQueuer's queue in our database, under names of our own choosing.

Left to itself the library reads its tables' names from the environment (`CHANNEL`, `QUEUE_TABLE`,
…), where anything may stand; the migrations and every process use these.
"""

from typing import Any, Final

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from pgqueuer.queries import Queries
from sqlmodel.ext.asyncio.session import AsyncSession

NAMES: Final[dict[str, Any]] = {
    "prefix": "",
    "db_schema": None,
    "channel": Channel("ch_pgqueuer"),
    "function": "fn_pgqueuer_changed",
    "statistics_table": "pgqueuer_statistics",
    "queue_status_type": "pgqueuer_status",
    "queue_table": "pgqueuer",
    "queue_table_log": "pgqueuer_log",
    "trigger": "tg_pgqueuer_changed",
    "schedules_table": "pgqueuer_schedules",
    "durability": Durability.durable,
}


def names() -> DBSettings:
    """What the queue's tables are called, whatever the environment says."""
    return DBSettings(**NAMES)


def queries(connection: asyncpg.Connection) -> Queries:
    """The queue's statements over the connection."""
    chosen = names()
    return Queries(
        AsyncpgDriver(connection),
        qbe=QueryBuilderEnvironment(chosen),
        qbq=QueryQueueBuilder(chosen),
        qbs=QuerySchedulerBuilder(chosen),
    )


def worker(connection: asyncpg.Connection) -> PgQueuer:
    """What takes jobs off the queue over the connection."""
    found = queries(connection)
    return PgQueuer(found.driver, channel=names().channel, queries=found)


async def of_session(session: AsyncSession) -> Queries:
    """The queue's statements within the session's transaction."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    return queries(raw.driver_connection)
