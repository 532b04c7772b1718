"""Statements about executions and their steps."""

import functools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, insert, or_
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Assignment, Base, Execution, ExecutionStep, Extension
from services.assignments.repository.rows import own_rows, visible_by, visible_to
from shared.auth import Actor, Rows
from shared.db import UtcDateTime, copy_rows
from shared.errors import NotFound


class ExecutionNotFound(NotFound):
    """No execution the actor may see has this id."""

    code = "execution_not_found"
    title = "Исполнение не найдено"


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


@dataclass(frozen=True, slots=True)
class Locked:
    """What commands work on, and whatever is asked for of it.

    `own` are those of the executions meant that the actor may see; `hanging` what co-executors
    owe to executions meant, whoever sees it; `requests` the open ones for a later date.
    """

    own: Mapping[UUID, tuple[Execution, Assignment]]
    hanging: Sequence[Execution]
    requests: Mapping[UUID, Extension]


async def lock_for_commands(
    session: AsyncSession,
    execution_ids: Sequence[UUID],
    actor: Actor,
    *,
    now: datetime,
    with_hanging: bool,
) -> Locked:
    """Lock the executions, in the one order of all locks, and read what belongs to them.

    Says at once at which instant the transaction will write, so that checkpoints wait for it; a
    command that has waited too long for its turn is refused here, before any work is done.

    Two statements, and a third where a later date is being asked for. The second reads only what
    cannot change any more; what came to hang on them while the first waited, it finds.
    """
    alone = len(execution_ids) == 1
    lock = _lock_statement(actor.rows, with_hanging=with_hanging, alone=alone)
    parameters = {**own_rows(actor), **_meaning(execution_ids), "now": now}
    rows = (await session.exec(lock, params=parameters)).all()
    locked = {execution.id: execution for execution, *_ in rows}
    if not locked:
        return Locked({}, (), {})
    meant = set(execution_ids)
    belonging = _belonging_statement(with_hanging=with_hanging, alone=len(locked) == 1)
    found = (await session.exec(belonging, params=_meaning([*locked]))).all()
    late = [one for one, *_ in found if one not in locked]
    if late:
        more = await session.exec(_LOCK, params={"ids": late})
        locked |= {execution.id: execution for execution in more}
    asked: list[UUID | None] = [request for _, _, request in found]
    requests: Sequence[Extension] = ()
    if any(asked):
        requests = (await session.exec(_REQUESTS, params={"ids": asked})).all()
    seen = {execution.id for execution, visible, _ in rows if visible and execution.id in meant}
    return Locked(
        {one: (locked[one], assignment) for one, assignment, _ in found if one in seen},
        [execution for execution in locked.values() if execution.lead_id in meant],
        {request.execution_id: request for request in requests},
    )


_ID: Final = bindparam("id", type_=Uuid)
_IDS: Final = any_(bindparam("ids", type_=ARRAY(Uuid)))


def _meaning(execution_ids: Sequence[UUID]) -> dict[str, Any]:
    """One id is asked for as one.

    Of an array the server expects ten and plans every time anew, which takes it longer than all
    the rest of a command; a plan for one is kept.
    """
    if len(execution_ids) == 1:
        return {"id": execution_ids[0]}
    return {"ids": list(execution_ids)}


@functools.cache
def _lock_statement(rows: frozenset[Rows], *, with_hanging: bool, alone: bool) -> Any:
    """Made once per set of rows: making a statement costs as much as carrying it out."""
    visible = visible_by(rows, {})
    which: Any = _ID if alone else _IDS
    own = (col(Execution.id) == which) & visible
    return (
        select(
            Execution,
            visible.label("visible"),
            func.outbox_admit(bindparam("now", type_=UtcDateTime)).label("admitted"),
        )
        .where(or_(own, col(Execution.lead_id) == which) if with_hanging else own)
        .order_by(col(Execution.id))
        .with_for_update(key_share=True, of=Execution)
        # Whoever has read a row before it was locked gets it anew.
        .execution_options(populate_existing=True)
    )


@functools.cache
def _belonging_statement(*, with_hanging: bool, alone: bool) -> Any:
    which: Any = _ID if alone else _IDS
    meant = col(Execution.id) == which
    return (
        select(Execution.id, Assignment, Extension.id)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .outerjoin(
            Extension,
            (col(Extension.execution_id) == col(Execution.id))
            & (col(Extension.status) == ExtensionStatus.OPEN),
        )
        .where(meant | (col(Execution.lead_id) == which) if with_hanging else meant)
        .execution_options(populate_existing=True)
    )


_LOCK: Final = (
    select(Execution)
    .where(col(Execution.id) == _IDS)
    .order_by(col(Execution.id))
    .with_for_update(key_share=True)
    .execution_options(populate_existing=True)
)
_REQUESTS: Final = (
    select(Extension).where(col(Extension.id) == _IDS).execution_options(populate_existing=True)
)


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


async def count_by_status(
    session: AsyncSession, assignment_id: UUID, actor: Actor
) -> dict[Status, int]:
    """How many of the assignment's executions stand where: of those the actor may see."""
    statement = (
        select(Execution.status, func.count())
        .where(col(Execution.assignment_id) == assignment_id, visible_to(actor))
        .group_by(col(Execution.status))
    )
    return {Status(status): count for status, count in await session.exec(statement)}


async def add_all(session: AsyncSession, *rows_of: Sequence[Base]) -> None:
    """Insert the rows, one statement per list."""
    for rows in rows_of:
        if len(rows) == 1:
            connection = await session.connection()
            await connection.execute(_insert(type(rows[0])), rows[0].model_dump())
        elif rows:
            table, columns, written = _copied(type(rows[0]))
            await copy_rows(session, table, columns, map(written, rows))


@functools.cache
def _copied(model: type[Base]) -> tuple[str, list[str], Callable[[Base], list[Any]]]:
    """The table, its columns, and a row's values as the driver takes them."""
    columns = list(model.__table__.columns)  # type: ignore[attr-defined]
    names = [column.name for column in columns]
    of_json = [column.name for column in columns if isinstance(column.type, JSONB)]

    def written(row: Base) -> list[Any]:
        values = row.model_dump()
        for name in of_json:
            values[name] = json.dumps(values[name], ensure_ascii=False)
        return [values[name] for name in names]

    return str(model.__tablename__), names, written


@functools.cache
def _insert(model: type[Base]) -> Any:
    return insert(model.__table__)  # type: ignore[attr-defined]


async def save_all(
    session: AsyncSession, executions: Sequence[Execution], steps: Sequence[ExecutionStep]
) -> None:
    """Write changed executions and the steps that changed them."""
    session.add_all(executions)
    await session.flush()
    await add_all(session, steps)
