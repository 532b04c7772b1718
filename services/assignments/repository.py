"""Every statement the assignments service sends to its database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, insert, or_, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import FINAL, OPEN, Addressee, Status
from services.assignments.models import Assignment, Coordinator, Execution, ExecutionStep
from shared.auth import Actor, Role
from shared.errors import NotFound
from shared.events.assignments import ExecutionEvent
from shared.events.directory import AppointmentEvent

SEES_ALL: Final = (
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.SECRETARY,
    Role.OPERATOR,
    Role.AUDITOR,
    Role.PLATFORM,
    Role.SERVICE,
)


class ExecutionNotFound(NotFound):
    """No execution the actor may see has this id."""

    code = "execution_not_found"
    title = "Исполнение не найдено"


class AssignmentNotFound(NotFound):
    """No assignment has this id."""

    code = "assignment_not_found"
    title = "Поручение не найдено"


@dataclass(frozen=True, slots=True)
class ExecutionFilter:
    """Which executions a list shows; None restricts nothing."""

    region: str | None = None
    cluster_id: UUID | None = None
    assignment_id: UUID | None = None
    protocol_id: UUID | None = None
    status: Status | None = None
    addressee: Addressee | None = None
    cohort: int | None = None
    industry: str | None = None
    due_from: date | None = None
    due_to: date | None = None
    overdue_at: datetime | None = None


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Row scope, in one place: whose executions the actor may see at all."""
    if actor.is_any(*SEES_ALL):
        return true()
    own: list[ColumnElement[bool]] = []
    if actor.is_any(Role.COORDINATOR, Role.AUTHORITY_HEAD):
        own.append(col(Execution.region).in_(actor.regions))
    if actor.is_any(Role.CLUSTER):
        own.append(col(Execution.cluster_id).in_(actor.clusters))
    if actor.is_any(Role.ASSOCIATION):
        own.append(col(Execution.industry).in_(actor.industries))
    return or_(*own)


async def get_execution(
    session: AsyncSession, execution_id: UUID, actor: Actor, *, for_update: bool = False
) -> Execution:
    """Raises `ExecutionNotFound`, also for what is not the actor's to see."""
    statement = select(Execution).where(col(Execution.id) == execution_id, visible_to(actor))
    if for_update:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise ExecutionNotFound("Исполнение не найдено.")
    return found


async def list_executions(
    session: AsyncSession,
    actor: Actor,
    wanted: ExecutionFilter,
    *,
    descending: bool,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[Execution]:
    """Ordered by due date and id."""
    key = tuple_(col(Execution.due), col(Execution.id))
    statement = select(Execution).where(visible_to(actor), _matching(wanted)).limit(limit)
    if after is not None:
        statement = statement.where(key < after if descending else key > after)
    order = [col(Execution.due), col(Execution.id)]
    statement = statement.order_by(*(c.desc() if descending else c.asc() for c in order))
    return (await session.exec(statement)).all()


def _matching(wanted: ExecutionFilter) -> ColumnElement[bool]:
    exact = {
        Execution.region: wanted.region,
        Execution.cluster_id: wanted.cluster_id,
        Execution.assignment_id: wanted.assignment_id,
        Execution.protocol_id: wanted.protocol_id,
        Execution.status: wanted.status,
        Execution.addressee: wanted.addressee,
        Execution.cohort: wanted.cohort,
        Execution.industry: wanted.industry,
    }
    clauses = [col(column) == value for column, value in exact.items() if value is not None]
    if wanted.due_from is not None:
        clauses.append(col(Execution.due) >= wanted.due_from)
    if wanted.due_to is not None:
        clauses.append(col(Execution.due) <= wanted.due_to)
    if wanted.overdue_at is not None:
        local = func.date(func.timezone(col(Execution.timezone), wanted.overdue_at))
        clauses += [
            col(Execution.done).is_(None),
            col(Execution.status).not_in(FINAL),
            col(Execution.due) < local,
        ]
    return and_(true(), *clauses)


async def list_steps(session: AsyncSession, execution_id: UUID) -> Sequence[ExecutionStep]:
    """The execution's history, oldest first."""
    statement = (
        select(ExecutionStep)
        .where(col(ExecutionStep.execution_id) == execution_id)
        .order_by(col(ExecutionStep.version))
    )
    return (await session.exec(statement)).all()


async def get_assignment(session: AsyncSession, assignment_id: UUID) -> Assignment:
    """Raises `AssignmentNotFound`."""
    found = await session.get(Assignment, assignment_id)
    if found is None:
        raise AssignmentNotFound("Поручение не найдено.")
    return found


async def list_assignments(
    session: AsyncSession, protocol_id: UUID | None, *, after: UUID | None, limit: int
) -> Sequence[Assignment]:
    """Ordered by id, that is by the time of issue."""
    statement = select(Assignment).order_by(col(Assignment.id)).limit(limit)
    if protocol_id is not None:
        statement = statement.where(col(Assignment.protocol_id) == protocol_id)
    if after is not None:
        statement = statement.where(col(Assignment.id) > after)
    return (await session.exec(statement)).all()


async def count_by_status(session: AsyncSession, assignment_id: UUID) -> dict[Status, int]:
    """How many executions of the assignment stand where."""
    statement = (
        select(Execution.status, func.count())
        .where(col(Execution.assignment_id) == assignment_id)
        .group_by(col(Execution.status))
    )
    return {Status(status): count for status, count in await session.exec(statement)}


async def issued_items(session: AsyncSession, item_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the protocol items have become assignments already."""
    statement = select(Assignment.protocol_item_id).where(
        col(Assignment.protocol_item_id).in_(item_ids)
    )
    return {found for found in await session.exec(statement) if found is not None}


async def add_all(
    session: AsyncSession, *rows_of: Sequence[Assignment | Execution | ExecutionStep]
) -> None:
    """Insert the rows, one statement per list."""
    for rows in rows_of:
        if rows:
            await session.exec(insert(type(rows[0])), params=[row.model_dump() for row in rows])


async def save_all(
    session: AsyncSession, executions: Sequence[Execution], steps: Sequence[ExecutionStep]
) -> None:
    """Write changed executions and the steps that changed them."""
    session.add_all(executions)
    await session.flush()
    await add_all(session, steps)


async def keep_coordinator(session: AsyncSession, appointment: AppointmentEvent) -> None:
    """Store the tenure unless a newer version of it is known."""
    row = appointment.model_dump(include=set(Coordinator.model_fields))
    statement = upsert(Coordinator).values(row)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["appointment_id"],
            set_=row,
            where=col(Coordinator.version) < statement.excluded.version,
        )
    )


async def waiting_for_coordinator(
    session: AsyncSession, region: str
) -> Sequence[tuple[Execution, bool]]:
    """Executions the region's first coordinator sets in motion: to be routed, or to be closed.

    The flag says that the execution closes by the appointment.
    """
    statement = (
        select(Execution, col(Assignment.closes_on).is_not(None))
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(
            col(Execution.region) == region,
            or_(
                and_(
                    col(Execution.addressee) == Addressee.CLUSTER,
                    col(Execution.status) == Status.ISSUED,
                ),
                and_(
                    col(Assignment.closes_on) == "coordinator_appointed",
                    col(Execution.status).in_(OPEN),
                ),
            ),
        )
        .order_by(col(Execution.id))
        .with_for_update(of=Execution)
    )
    return (await session.exec(statement)).all()


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
