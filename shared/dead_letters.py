"""Messages passed by: kept with their origin and reason, limited, listed, replayed.

A worker that would dead-letter more than the limit within an hour stops instead: a bad deploy
must halt, not throw everything away.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import func, insert, text
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.envelopes import Message
from shared.errors import NotFound
from shared.observability import DEAD
from shared.tables import DeadLetter

LIMIT_PER_HOUR: Final = 100

logger = structlog.get_logger(__name__)


class DeadLetterNotFound(NotFound):
    """No dead letter has this number."""

    code = "dead_letter_not_found"
    title = "Отложенное сообщение не найдено"


class TooManyDeadLetters(RuntimeError):
    """So many messages are refused that the fault is ours: stop and be looked at."""


async def keep(session: AsyncSession, message: Message, reason: str) -> None:
    """Put the message aside in the caller's transaction. Raises `TooManyDeadLetters`."""
    connection = await session.connection()
    recent = (
        select(func.count())
        .select_from(DeadLetter)
        .where(col(DeadLetter.received_at) > func.now() - timedelta(hours=1))
    )
    if (await connection.execute(recent)).scalar_one() >= LIMIT_PER_HOUR:
        raise TooManyDeadLetters(f"more than {LIMIT_PER_HOUR} in an hour; the last: {reason}")
    await connection.execute(
        insert(DeadLetter).values(
            topic=message.topic,
            partition=message.partition,
            seq=message.seq or 0,
            event_id=message.id,
            type=message.type,
            reason=reason[:4000],
            envelope=message.envelope(),
            received_at=func.now(),
        )
    )
    DEAD.labels(message.topic).inc()
    logger.error(
        "dead letter",
        topic=message.topic,
        partition=message.partition,
        seq=message.seq,
        type=message.type,
        reason=reason[:500],
    )


async def unsent(session: AsyncSession) -> list[DeadLetter]:
    """Dead letters whose copy has not reached `<topic>.dlq` yet, oldest first."""
    statement = (
        select(DeadLetter)
        .where(col(DeadLetter.forwarded_at).is_(None))
        .order_by(col(DeadLetter.id))
        .limit(100)
    )
    return list((await session.exec(statement)).all())


async def mark_sent(session: AsyncSession, ids: list[int]) -> None:
    """Their copies are in the broker."""
    connection = await session.connection()
    await connection.execute(
        text("update dead_letters set forwarded_at = now() where id = any(:ids)"), {"ids": ids}
    )


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Delete those replayed before the instant; one that waits is never forgotten."""
    await session.exec(delete(DeadLetter).where(col(DeadLetter.replayed_at) < before))


async def list_letters(
    session: AsyncSession, *, waiting: bool, after: int | None, limit: int
) -> Sequence[DeadLetter]:
    """Newest first; `waiting` leaves out those that have been replayed."""
    statement = select(DeadLetter).order_by(col(DeadLetter.id).desc()).limit(limit)
    if waiting:
        statement = statement.where(col(DeadLetter.replayed_at).is_(None))
    if after is not None:
        statement = statement.where(col(DeadLetter.id) < after)
    return (await session.exec(statement)).all()


async def get_letter(
    session: AsyncSession, letter_id: int, *, for_update: bool = False
) -> DeadLetter:
    """Raises `DeadLetterNotFound`."""
    found = await session.get(DeadLetter, letter_id, with_for_update=for_update)
    if found is None:
        raise DeadLetterNotFound("Такого отложенного сообщения нет.")
    return found


def message_of(letter: DeadLetter) -> Message:
    """The message as it was heard."""
    data = str(letter.envelope.get("data", ""))
    return Message(
        letter.topic, letter.partition, letter.type, letter.event_id, letter.seq, data.encode()
    )
