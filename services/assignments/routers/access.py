"""How a command of a request is carried out, and to whom people are named."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from services.assignments.domain.executions import Order
from services.assignments.models import Execution
from services.assignments.service import commands as service
from shared.auth import Actor, Role
from shared.clock import Now
from shared.db import Session
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

COMMAND_PROBLEMS = problems(401, 403, 404, 409, 422)


def sees_people(actor: Actor) -> bool:
    """Whether the actor is shown which person acted."""
    return actor.is_any(Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.AUDITOR)


Performer = Callable[[Actor, UUID, Order], Awaitable[Execution]]


async def performer(
    session: Session, now: Now, response: Response, expected: ExpectedVersion
) -> Performer:
    """A command of this request: in its transaction, at its instant, on the version it means."""

    async def perform(actor: Actor, execution_id: UUID, order: Order) -> Execution:
        execution = await service.perform(
            session, execution_id, order, actor, now=now, expected_version=expected
        )
        tag(response, execution.version)
        return execution

    return perform


Perform = Annotated[Performer, Depends(performer, scope="function")]
