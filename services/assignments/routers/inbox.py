"""What needs the caller, over HTTP."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.assignments.routers.actions import as_actions
from services.assignments.schemas.inbox import Inbox, InboxItem
from services.assignments.service import inbox as service
from services.assignments.service.inbox import Waiting
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/inbox", tags=["inbox"])


@router.get("", responses=problems(401, 403, 422), summary="Входящие")
async def read_inbox(
    actor: Acting,
    session: Session,
    now: Now,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> Inbox:
    """Что ждёт именно вас: почему, до какого дня и что сделать дальше."""
    after = pages.decode(cursor, tuple[date, UUID]) if cursor else None
    found, total = await service.look(session, actor, now=now, after=after, limit=limit + 1)
    page, following = pages.paginate(found, limit, _key, request=request, response=response)
    return Inbox(total=total, items=[_item(line) for line in page], next_cursor=following)


def _key(line: Waiting) -> tuple[date, UUID]:
    execution = line.execution
    return execution.internal_due or execution.due, execution.id


def _item(line: Waiting) -> InboxItem:
    execution, assignment = line.execution, line.assignment
    following = as_actions(execution.id, [line.next]) if line.next else []
    return InboxItem(
        execution_id=execution.id,
        assignment_id=assignment.id,
        number=assignment.number,
        text=assignment.text,
        region=execution.region,
        cluster_id=execution.cluster_id,
        state=execution.status,
        version=execution.version,
        weight=execution.weight,
        due=execution.due,
        until=line.until,
        overdue=line.overdue,
        why=line.why,
        next_action=following[0] if following else None,
        actions=as_actions(execution.id, line.actions),
    )
