"""Statements about what was told: notes of fresh events, the events, and lines of standings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, any_, insert, literal, text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Announcement, StandingLine
from shared.tables import OutboxRecord

_LOCK: Final = 0x0B0D
_TAKE: Final = text(
    "delete from announcements"
    " where id in (select id from announcements order by id limit :limit) returning event_ids"
)
# Only one transaction at a time numbers lines, so numbers come in the order of commits.
_KEEP: Final = text(
    "insert into standing_lines (key, region, event_id, position, number)"
    " select key, region, event_id, position,"
    "  (select coalesce(max(number), 0) from standing_lines)"
    "   + row_number() over (order by position)"
    " from unnest(cast(:keys as text[]), cast(:regions as text[]), cast(:event_ids as uuid[]),"
    "  cast(:positions as bigint[])) as given (key, region, event_id, position)"
    " on conflict (key) do update set event_id = excluded.event_id,"
    "  position = excluded.position, number = excluded.number"
    " where standing_lines.position < excluded.position"
)


@dataclass(frozen=True, slots=True)
class ToldLine:
    """A line's number, and the event it comes from."""

    number: int
    event: OutboxRecord


async def note(session: AsyncSession, event_ids: Sequence[UUID]) -> None:
    """Note the events for deliveries, in the transaction that tells them."""
    if event_ids:
        connection = await session.connection()
        await connection.execute(insert(Announcement), {"event_ids": list(event_ids)})


async def lead(session: AsyncSession) -> bool:
    """Whether this transaction alone makes deliveries of the notes, until it ends."""
    return bool((await session.exec(select(func.pg_try_advisory_xact_lock(_LOCK)))).one())


async def take(session: AsyncSession, *, limit: int) -> list[UUID]:
    """Take the oldest notes: the ids of their events."""
    connection = await session.connection()
    rows = await connection.execute(_TAKE, {"limit": limit})
    return [event_id for (event_ids,) in rows for event_id in event_ids]


async def events_of(session: AsyncSession, ids: Sequence[UUID]) -> Sequence[OutboxRecord]:
    """The events in the order they were told. As one array: of single ids there may be too many."""
    statement = (
        select(OutboxRecord)
        .where(col(OutboxRecord.id) == any_(literal(list(ids), ARRAY(Uuid))))
        .order_by(col(OutboxRecord.position))
    )
    return (await session.exec(statement)).all()


async def event_of(session: AsyncSession, event_id: UUID) -> OutboxRecord | None:
    """The event, if there is one."""
    statement = select(OutboxRecord).where(col(OutboxRecord.id) == event_id)
    return (await session.exec(statement)).first()


async def events_since(
    session: AsyncSession,
    topic: str,
    types: Sequence[str],
    *,
    position: int | None,
    since: datetime | None,
) -> Sequence[OutboxRecord]:
    """Events of these types from that position or instant on, in the order they were told."""
    statement = (
        select(OutboxRecord)
        .where(col(OutboxRecord.topic) == topic, col(OutboxRecord.type).in_(types))
        .order_by(col(OutboxRecord.position))
    )
    if position is not None:
        statement = statement.where(col(OutboxRecord.position) >= position)
    if since is not None:
        statement = statement.where(col(OutboxRecord.occurred_at) >= since)
    return (await session.exec(statement)).all()


async def keep_lines(session: AsyncSession, events: Sequence[OutboxRecord]) -> None:
    """Let these be the newest lines of their keys, unless a newer one is known."""
    newest = {event.key: event for event in events}
    if newest:
        connection = await session.connection()
        await connection.execute(
            _KEEP,
            {
                "keys": list(newest),
                "regions": [key.rsplit("/", 1)[1] for key in newest],
                "event_ids": [event.id for event in newest.values()],
                "positions": [event.position for event in newest.values()],
            },
        )


async def newest_line(session: AsyncSession) -> int:
    """The number of the newest line; 0 before the first."""
    return (await session.exec(select(func.coalesce(func.max(StandingLine.number), 0)))).one()


async def lines_after(
    session: AsyncSession, number: int, regions: Sequence[str] | None, *, limit: int
) -> list[ToldLine]:
    """The lines above the number, of these regions where any are named, in order."""
    statement = (
        select(StandingLine.number, OutboxRecord)
        .join(OutboxRecord, col(OutboxRecord.id) == col(StandingLine.event_id))
        .where(col(StandingLine.number) > number)
        .order_by(col(StandingLine.number))
        .limit(limit)
    )
    if regions is not None:
        statement = statement.where(col(StandingLine.region).in_(regions))
    return [ToldLine(*row) for row in await session.exec(statement)]


async def first_line_since(
    session: AsyncSession, *, position: int | None, since: datetime | None
) -> int | None:
    """The number of the first line told from that position or instant on, if there is one."""
    statement = select(func.min(StandingLine.number))
    if position is not None:
        statement = statement.where(col(StandingLine.position) >= position)
    if since is not None:
        statement = statement.join(
            OutboxRecord, col(OutboxRecord.id) == col(StandingLine.event_id)
        ).where(col(OutboxRecord.occurred_at) >= since)
    return (await session.exec(statement)).one()
