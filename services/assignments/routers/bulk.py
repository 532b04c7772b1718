"""One command for many executions over HTTP."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response

from services.assignments.domain.executions import Command
from services.assignments.models import Execution
from services.assignments.schemas.outcomes import BulkCommand, OutcomeRead, Outcomes
from services.assignments.service import bulk as service
from shared.clock import Now
from shared.db import Session
from shared.errors import DomainError
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems, status_of

router = APIRouter(prefix="/v1/executions", tags=["executions"])


@router.post(
    "/bulk",
    response_model=Outcomes,
    responses=problems(401, 403, 422),
    summary="Команда для многих исполнений",
)
async def command_executions(
    actor: Acting, wanted: BulkCommand, session: Session, now: Now, once: Idempotent
) -> Response:
    """До 1000 исполнений одной командой; по каждому — исполнено или отказ с причиной."""

    async def work() -> Outcomes:
        done = await service.perform_each(
            session,
            Command(wanted.command),
            [(item.execution_id, item.version) for item in wanted.items],
            actor,
            reason=wanted.reason,
            on=wanted.on,
            now=now,
        )
        return as_outcomes(done)

    return await once(actor.id, work, answer=Outcomes, status=200)


def as_outcomes(pairs: Sequence[tuple[UUID, Execution | DomainError]]) -> Outcomes:
    """What each order came to, in the words a single request would have got."""
    items = [_outcome(execution_id, outcome) for execution_id, outcome in pairs]
    done = sum(item.done for item in items)
    return Outcomes(done=done, refused=len(items) - done, items=items)


def _outcome(execution_id: UUID, outcome: Execution | DomainError) -> OutcomeRead:
    if isinstance(outcome, DomainError):
        current = outcome.current or {}
        return OutcomeRead.model_validate(
            {
                "execution_id": execution_id,
                "done": False,
                "state": current.get("state"),
                "version": current.get("version"),
                "due": None,
                "status": status_of(outcome),
                "code": outcome.code,
                "detail": str(outcome),
            }
        )
    return OutcomeRead(
        execution_id=execution_id,
        done=True,
        state=outcome.status,
        version=outcome.version,
        due=outcome.due,
        status=200,
        code=None,
        detail=None,
    )
