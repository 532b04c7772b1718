"""What tests of messages share: a day on which they are composed, to whom, and what came of it."""

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import Channel
from services.assignments.models import Execution, Notification
from services.assignments.service import reminders

# Tuesday 24 October 2023, 10:00 in Moscow; the execution was due on Friday the 20th.
TUESDAY: Final = datetime(2023, 10, 24, 7, tzinfo=UTC)
COORDINATOR, DEPUTY = uuid4(), uuid4()


async def compose(session: AsyncSession, now: datetime = TUESDAY, **flags: Any) -> int:
    """Compose what is due by then, with no channel to send by unless `sending`; how many."""
    due = await reminders.due_regions(session, now)
    found = await reminders.compose(session, due, now=now, **{"sending": False, **flags})
    session.expunge_all()
    return found


async def messages(session: AsyncSession, channel: Channel) -> list[Notification]:
    rows = await session.exec(select(Notification))
    return [row for row in rows if row.channel is channel]


async def only_execution(session: AsyncSession) -> UUID:
    return (await session.exec(select(Execution.id))).one()
