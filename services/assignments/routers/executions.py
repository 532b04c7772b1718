"""Executions over HTTP: lists, facts, history, and the commands of the state machine."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.assignments import repository, service
from services.assignments.domain import Addressee, Command, Status
from services.assignments.models import Execution
from services.assignments.repository import ExecutionFilter
from services.assignments.schemas import (
    Evidence,
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
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/executions", tags=["executions"])

Reader = Annotated[Actor, Depends(demand(*Role))]
Integrator = Annotated[
    Actor,
    Depends(demand(Role.SERVICE, Role.PLATFORM, Role.AUDITOR, Role.CUR_ADMIN, Role.CUR_CONTROLLER)),
]
ByCoordinator = Annotated[Actor, Depends(demand(Role.COORDINATOR))]
ByAddressee = Annotated[Actor, Depends(demand(Role.CLUSTER, Role.AUTHORITY_HEAD))]
ByFirstReader = Annotated[Actor, Depends(demand(Role.COORDINATOR, Role.AUTHORITY_HEAD))]
ByReviewer = Annotated[
    Actor, Depends(demand(Role.COORDINATOR, Role.CUR_CONTROLLER, Role.CUR_ADMIN))
]
ByController = Annotated[Actor, Depends(demand(Role.CUR_CONTROLLER, Role.CUR_ADMIN))]
COMMAND_PROBLEMS = problems(401, 403, 404, 409, 422)


class Performer:
    """A command of this request: in its transaction, at its instant, on the version it means."""

    def __init__(
        self, session: Session, now: Now, response: Response, expected: ExpectedVersion
    ) -> None:
        self._session = session
        self._now = now
        self._response = response
        self._expected = expected

    async def __call__(
        self,
        actor: Actor,
        execution_id: UUID,
        command: Command,
        *,
        words: str | None = None,
        evidence: Sequence[Evidence] = (),
    ) -> Execution:
        execution = await service.perform(
            self._session,
            execution_id,
            command,
            actor,
            now=self._now,
            words=words,
            evidence=[item.model_dump(mode="json") for item in evidence],
            expected_version=self._expected,
        )
        tag(self._response, execution.version)
        return execution


Perform = Annotated[Performer, Depends(Performer, scope="function")]


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
    execution = await repository.get_execution(session, execution_id, actor)
    tag(response, execution.version)
    return execution


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
    actor: ByFirstReader,
    execution_id: UUID,
    perform: Perform,
) -> Execution:
    """Координатор (или орган власти) принял исполнение к сведению."""
    return await perform(actor, execution_id, Command.ACKNOWLEDGE)


@router.post(
    "/{execution_id}/start",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Начать",
)
async def start_execution(actor: ByAddressee, execution_id: UUID, perform: Perform) -> Execution:
    """Исполнитель начал работу, в том числе после возврата."""
    return await perform(actor, execution_id, Command.START)


@router.post(
    "/{execution_id}/submit",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отчитаться",
)
async def submit_execution(
    actor: ByAddressee, execution_id: UUID, report: Report, perform: Perform
) -> Execution:
    """Исполнитель сдаёт отчёт с подтверждением координатору (орган власти — сразу в ЦУР)."""
    return await perform(
        actor, execution_id, Command.SUBMIT, words=report.text, evidence=report.evidence
    )


@router.post(
    "/{execution_id}/return",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Вернуть",
)
async def return_execution(
    actor: ByReviewer,
    execution_id: UUID,
    reason: Reason,
    perform: Perform,
) -> Execution:
    """Вернуть на доработку: координатор — до передачи (не считается), ЦУР — после (считается)."""
    return await perform(actor, execution_id, Command.RETURN, words=reason.reason)


@router.post(
    "/{execution_id}/forward",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Передать в ЦУР",
)
async def forward_execution(
    actor: ByCoordinator, execution_id: UUID, perform: Perform
) -> Execution:
    """Координатор передаёт отчёт в ЦУР: эта дата и сравнивается со сроком."""
    return await perform(actor, execution_id, Command.FORWARD)


@router.post(
    "/{execution_id}/accept",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять",
)
async def accept_execution(actor: ByController, execution_id: UUID, perform: Perform) -> Execution:
    """ЦУР принимает исполнение. Рейтинг узнаёт об этом за доли секунды, не в этом запросе."""
    return await perform(actor, execution_id, Command.ACCEPT)


@router.post(
    "/{execution_id}/withdraw",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отозвать",
)
async def withdraw_execution(
    actor: ByController, execution_id: UUID, reason: Reason, perform: Perform
) -> Execution:
    """ЦУР снимает исполнение с контроля с указанием причины; в рейтинге его больше нет."""
    return await perform(actor, execution_id, Command.WITHDRAW, words=reason.reason)
