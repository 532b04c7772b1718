"""Assignments over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.assignments import repository
from services.assignments.schemas import AssignmentDetail, AssignmentPage, AssignmentRead
from shared import pages
from shared.auth import Actor, Role, demand
from shared.db import Session
from shared.problems import problems

router = APIRouter(prefix="/v1/assignments", tags=["assignments"])

Reader = Annotated[Actor, Depends(demand(*Role))]


@router.get(
    "",
    responses=problems(401, 403, 422),
    summary="Поручения",
)
async def list_assignments(
    actor: Reader,
    session: Session,
    request: Request,
    response: Response,
    protocol_id: UUID | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> AssignmentPage:
    """Поручения в порядке выдачи; можно отобрать по протоколу."""
    after = pages.decode(cursor, UUID) if cursor else None
    rows = await repository.list_assignments(session, protocol_id, after=after, limit=limit + 1)
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [AssignmentRead.model_validate(row) for row in page]
    return AssignmentPage(items=items, next_cursor=following)


@router.get(
    "/{assignment_id}",
    responses=problems(401, 403, 404, 422),
    summary="Поручение",
)
async def read_assignment(actor: Reader, assignment_id: UUID, session: Session) -> AssignmentDetail:
    """Поручение и сколько его исполнений в каком состоянии."""
    assignment = await repository.get_assignment(session, assignment_id)
    statuses = await repository.count_by_status(session, assignment_id)
    read = AssignmentRead.model_validate(assignment)
    return AssignmentDetail(**read.model_dump(), statuses=statuses)
