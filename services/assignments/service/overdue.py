"""Tell people and integrations that a due day has ended without a hand-in."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import effective_due
from services.assignments.domain.executions import Command, Order
from services.assignments.repository import executions as repository
from services.assignments.repository import policies
from services.assignments.service.changes import Changes, change
from services.assignments.service.parties import SYSTEM, SYSTEM_ONLY
from shared import outbox
from shared.clock import date_in

_BATCH: Final = 500
# The zone in which a day ends first is at most this far ahead of UTC.
_FURTHEST: Final = timedelta(hours=14)


async def expire(session: AsyncSession, *, now: datetime, after: UUID | None) -> UUID | None:
    """Mark a batch of executions whose due day is over; where the next batch begins, if any.

    After a return the days of the rework count, by the policy the assignment was issued under.
    """
    rows = await repository.lock_expired(
        session, before=(now + _FURTHEST).date(), now=now, limit=_BATCH, after=after
    )
    known = await policies.all_policies(session)
    over = [
        row
        for row, version in rows
        if effective_due(row.due, row.returned_on, known[version]) < date_in(row.timezone, now)
    ]
    if over:
        await outbox.admit(session, now)
        changes = Changes()
        for row in over:
            change(row, Order(Command.EXPIRE), SYSTEM_ONLY, changes, actor=SYSTEM, now=now)
        await changes.save(session)
    return rows[-1][0].id if len(rows) == _BATCH else None
