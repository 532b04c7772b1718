"""Statements about messages, and about what the ladder looks at."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import TEXT, Uuid, and_, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.elements import ColumnElement
from sqlmodel import col, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, ExecutorRole
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import (
    Assignment,
    Execution,
    ExecutionStep,
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


async def claim_days(session: AsyncSession, days: Mapping[str, date]) -> set[str]:
    """Say of each region that its day is being seen to; those that nobody has seen to before."""
    if not days:
        return set()
    rows = [{"region": region, "day": day} for region, day in sorted(days.items())]
    wanted = upsert(ReminderDay).values(rows)
    statement = wanted.on_conflict_do_update(
        index_elements=["region"],
        set_={"day": wanted.excluded.day},
        where=col(ReminderDay.day) < wanted.excluded.day,
    ).returning(col(ReminderDay.region))
    return {region for (region,) in await session.exec(statement)}


async def open_of_regions(
    session: AsyncSession, regions: Sequence[str]
) -> Sequence[tuple[Execution, Assignment, str | None, datetime | None]]:
    """The regions' open executions with their assignments and the clusters' names.

    Of a co-executor, who may have been engaged later, also the instant at which it was.
    """
    engaged = and_(
        col(Execution.role) == ExecutorRole.CO,
        col(ExecutionStep.execution_id) == col(Execution.id),
        col(ExecutionStep.version) == 1,
    )
    statement = (
        select(Execution, Assignment, col(KnownCluster.name), col(ExecutionStep.at))
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .outerjoin(KnownCluster, col(KnownCluster.cluster_id) == col(Execution.cluster_id))
        .outerjoin(ExecutionStep, engaged)
        .where(col(Execution.region).in_(regions), col(Execution.status).in_(OPEN))
        .order_by(col(Execution.due), col(Assignment.number), col(Execution.id))
    )
    return (await session.exec(statement)).all()


async def tenures(session: AsyncSession, *, ending_from: date) -> Sequence[Tenure]:
    """Every region's tenures that last until this day or longer, those to come too."""
    ends = col(Tenure.valid_to)
    statement = select(Tenure).where(or_(ends.is_(None), ends >= ending_from))
    return (await session.exec(statement)).all()


async def written_to(session: AsyncSession, *, since: date) -> set[tuple[str, date]]:
    """Who has had a letter composed for which day, from this day on."""
    statement = select(col(Notification.recipient), col(Notification.day)).where(
        col(Notification.channel) == Channel.EMAIL, col(Notification.day) >= since
    )
    return {(recipient, day) for recipient, day in await session.exec(statement)}


async def said_already(
    session: AsyncSession, execution_ids: Sequence[UUID]
) -> set[tuple[UUID, str, date, str]]:
    """Execution, rung, anchor and recipient of every line about these executions.

    About these, not about the open ones: another statement sees what has ended meanwhile.
    """
    ids = literal(list(execution_ids), ARRAY(Uuid))
    statement = select(NotificationLine).where(col(NotificationLine.execution_id) == any_(ids))
    return {
        (line.execution_id, line.rung, line.anchor, line.recipient)
        for line in await session.exec(statement)
    }


async def totals(
    session: AsyncSession, overdue: ColumnElement[bool], *, until: date
) -> Sequence[tuple[str, int, int, int]]:
    """Region's short name; its open lead work overdue, due until then, and awaiting ЦУР.

    `overdue` is the register's condition: `due*` has passed and nothing is handed in.
    """
    handed_in, due = col(Execution.done).is_not(None), col(Execution.due)
    statement = (
        select(
            col(KnownRegion.short_name),
            func.count().filter(overdue),
            func.count().filter(~handed_in, ~overdue, due <= until),
            func.count().filter(handed_in),
        )
        .select_from(Execution)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .join(KnownRegion, col(KnownRegion.code) == col(Execution.region))
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
    if found is None or not (
        regions is None or (found.regions and regions.issuperset(found.regions))
    ):
        raise NotificationNotFound("Такого сообщения нет.")
    return found


def _texts(values: Iterable[str]) -> ColumnElement[list[str]]:
    return literal(sorted(values), ARRAY(TEXT))


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
        mine = col(Notification.regions)
        statement = statement.where(mine.op("<@")(_texts(regions)), mine != _texts([]))
    if region is not None:
        statement = statement.where(col(Notification.regions).op("@>")(_texts([region])))
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


async def waiting(
    session: AsyncSession, channels: Sequence[Channel], *, since: date
) -> Sequence[tuple[UUID, int]]:
    """Messages of this day or later that wait for their sending, and the turn of each."""
    statement = (
        select(col(Notification.id), col(Notification.turn))
        .where(
            col(Notification.state) == NotificationState.PREPARED,
            col(Notification.channel).in_(channels),
            col(Notification.day) >= since,
        )
        .order_by(col(Notification.id))
    )
    return (await session.exec(statement)).all()
