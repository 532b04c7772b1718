"""Statements about messages, and about what the ladder looks at."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, ExecutorRole
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import (
    Assignment,
    Execution,
    KnownCluster,
    KnownRegion,
    Notification,
    NotificationLine,
    ReminderDay,
    Tenure,
)
from shared.errors import NotFound


class NotificationNotFound(NotFound):
    """No message the actor may see has this id."""

    code = "notification_not_found"
    title = "Сообщение не найдено"


async def regions_seen(session: AsyncSession) -> Sequence[tuple[KnownRegion, date | None]]:
    """Every region and the last day whose reminders have been composed."""
    statement = (
        select(KnownRegion, col(ReminderDay.day))
        .outerjoin(ReminderDay, col(ReminderDay.region) == col(KnownRegion.code))
        .order_by(col(KnownRegion.code))
    )
    return (await session.exec(statement)).all()


async def claim_day(session: AsyncSession, region: str, day: date) -> bool:
    """Say that this day is being seen to; False where somebody has done so."""
    statement = upsert(ReminderDay).values(region=region, day=day)
    statement = statement.on_conflict_do_update(
        index_elements=["region"],
        set_={"day": day},
        where=col(ReminderDay.day) < day,
    )
    done = await session.exec(statement)
    return bool(done.rowcount)


async def open_of_regions(
    session: AsyncSession, regions: Sequence[str]
) -> Sequence[tuple[Execution, Assignment, str | None]]:
    """The regions' open executions with their assignments and the clusters' names."""
    statement = (
        select(Execution, Assignment, col(KnownCluster.name))
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .outerjoin(KnownCluster, col(KnownCluster.cluster_id) == col(Execution.cluster_id))
        .where(col(Execution.region).in_(regions), col(Execution.status).in_(OPEN))
        .order_by(col(Execution.due), col(Assignment.number), col(Execution.id))
    )
    return (await session.exec(statement)).all()


async def tenures_of(session: AsyncSession, regions: Sequence[str]) -> Sequence[Tenure]:
    """Every tenure of the regions' offices, past and to come."""
    statement = select(Tenure).where(col(Tenure.region).in_(regions))
    return (await session.exec(statement)).all()


async def said_already(
    session: AsyncSession, regions: Sequence[str]
) -> set[tuple[UUID, str, date, str]]:
    """Execution, rung, anchor and office of every line said about the regions' open work."""
    statement = (
        select(NotificationLine)
        .join(Execution, col(Execution.id) == col(NotificationLine.execution_id))
        .where(col(Execution.region).in_(regions), col(Execution.status).in_(OPEN))
    )
    return {
        (line.execution_id, line.rung, line.anchor, line.office)
        for line in await session.exec(statement)
    }


async def totals(
    session: AsyncSession, day: date, *, until: date
) -> Sequence[tuple[str, int, int, int]]:
    """Region's short name; its open lead work overdue, due until then, and awaiting ЦУР."""
    handed_in, due = col(Execution.done).is_not(None), col(Execution.due)
    statement = (
        select(
            col(KnownRegion.short_name),
            func.count().filter(~handed_in, due < day),
            func.count().filter(~handed_in, due >= day, due <= until),
            func.count().filter(handed_in),
        )
        .join(Execution, col(Execution.region) == col(KnownRegion.code))
        .where(
            col(Execution.status).in_(OPEN),
            col(Execution.role) == ExecutorRole.LEAD,
        )
        .group_by(col(KnownRegion.short_name))
    )
    return (await session.exec(statement)).all()


async def lock_notification(session: AsyncSession, notification_id: UUID) -> Notification:
    """The message, locked. Raises `NotificationNotFound`."""
    found = await session.get(Notification, notification_id, with_for_update=True)
    if found is None:
        raise NotificationNotFound("Такого сообщения нет.")
    return found


async def get_visible(
    session: AsyncSession, notification_id: UUID, regions: frozenset[str] | None
) -> Notification:
    """The message, if it is of these regions (None: of any). Raises `NotificationNotFound`."""
    found = await session.get(Notification, notification_id)
    if found is None or (regions is not None and found.region not in regions):
        raise NotificationNotFound("Такого сообщения нет.")
    return found


async def list_notifications(
    session: AsyncSession,
    *,
    regions: frozenset[str] | None,
    region: str | None,
    state: NotificationState | None,
    channel: Channel | None,
    day: date | None,
    execution_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Notification]:
    """The newest first. `regions` are the actor's own; None means all."""
    statement = select(Notification).order_by(col(Notification.id).desc()).limit(limit)
    if regions is not None:
        statement = statement.where(col(Notification.region).in_(regions))
    if region is not None:
        statement = statement.where(col(Notification.region) == region)
    if state is not None:
        statement = statement.where(col(Notification.state) == state)
    if channel is not None:
        statement = statement.where(col(Notification.channel) == channel)
    if day is not None:
        statement = statement.where(col(Notification.day) == day)
    if execution_id is not None:
        about = select(NotificationLine.notification_id).where(
            col(NotificationLine.execution_id) == execution_id
        )
        statement = statement.where(col(Notification.id).in_(about))
    if after is not None:
        statement = statement.where(col(Notification.id) < after)
    return (await session.exec(statement)).all()


async def about_execution(
    session: AsyncSession, execution_id: UUID
) -> Sequence[tuple[Notification, str]]:
    """The messages in which the execution was mentioned, and the rung each time."""
    statement = (
        select(Notification, col(NotificationLine.rung))
        .join(NotificationLine, col(NotificationLine.notification_id) == col(Notification.id))
        .where(col(NotificationLine.execution_id) == execution_id)
        .order_by(col(Notification.id))
    )
    return (await session.exec(statement)).all()


async def prepared_ids(session: AsyncSession, *, since: date) -> Sequence[UUID]:
    """Messages of this day or later that wait for their sending."""
    statement = (
        select(Notification.id)
        .where(
            col(Notification.state) == NotificationState.PREPARED,
            col(Notification.day) >= since,
        )
        .order_by(col(Notification.id))
    )
    return (await session.exec(statement)).all()
