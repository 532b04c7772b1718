"""Assignments over HTTP: issued without a protocol, ended, redated, controlled."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.assignments.domain.executions import Command, Order
from services.assignments.repository import assignments as repository
from services.assignments.repository import executions
from services.assignments.routers.access import COMMAND_PROBLEMS
from services.assignments.routers.bulk import as_outcomes
from services.assignments.schemas.assignments import (
    AssignmentCreate,
    AssignmentDetail,
    AssignmentEffect,
    AssignmentPage,
    AssignmentRead,
    ControllerWrite,
    RecurrencePage,
    RecurrenceRead,
)
from services.assignments.schemas.executions import Reason, Redating, Superseding
from services.assignments.service import assignments as service
from services.assignments.service import issuing, recurrences
from shared import pages
from shared.auth import Actor
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["assignments"])


@router.post(
    "/assignments",
    status_code=201,
    response_model=AssignmentRead,
    responses=problems(401, 403, 422),
    summary="Выдать поручение без протокола",
)
async def create_assignment(
    actor: Acting,
    wanted: AssignmentCreate,
    session: Session,
    request: Request,
    now: Now,
    once: Idempotent,
) -> Response:
    """Поручение ЦУР вне протокола: видно и на контроле, но в рейтинге ничего не весит."""
    given = wanted.model_dump(mode="json")
    return await once(
        actor.id,
        lambda: issuing.issue_own(session, request.state.client, given, now=now),
        answer=AssignmentRead,
        tagged=True,
    )


@router.get("/assignments", responses=problems(401, 403, 422), summary="Поручения")
async def list_assignments(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    protocol_id: UUID | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> AssignmentPage:
    """Поручения, исполнения которых вам видны, в порядке выдачи; можно отобрать по протоколу."""
    after = pages.decode(cursor, UUID) if cursor else None
    rows = await repository.list_assignments(
        session, actor, protocol_id, after=after, limit=limit + 1
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [AssignmentRead.model_validate(row) for row in page]
    return AssignmentPage(items=items, next_cursor=following)


@router.get(
    "/assignments/{assignment_id}",
    responses=problems(401, 403, 404, 422),
    summary="Поручение",
)
async def read_assignment(
    actor: Acting, assignment_id: UUID, session: Session, response: Response
) -> AssignmentDetail:
    """Поручение и сколько видимых вам исполнений в каком состоянии; ETag — его версия."""
    assignment = await repository.get_visible(session, assignment_id, actor)
    statuses = await executions.count_by_status(session, assignment_id, actor)
    tag(response, assignment.version)
    read = AssignmentRead.model_validate(assignment)
    return AssignmentDetail(**read.model_dump(), statuses=statuses)


Commander = Callable[[Actor, UUID, Order], Awaitable[AssignmentEffect]]


async def commander(
    session: Session, now: Now, response: Response, expected: ExpectedVersion
) -> Commander:
    """An order to a whole assignment: in the request's transaction, at its instant."""

    async def command_all(actor: Actor, assignment_id: UUID, order: Order) -> AssignmentEffect:
        effect = await service.command_all(
            session, assignment_id, order, actor, now=now, expected_version=expected
        )
        tag(response, effect.assignment.version)
        return AssignmentEffect(
            assignment=AssignmentRead.model_validate(effect.assignment),
            outcomes=as_outcomes(effect.outcomes),
        )

    return command_all


CommandAll = Annotated[Commander, Depends(commander, scope="function")]


@router.post(
    "/assignments/{assignment_id}/withdraw",
    responses=COMMAND_PROBLEMS,
    summary="Отозвать поручение",
)
async def withdraw_assignment(
    actor: Acting, assignment_id: UUID, reason: Reason, command_all: CommandAll
) -> AssignmentEffect:
    """Снять с контроля всё, что ещё не закончено, с указанием причины."""
    order = Order(Command.WITHDRAW, words=reason.reason)
    return await command_all(actor, assignment_id, order)


@router.post(
    "/assignments/{assignment_id}/supersede",
    responses=COMMAND_PROBLEMS,
    summary="Заменить поручение",
)
async def supersede_assignment(
    actor: Acting, assignment_id: UUID, wanted: Superseding, command_all: CommandAll
) -> AssignmentEffect:
    """Всё, что ещё не закончено, заменено другим поручением."""
    order = Order(Command.SUPERSEDE, words=wanted.reason, successor=wanted.by)
    return await command_all(actor, assignment_id, order)


@router.post(
    "/assignments/{assignment_id}/redate",
    responses=COMMAND_PROBLEMS,
    summary="Изменить срок поручения",
)
async def redate_assignment(
    actor: Acting, assignment_id: UUID, wanted: Redating, command_all: CommandAll
) -> AssignmentEffect:
    """Новый срок всем, кто ещё исполняет; отчёты на рассмотрении остаются при своём.

    Если срок не изменился ни у одного исполнения, у поручения он тоже прежний.
    """
    order = Order(Command.REDATE, words=wanted.reason, on=wanted.due)
    return await command_all(actor, assignment_id, order)


@router.put(
    "/assignments/{assignment_id}/controller",
    responses=COMMAND_PROBLEMS,
    summary="Назвать контролёра",
)
async def name_controller(
    actor: Acting,
    assignment_id: UUID,
    wanted: ControllerWrite,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> AssignmentRead:
    """Кто принимает исполнения этого поручения и кто его замещает; никто — любой контролёр.

    Поручение из ряда, который продолжается: так же и у следующих поручений ряда.
    """
    assignment = await service.name_controller(
        session,
        assignment_id,
        controller=wanted.controller,
        deputy=wanted.controller_deputy,
        now=now,
        expected_version=expected,
    )
    tag(response, assignment.version)
    return AssignmentRead.model_validate(assignment)


@router.get("/recurrences", responses=problems(401, 403, 422), summary="Ряды поручений")
async def list_recurrences(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> RecurrencePage:
    """Повторяющиеся поручения, по которым вам что-то видно, в порядке, в котором они начаты."""
    after = pages.decode(cursor, UUID) if cursor else None
    rows = await repository.list_recurrences(session, actor, after=after, limit=limit + 1)
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [RecurrenceRead.model_validate(row) for row in page]
    return RecurrencePage(items=items, next_cursor=following)


@router.post(
    "/recurrences/{recurrence_id}/end",
    responses=COMMAND_PROBLEMS,
    summary="Прекратить ряд поручений",
)
async def end_recurrence(
    actor: Acting,
    recurrence_id: UUID,
    reason: Reason,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> RecurrenceRead:
    """Новых поручений ряда не будет; выданные остаются на контроле. Решает контролёр ряда."""
    series = await recurrences.end_series(
        session, recurrence_id, reason.reason, actor, now=now, expected_version=expected
    )
    tag(response, series.version)
    return RecurrenceRead.model_validate(series)
