"""Executions over HTTP: lists, facts, history, and the commands of the state machine."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request, Response

from services.assignments import repository, service
from services.assignments.domain import Addressee, Command, Status
from services.assignments.models import Execution
from services.assignments.repository import ExecutionFilter
from services.assignments.schemas import (
    ExecutionFacts,
    ExecutionPage,
    ExecutionRead,
    FactsPage,
    Reason,
    Report,
    StepList,
    StepRead,
)
from shared import pages
from shared.auth import Actor, Role, demand
from shared.clock import Instant, Now
from shared.db import Session
from shared.events.base import partition_of
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/executions", tags=["executions"])

Reader = Annotated[Actor, Depends(demand(*Role))]
Integrator = Annotated[
    Actor,
    Depends(demand(Role.SERVICE, Role.PLATFORM, Role.AUDITOR, Role.CUR_ADMIN, Role.CUR_CONTROLLER)),
]
ByCoordinator = Annotated[Actor, Depends(demand(Role.COORDINATOR))]
ByAddressee = Annotated[Actor, Depends(demand(Role.CLUSTER, Role.AUTHORITY_HEAD))]
ByController = Annotated[Actor, Depends(demand(Role.CUR_CONTROLLER, Role.CUR_ADMIN))]
IfMatch = Annotated[
    str | None,
    Header(
        pattern=r'^"v\d{1,9}"$',
        description='Версия, к которой относится команда, например "v6"; иначе 409',
    ),
]
COMMAND_PROBLEMS = problems(401, 403, 404, 409, 422)


def _version(if_match: str | None) -> int | None:
    return int(if_match[2:-1]) if if_match else None


def _tagged(execution: Execution, response: Response) -> Execution:
    response.headers["ETag"] = f'"v{execution.version}"'
    return execution


@router.get(
    "",
    responses=problems(401, 403, 422),
    summary="Реестр исполнений",
)
async def list_executions(
    actor: Reader,
    session: Session,
    now: Now,
    request: Request,
    response: Response,
    region: RegionCode | None = None,
    cluster_id: UUID | None = None,
    assignment_id: UUID | None = None,
    protocol_id: UUID | None = None,
    status: Status | None = None,
    addressee: Addressee | None = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    due_from: date | None = None,
    due_to: date | None = None,
    overdue: Annotated[bool, Query(description="Только просроченные на сейчас")] = False,
    sort: Annotated[Literal["due", "-due"], Query(description="Порядок по сроку")] = "due",
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ExecutionPage:
    """Исполнения, которые вам видны, по сроку. Чужих строк в списке нет."""
    wanted = ExecutionFilter(
        region=region,
        cluster_id=cluster_id,
        assignment_id=assignment_id,
        protocol_id=protocol_id,
        status=status,
        addressee=addressee,
        cohort=cohort,
        industry=industry,
        due_from=due_from,
        due_to=due_to,
        overdue_at=now if overdue else None,
    )
    after = pages.decode(cursor, tuple[date, UUID]) if cursor else None
    rows = await repository.list_executions(
        session, actor, wanted, descending=sort == "-due", after=after, limit=limit + 1
    )
    page, following = pages.paginate(
        rows, limit, lambda row: (row.due, row.id), request=request, response=response
    )
    items = [ExecutionRead.model_validate(row) for row in page]
    return ExecutionPage(items=items, next_cursor=following)


@router.get(
    "/facts",
    responses=problems(401, 403, 422),
    summary="Факты исполнений",
)
async def list_facts(
    actor: Integrator,
    session: Session,
    now: Now,
    as_of: Annotated[
        Instant | None, Query(description="Новейшие факты не позже этого момента")
    ] = None,
    region: RegionCode | None = None,
    cursor: pages.Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> FactsPage:
    """Новейшие факты каждого исполнения на момент `as_of`: из них пересчитывается рейтинг."""
    rows = await repository.facts_as_of(
        session,
        as_of=as_of or now,
        region=region,
        partition=partition_of(region) if region else None,
        after=str(pages.decode(cursor, UUID)) if cursor else "",
        limit=limit,
    )
    items = [ExecutionFacts.model_validate_json(row) for row in rows]
    following = pages.encode(items[-1].execution_id) if len(items) == limit else None
    return FactsPage(items=items, next_cursor=following)


@router.get(
    "/{execution_id}",
    response_model=ExecutionRead,
    responses=problems(401, 403, 404, 422),
    summary="Исполнение",
)
async def read_execution(
    actor: Reader, execution_id: UUID, session: Session, response: Response
) -> Execution:
    """Одно исполнение; ETag — его версия."""
    return _tagged(await repository.get_execution(session, execution_id, actor), response)


@router.get(
    "/{execution_id}/steps",
    responses=problems(401, 403, 404, 422),
    summary="История исполнения",
)
async def list_steps(actor: Reader, execution_id: UUID, session: Session) -> StepList:
    """Кто, что и когда сделал с исполнением, от выдачи до сегодня."""
    await repository.get_execution(session, execution_id, actor)
    steps = [
        StepRead.model_validate(step) for step in await repository.list_steps(session, execution_id)
    ]
    if not actor.is_any(Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.AUDITOR):
        steps = [step.model_copy(update={"actor": None}) for step in steps]
    return StepList(items=steps)


@router.post(
    "/{execution_id}/acknowledge",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять к сведению",
)
async def acknowledge_execution(
    actor: Annotated[Actor, Depends(demand(Role.COORDINATOR, Role.AUTHORITY_HEAD))],
    execution_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """Координатор (или орган власти) принял исполнение к сведению."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.ACKNOWLEDGE,
            actor,
            now=now,
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/start",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Начать",
)
async def start_execution(
    actor: ByAddressee,
    execution_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """Исполнитель начал работу, в том числе после возврата."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.START,
            actor,
            now=now,
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/submit",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отчитаться",
)
async def submit_execution(
    actor: ByAddressee,
    execution_id: UUID,
    report: Report,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """Исполнитель сдаёт отчёт с подтверждением координатору (орган власти — сразу в ЦУР)."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.SUBMIT,
            actor,
            now=now,
            words=report.text,
            evidence=[item.model_dump(mode="json") for item in report.evidence],
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/return",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Вернуть",
)
async def return_execution(
    actor: Annotated[Actor, Depends(demand(Role.COORDINATOR, Role.CUR_CONTROLLER, Role.CUR_ADMIN))],
    execution_id: UUID,
    reason: Reason,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """Вернуть на доработку: координатор — до передачи (не считается), ЦУР — после (считается)."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.RETURN,
            actor,
            now=now,
            words=reason.reason,
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/forward",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Передать в ЦУР",
)
async def forward_execution(
    actor: ByCoordinator,
    execution_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """Координатор передаёт отчёт в ЦУР: эта дата и сравнивается со сроком."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.FORWARD,
            actor,
            now=now,
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/accept",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять",
)
async def accept_execution(
    actor: ByController,
    execution_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """ЦУР принимает исполнение. Рейтинг узнаёт об этом за доли секунды, не в этом запросе."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.ACCEPT,
            actor,
            now=now,
            expected_version=_version(if_match),
        ),
        response,
    )


@router.post(
    "/{execution_id}/withdraw",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отозвать",
)
async def withdraw_execution(
    actor: ByController,
    execution_id: UUID,
    reason: Reason,
    session: Session,
    now: Now,
    response: Response,
    if_match: IfMatch = None,
) -> Execution:
    """ЦУР снимает исполнение с контроля с указанием причины; в рейтинге его больше нет."""
    return _tagged(
        await service.perform(
            session,
            execution_id,
            Command.WITHDRAW,
            actor,
            now=now,
            words=reason.reason,
            expected_version=_version(if_match),
        ),
        response,
    )
