"""Co-executors: they owe their part to the lead, by an earlier date, and are not scored."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import FINAL, Addressee, ExecutorRole
from services.assignments.models import Execution
from services.assignments.repository import executions as repository
from services.assignments.service.assignments import check_controller
from services.assignments.service.fan_outs import add_co_executors
from services.assignments.service.subtasks import ExecutionOver
from shared import outbox
from shared.auth import Actor
from shared.clients.base import ServiceClient
from shared.errors import Conflict


class CannotHaveCoExecutors(Conflict):
    """Only a cluster that leads can have them."""

    code = "no_co_executors_here"
    title = "У этого исполнения не может быть соисполнителей"


class CoExecutorTwice(Conflict):
    """The cluster contributes already, or leads."""

    code = "co_executor_twice"
    title = "Кластер уже участвует в исполнении"


async def engage(
    session: AsyncSession,
    client: ServiceClient,
    execution_id: UUID,
    clusters: Sequence[UUID],
    actor: Actor,
    *,
    now: datetime,
) -> list[Execution]:
    """Let these clusters contribute to a lead's open execution.

    Raises `ExecutionNotFound`, `NotTheController`, `ExecutionOver`, `CannotHaveCoExecutors`,
    `CoExecutorTwice`, `UnknownAddressees`, `CalleeAway`.
    """
    await outbox.admit(session, now)
    found = await repository.lock_visible(session, [execution_id], actor)
    if execution_id not in found:
        raise repository.ExecutionNotFound("Исполнение не найдено.")
    lead, assignment = found[execution_id]
    check_controller(assignment, actor)
    if lead.role is not ExecutorRole.LEAD or lead.addressee is not Addressee.CLUSTER:
        raise CannotHaveCoExecutors("Соисполнители бывают у ответственного кластера.")
    if lead.status in FINAL:
        raise ExecutionOver("Исполнение закончено: соисполнителей не добавить.")
    taken = {lead.cluster_id, *await repository.co_executing_clusters(session, execution_id)}
    if not taken.isdisjoint(clusters):
        raise CoExecutorTwice("Один из этих кластеров уже участвует в исполнении.")
    return await add_co_executors(session, client, lead, assignment, clusters, now=now)
