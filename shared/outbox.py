"""The transactional outbox: events are rows first, messages later, and the rows are the log.

`add` joins the caller's transaction, so a fact and its event commit or vanish together. Writers
hold their aggregate's row lock until commit, so the positions of one key are in commit order;
`shared.relay` numbers and publishes them.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.contextvars import get_contextvars

from shared import trail
from shared.db import OUTBOX_WRITTEN, copy_rows, driver_of
from shared.events.base import Event
from shared.ids import new_id

_COLUMNS: Final = ("id", "type", "topic", "partition", "key", "occurred_at", "data", "request_id")
_ADD: Final = (
    "insert into outbox (id, type, topic, partition, key, occurred_at, data, request_id)"
    " values ($1, $2, $3, $4, $5, $6, $7, $8)"
)
# The request's row of the audit trail comes along and costs no round trip of its own.
_ADD_AUDITED: Final = f"with audited as ({trail.insert_from(9)}) {_ADD}"
# The first of every stream, by index: a backlog of any length costs the same.
_WAITING_SINCE: Final = """
select min(occurred_at) from (
    (select occurred_at from outbox where seq is null order by position limit 1)
    union all
    select first.occurred_at from outbox_streams s cross join lateral (
        select occurred_at from outbox
        where topic = s.topic and partition = s.partition
          and published_at is null and seq is not null
        order by seq limit 1
    ) first
) waiting
"""


async def add(session: AsyncSession, events: Iterable[Event]) -> list[UUID]:
    """Write the events into the caller's transaction, in the order given, in one statement.

    Returns their ids. Raises `PostgresError` with SQLSTATE OB001 (`StaleInstant` at the edge) where
    an event is dated at or before a checkpoint already on its way.
    """
    request_id = get_contextvars().get("request_id")
    told = [(new_id(), event) for event in events]
    rows = [
        (
            id_,
            event.type,
            event.topic,
            event.partition,
            event.key,
            event.occurred_at,
            event.model_dump_json(),
            request_id,
        )
        for id_, event in told
    ]
    if len(rows) == 1:
        # Not within a savepoint, which may be rolled back alone.
        audited = None if session.in_nested_transaction() else await trail.take(session)
        driver = await driver_of(session)
        if audited is None:
            await driver.execute(_ADD, *rows[0])
        else:
            await driver.execute(_ADD_AUDITED, *rows[0], *audited)
    elif rows:
        await copy_rows(session, "outbox", _COLUMNS, rows)
    if rows:
        session.info[OUTBOX_WRITTEN] = True
    return [id_ for id_, _ in told]


async def admit(session: AsyncSession, now: datetime) -> None:
    """Say early at which instant this transaction will write, so checkpoints wait for it.

    For work that takes longer than the clock's margin: without it, such a transaction would be
    refused as stale at its end.
    """
    await session.exec(text("select outbox_admit(:now)"), params={"now": now})  # type: ignore[call-overload]


async def waiting_since(session: AsyncSession) -> datetime | None:
    """When the oldest event that is not published happened; None where all are."""
    found: datetime | None = await (await driver_of(session)).fetchval(_WAITING_SINCE)
    return found
