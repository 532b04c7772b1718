"""What a coordinator asks of the cluster on the way to an execution. Shown, never scored."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import effective_due
from services.assignments.domain.executions import FINAL, PARTY_NAMES, Party
from services.assignments.models import Assignment, Execution, Subtask
from services.assignments.repository import coordination as repository
from services.assignments.repository import executions, policies
from services.assignments.service.parties import (
    DEPUTY_ACTS,
    DeputyNotNow,
    Standing,
    away_regions,
    standing_of,
)
from shared.auth import Actor, Role
from shared.clock import date_in
from shared.errors import Conflict, Forbidden, Invalid, expect_version
from shared.ids import new_id


class ExecutionOver(Conflict):
    """The execution has ended."""

    code = "execution_over"
    title = "Исполнение закончено"


class SubtaskOver(Conflict):
    """The sub-task is done or was cancelled."""

    code = "subtask_over"
    title = "Подзадача уже закрыта"


class SubtaskNotYours(Forbidden):
    """Another party's move."""

    code = "not_your_move"
    title = "Это действие за другим участником"


class SubtaskDateInvalid(Invalid):
    """The sub-task's date lies outside what is left of the term."""

    code = "date_invalid"
    title = "Такую дату поставить нельзя"


async def _stand(
    session: AsyncSession, execution_id: UUID, actor: Actor, party: Party, now: datetime
) -> tuple[Execution, Assignment]:
    """The execution, locked, to which the actor stands in this capacity, and its assignment."""
    found = await executions.lock_visible(session, [execution_id], actor)
    if execution_id not in found:
        raise executions.ExecutionNotFound("Исполнение не найдено.")
    execution, assignment = found[execution_id]
    deputises = actor.is_any(Role.DEPUTY)
    away = await away_regions(session, [execution], now) if deputises else set()
    standing: Standing = standing_of(actor, execution, assignment, away)
    if party not in standing.parties:
        if deputises and party is Party.COORDINATOR:
            raise DeputyNotNow(DEPUTY_ACTS)
        raise SubtaskNotYours(f"Это может только {PARTY_NAMES[party]}.")
    return execution, assignment


async def give(
    session: AsyncSession,
    execution_id: UUID,
    actor: Actor,
    *,
    text: str,
    due: date,
    now: datetime,
) -> Subtask:
    """A sub-task for the cluster, due within the execution's own term, a rework's days too.

    Raises `ExecutionNotFound`, `SubtaskNotYours`, `ExecutionOver`, `SubtaskDateInvalid`.
    """
    execution, assignment = await _stand(session, execution_id, actor, Party.COORDINATOR, now)
    if execution.status in FINAL:
        raise ExecutionOver("Исполнение закончено: новых подзадач не дать.")
    today = date_in(execution.timezone, now)
    policy = (await policies.all_policies(session))[assignment.policy_version]
    last = max(effective_due(execution.due, execution.returned_on, policy), today)
    if not today <= due <= last:
        raise SubtaskDateInvalid(
            f"Срок подзадачи — от сегодня до {last:%d.%m.%Y}.", field="body.due"
        )
    subtask = Subtask(
        id=new_id(),
        execution_id=execution_id,
        text=text,
        due=due,
        created_by=actor.id,
        created_at=now,
    )
    session.add(subtask)
    await session.flush()
    return subtask


async def complete(
    session: AsyncSession,
    execution_id: UUID,
    subtask_id: UUID,
    actor: Actor,
    *,
    words: str,
    now: datetime,
    expected_version: int | None = None,
) -> Subtask:
    """The cluster has done it.

    Raises as `give`, and `SubtaskNotFound`, `VersionMismatch`, `SubtaskOver`.
    """
    await _stand(session, execution_id, actor, Party.ADDRESSEE, now)
    subtask = await _open(session, execution_id, subtask_id, expected_version)
    subtask.completed_by, subtask.completed_at, subtask.words = actor.id, now, words
    return await _saved(session, subtask)


async def cancel(
    session: AsyncSession,
    execution_id: UUID,
    subtask_id: UUID,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Subtask:
    """The coordinator takes it back. Raises as `complete`."""
    await _stand(session, execution_id, actor, Party.COORDINATOR, now)
    subtask = await _open(session, execution_id, subtask_id, expected_version)
    subtask.cancelled_at = now
    return await _saved(session, subtask)


async def _open(
    session: AsyncSession, execution_id: UUID, subtask_id: UUID, expected_version: int | None
) -> Subtask:
    subtask = await repository.lock_subtask(session, execution_id, subtask_id)
    expect_version(subtask.version, expected_version)
    if subtask.completed_at is not None or subtask.cancelled_at is not None:
        raise SubtaskOver("Эта подзадача уже закрыта.")
    return subtask


async def _saved(session: AsyncSession, subtask: Subtask) -> Subtask:
    subtask.version += 1
    session.add(subtask)
    await session.flush()
    return subtask
