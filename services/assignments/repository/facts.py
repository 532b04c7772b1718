"""Statements about facts as of an instant: the outbox is the log and has them all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.digests import DIGEST, FROM_JSON
from shared.events.assignments import ExecutionEvent

_DIGESTS: Final = text(
    f"select f.region, {DIGEST} from outbox cross join lateral {FROM_JSON}"  # noqa: S608 - ours
    " where topic = :topic and outbox.occurred_at <= :as_of"
    " group by f.region order by f.region"
)
_FACTS_AS_OF = """
select distinct on (key) data from outbox
where topic = :topic and key > :after and occurred_at <= :as_of {where}
order by key, position desc limit :limit
"""


async def facts_as_of(
    session: AsyncSession,
    *,
    as_of: datetime,
    region: str | None,
    partition: int | None,
    after: str,
    limit: int,
) -> list[str]:
    """Each execution's newest facts dated `as_of` or earlier, as JSON text: the log has them.

    Ordered by execution id.
    """
    where = ""
    parameters: dict[str, Any] = {
        "topic": ExecutionEvent.topic,
        "after": after,
        "as_of": as_of,
        "limit": limit,
    }
    if region is not None:
        where = "and partition = :partition and data::json ->> 'region' = :region"
        parameters |= {"region": region, "partition": partition}
    connection = await session.connection()
    rows = await connection.execute(text(_FACTS_AS_OF.format(where=where)), parameters)
    return [row.data for row in rows]


async def digests(session: AsyncSession, as_of: datetime) -> Sequence[Row[Any]]:
    """By region: executions, versions of their facts dated `as_of` or earlier, their digest."""
    connection = await session.connection()
    where = {"topic": ExecutionEvent.topic, "as_of": as_of}
    return (await connection.execute(_DIGESTS, where)).all()
