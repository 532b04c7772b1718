"""Requests for a later date over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.assignments.domain.executions import Command, Order
from services.assignments.models import Execution
from services.assignments.repository import executions
from services.assignments.repository import extensions as repository
from services.assignments.routers.access import (
    COMMAND_PROBLEMS,
    Perform,
)
from services.assignments.schemas.executions import ExecutionRead, Reason
from services.assignments.schemas.extensions import (
    ExtensionAsk,
    ExtensionGrant,
    ExtensionList,
    ExtensionRead,
)
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/executions/{execution_id}/extensions", tags=["extensions"])


@router.get("", responses=problems(401, 403, 404, 422), summary="Просьбы о продлении")
async def list_extensions(actor: Acting, execution_id: UUID, session: Session) -> ExtensionList:
    """Все просьбы о продлении этого исполнения, от первой к последней."""
    await executions.get_execution(session, execution_id, actor)
    rows = await repository.list_extensions(session, execution_id)
    return ExtensionList(items=[ExtensionRead.model_validate(row) for row in rows])


@router.post(
    "",
    status_code=201,
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Попросить продление",
)
async def request_extension(
    actor: Acting,
    execution_id: UUID,
    wanted: ExtensionAsk,
    perform: Perform,
    once: Idempotent,
) -> Response:
    """Попросить о более позднем сроке. Попросили после срока — оцениваемый срок не сдвинется."""
    order = Order(Command.REQUEST_EXTENSION, words=wanted.reason, on=wanted.wanted)
    return await once(
        actor.id,
        lambda: perform(actor, execution_id, order),
        answer=ExecutionRead,
        tagged=True,
    )


@router.post(
    "/cancel",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отозвать просьбу",
)
async def cancel_extension(actor: Acting, execution_id: UUID, perform: Perform) -> Execution:
    """Тот, кто просил, больше не просит."""
    return await perform(actor, execution_id, Order(Command.CANCEL_EXTENSION))


@router.post(
    "/grant",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Продлить",
)
async def grant_extension(
    actor: Acting, execution_id: UUID, granted: ExtensionGrant, perform: Perform
) -> Execution:
    """ЦУР продлевает до запрошенной или другой даты; первоначальный срок остаётся в `due0`."""
    order = Order(Command.GRANT_EXTENSION, words=granted.text, on=granted.due)
    return await perform(actor, execution_id, order)


@router.post(
    "/refuse",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отказать в продлении",
)
async def refuse_extension(
    actor: Acting, execution_id: UUID, reason: Reason, perform: Perform
) -> Execution:
    """ЦУР отказывает с указанием причины."""
    return await perform(actor, execution_id, Order(Command.REFUSE_EXTENSION, words=reason.reason))
