"""Statements about executions and their steps, and whose rows are whose."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, insert, or_, true
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, Status
from services.assignments.models import Assignment, Base, Execution, ExecutionStep
from shared.auth import Actor, Role
from shared.errors import NotFound

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


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Row scope, in one place: whose executions the actor may see at all."""
    if actor.is_any(*SEES_ALL):
        return true()
    own: list[ColumnElement[bool]] = []
    if actor.is_any(Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD):
        own.append(col(Execution.region).in_(actor.regions))
    if actor.is_any(Role.CLUSTER):
        own.append(col(Execution.cluster_id).in_(actor.clusters))
        # A lead sees what its co-executors owe it.
        own.append(col(Execution.lead_cluster_id).in_(actor.clusters))
    if actor.is_any(Role.ASSOCIATION):
        own.append(col(Execution.industry).in_(actor.industries))
    return or_(*own)


async def get_execution(session: AsyncSession, execution_id: UUID, actor: Actor) -> Execution:
    """Raises `ExecutionNotFound`, also for what is not the actor's to see."""
    statement = select(Execution).where(col(Execution.id) == execution_id, visible_to(actor))
    found = (await session.exec(statement)).first()
    if found is None:
        raise ExecutionNotFound("Исполнение не найдено.")
    return found


async def lock_visible(
    session: AsyncSession, execution_ids: Sequence[UUID], actor: Actor
) -> Mapping[UUID, tuple[Execution, Assignment]]:
    """Those of the executions the actor may see, with their assignments, locked in one order.

    Every lock of executions leaves room for rows that refer to them (`for no key update`):
    reminders refer to many at once, in an order of their own.
    """
    statement = (
        select(Execution, Assignment)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(col(Execution.id).in_(execution_ids), visible_to(actor))
        .order_by(col(Execution.id))
        .with_for_update(key_share=True, of=Execution)
        # Whoever has read a row before it was locked gets it anew.
        .execution_options(populate_existing=True)
    )
    return {execution.id: (execution, found) for execution, found in await session.exec(statement)}


async def lock_with_co_executions(session: AsyncSession, execution_ids: Sequence[UUID]) -> None:
    """Lock the executions and what co-executors owe to them, in the one order of all locks."""
    own = or_(col(Execution.id).in_(execution_ids), col(Execution.lead_id).in_(execution_ids))
    statement = select(Execution.id).where(own).order_by(col(Execution.id))
    statement = statement.with_for_update(key_share=True)
    (await session.exec(statement)).all()


async def open_of_assignment(session: AsyncSession, assignment_id: UUID) -> Sequence[UUID]:
    """The open executions of the assignment, co-executors' too."""
    statement = (
        select(Execution.id)
        .where(
            col(Execution.assignment_id) == assignment_id,
            col(Execution.status).in_(OPEN),
        )
        .order_by(col(Execution.id))
    )
    return (await session.exec(statement)).all()


async def co_executing_clusters(session: AsyncSession, lead_id: UUID) -> set[UUID]:
    """The clusters that contribute to the lead's execution, or have done so."""
    statement = select(Execution.cluster_id).where(col(Execution.lead_id) == lead_id)
    return {found for found in await session.exec(statement) if found is not None}


async def lock_open_co_executions(
    session: AsyncSession, lead_ids: Sequence[UUID]
) -> Sequence[Execution]:
    """What co-executors still owe to these leads, locked."""
    statement = (
        select(Execution)
        .where(col(Execution.lead_id).in_(lead_ids), col(Execution.status).in_(OPEN))
        .order_by(col(Execution.id))
        .with_for_update(key_share=True)
    )
    return (await session.exec(statement)).all()


async def lock_expired(
    session: AsyncSession, *, before: date, now: datetime, limit: int, after: UUID | None
) -> Sequence[tuple[Execution, int]]:
    """Open executions without a hand-in whose due day is over where they are, not told of yet.

    With the version of the policy each was issued under. `before` is the earliest day that is
    not over anywhere.
    """
    local = func.date(func.timezone(col(Execution.timezone), now))
    statement = (
        select(Execution, Assignment.policy_version)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(
            col(Execution.status).in_(OPEN),
            col(Execution.due) < before,
            col(Execution.due) < local,
            col(Execution.done).is_(None),
            col(Execution.expired_due).is_distinct_from(col(Execution.due)),
        )
        .order_by(col(Execution.id))
        .limit(limit)
        .with_for_update(key_share=True, of=Execution)
    )
    if after is not None:
        statement = statement.where(col(Execution.id) > after)
    return (await session.exec(statement)).all()


async def list_steps(session: AsyncSession, execution_id: UUID) -> Sequence[ExecutionStep]:
    """The execution's history, oldest first."""
    statement = (
        select(ExecutionStep)
        .where(col(ExecutionStep.execution_id) == execution_id)
        .order_by(col(ExecutionStep.version))
    )
    return (await session.exec(statement)).all()


async def count_by_status(session: AsyncSession, assignment_id: UUID) -> dict[Status, int]:
    """How many executions of the assignment stand where."""
    statement = (
        select(Execution.status, func.count())
        .where(col(Execution.assignment_id) == assignment_id)
        .group_by(col(Execution.status))
    )
    return {Status(status): count for status, count in await session.exec(statement)}


async def add_all(session: AsyncSession, *rows_of: Sequence[Base]) -> None:
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
