"""Statements about assignments and the series of those that recur."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, text
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import Assignment, Recurrence
from services.assignments.repository.rows import assignments_visible_to
from shared.auth import Actor
from shared.errors import NotFound


class AssignmentNotFound(NotFound):
    """No assignment the actor may see has this id."""

    code = "assignment_not_found"
    title = "Поручение не найдено"


class RecurrenceNotFound(NotFound):
    """No series has this id."""

    code = "recurrence_not_found"
    title = "Ряд поручений не найден"


async def get_assignment(
    session: AsyncSession, assignment_id: UUID, *, for_update: bool = False
) -> Assignment:
    """Raises `AssignmentNotFound`."""
    found = await session.get(
        Assignment,
        assignment_id,
        populate_existing=for_update,
        # No key changes: executions that refer to the row need not wait.
        with_for_update={"key_share": True} if for_update else None,
    )
    if found is None:
        raise AssignmentNotFound("Поручение не найдено.")
    return found


async def get_visible(session: AsyncSession, assignment_id: UUID, actor: Actor) -> Assignment:
    """Raises `AssignmentNotFound`, also where none of its executions is the actor's to see."""
    statement = select(Assignment).where(
        col(Assignment.id) == assignment_id, assignments_visible_to(actor)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise AssignmentNotFound("Поручение не найдено.")
    return found


async def lock_assignments(session: AsyncSession, assignment_ids: Collection[UUID]) -> None:
    """Lock the assignments in the one order of all locks."""
    statement = (
        select(Assignment.id)
        .where(col(Assignment.id).in_(assignment_ids))
        .order_by(col(Assignment.id))
        .with_for_update(key_share=True)
    )
    (await session.exec(statement)).all()


async def list_assignments(
    session: AsyncSession,
    actor: Actor,
    protocol_id: UUID | None,
    *,
    after: UUID | None,
    limit: int,
) -> Sequence[Assignment]:
    """Those the actor may see, ordered by id, that is by the time of issue."""
    statement = (
        select(Assignment)
        .where(assignments_visible_to(actor))
        .order_by(col(Assignment.id))
        .limit(limit)
    )
    if protocol_id is not None:
        statement = statement.where(col(Assignment.protocol_id) == protocol_id)
    if after is not None:
        statement = statement.where(col(Assignment.id) > after)
    return (await session.exec(statement)).all()


async def issued_items(session: AsyncSession, item_ids: Sequence[UUID]) -> set[UUID]:
    """Which of the protocol items have become assignments already."""
    statement = select(Assignment.protocol_item_id).where(
        col(Assignment.protocol_item_id).in_(item_ids)
    )
    return {found for found in await session.exec(statement) if found is not None}


async def standing_of_item(session: AsyncSession, item_id: UUID) -> Sequence[Assignment]:
    """Assignments of the protocol item that were neither withdrawn nor superseded."""
    statement = (
        select(Assignment)
        .where(
            col(Assignment.protocol_item_id) == item_id,
            col(Assignment.withdrawn_at).is_(None),
            col(Assignment.superseded_by).is_(None),
        )
        .order_by(col(Assignment.id))
    )
    return (await session.exec(statement)).all()


async def series_of_item(session: AsyncSession, item_id: UUID) -> Sequence[Recurrence]:
    """The series the protocol item has begun, if it is still going on."""
    statement = select(Recurrence).where(
        col(Recurrence.instruction)["protocol_item_id"].astext == str(item_id),
        col(Recurrence.ended_at).is_(None),
    )
    return (await session.exec(statement)).all()


async def next_number(session: AsyncSession) -> int:
    """The next number for an assignment without a protocol; a refused one leaves a gap."""
    connection = await session.connection()
    return int(await connection.scalar(text("select nextval('assignment_numbers')")) or 0)


async def get_recurrence(
    session: AsyncSession, recurrence_id: UUID, *, for_update: bool = False
) -> Recurrence:
    """Raises `RecurrenceNotFound`."""
    found = await session.get(Recurrence, recurrence_id, with_for_update=for_update or None)
    if found is None:
        raise RecurrenceNotFound("Такого ряда поручений нет.")
    return found


async def lock_series_of(session: AsyncSession, assignment_id: UUID) -> Recurrence | None:
    """The series the assignment is an occurrence of, locked: before any assignment is."""
    statement = (
        select(Recurrence)
        .join(Assignment, col(Assignment.recurrence_id) == col(Recurrence.id))
        .where(col(Assignment.id) == assignment_id)
        .with_for_update(of=Recurrence)
    )
    return (await session.exec(statement)).first()


async def list_recurrences(
    session: AsyncSession, actor: Actor, *, after: UUID | None, limit: int
) -> Sequence[Recurrence]:
    """Those the actor has seen an assignment of, ordered by the time they were begun: by id."""
    statement = select(Recurrence).order_by(col(Recurrence.id)).limit(limit)
    if not actor.reaches_all:
        issued = col(Assignment.recurrence_id) == col(Recurrence.id)
        statement = statement.where(exists().where(issued, assignments_visible_to(actor)))
    if after is not None:
        statement = statement.where(col(Recurrence.id) > after)
    return (await session.exec(statement)).all()


async def lock_due_recurrences(
    session: AsyncSession, today: date, now: datetime
) -> Sequence[Recurrence]:
    """Series whose next occurrence is to be issued, locked; those in trouble are let be."""
    statement = (
        select(Recurrence)
        .where(
            col(Recurrence.ended_at).is_(None),
            col(Recurrence.next_on) <= today,
            or_(col(Recurrence.waits_until).is_(None), col(Recurrence.waits_until) <= now),
        )
        .order_by(col(Recurrence.id))
        .limit(20)
        .with_for_update()
    )
    return (await session.exec(statement)).all()
