"""Sub-tasks, co-executors, absences and automatic forwarding over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response

from services.assignments.models import Absence
from services.assignments.repository import coordination as repository
from services.assignments.repository import directory, executions
from services.assignments.repository.rows import regions_open_to
from services.assignments.routers.access import (
    COMMAND_PROBLEMS,
)
from services.assignments.schemas.coordination import (
    AbsenceCreate,
    AbsencePage,
    AbsenceRead,
    AutoForwardingRead,
    AutoForwardingWrite,
    CoExecutors,
    SubtaskCreate,
    SubtaskDone,
    SubtaskList,
    SubtaskRead,
)
from services.assignments.schemas.executions import ExecutionList, ExecutionRead
from services.assignments.service import co_execution, routing, subtasks
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["coordination"])

Region = Annotated[RegionCode, Path(examples=["16"])]


@router.get(
    "/executions/{execution_id}/subtasks",
    responses=problems(401, 403, 404, 422),
    summary="Подзадачи",
)
async def list_subtasks(actor: Acting, execution_id: UUID, session: Session) -> SubtaskList:
    """Что координатор поручил кластеру по пути к исполнению; на оценку не влияет."""
    await executions.get_execution(session, execution_id, actor)
    rows = await repository.list_subtasks(session, execution_id)
    return SubtaskList(items=[SubtaskRead.model_validate(row) for row in rows])


@router.post(
    "/executions/{execution_id}/subtasks",
    status_code=201,
    response_model=SubtaskRead,
    responses=COMMAND_PROBLEMS,
    summary="Дать подзадачу",
)
async def create_subtask(
    actor: Acting,
    execution_id: UUID,
    wanted: SubtaskCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Координатор просит кластер о чём-то в пределах срока исполнения."""
    return await once(
        actor.id,
        lambda: subtasks.give(
            session, execution_id, actor, text=wanted.text, due=wanted.due, now=now
        ),
        answer=SubtaskRead,
        tagged=True,
    )


@router.post(
    "/executions/{execution_id}/subtasks/{subtask_id}/complete",
    responses=COMMAND_PROBLEMS,
    summary="Закрыть подзадачу",
)
async def complete_subtask(
    actor: Acting,
    execution_id: UUID,
    subtask_id: UUID,
    done: SubtaskDone,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> SubtaskRead:
    """Кластер сделал, о чём просил координатор."""
    subtask = await subtasks.complete(
        session,
        execution_id,
        subtask_id,
        actor,
        words=done.text,
        now=now,
        expected_version=expected,
    )
    tag(response, subtask.version)
    return SubtaskRead.model_validate(subtask)


@router.post(
    "/executions/{execution_id}/subtasks/{subtask_id}/cancel",
    responses=COMMAND_PROBLEMS,
    summary="Снять подзадачу",
)
async def cancel_subtask(
    actor: Acting,
    execution_id: UUID,
    subtask_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> SubtaskRead:
    """Координатору это больше не нужно."""
    subtask = await subtasks.cancel(
        session, execution_id, subtask_id, actor, now=now, expected_version=expected
    )
    tag(response, subtask.version)
    return SubtaskRead.model_validate(subtask)


@router.post(
    "/executions/{execution_id}/co-executors",
    status_code=201,
    response_model=ExecutionList,
    responses=COMMAND_PROBLEMS,
    summary="Добавить соисполнителей",
)
async def add_co_executors(
    actor: Acting,
    execution_id: UUID,
    wanted: CoExecutors,
    session: Session,
    request: Request,
    now: Now,
    once: Idempotent,
) -> Response:
    """Кластеры помогают ответственному: их внутренний срок — первая половина общего."""

    async def work() -> ExecutionList:
        clusters = list(dict.fromkeys(wanted.cluster_ids))
        rows = await co_execution.engage(
            session, request.state.client, execution_id, clusters, actor, now=now
        )
        return ExecutionList(items=[ExecutionRead.model_validate(row) for row in rows])

    return await once(actor.id, work, answer=ExecutionList)


@router.get("/absences", responses=problems(401, 403, 422), summary="Отсутствия координаторов")
async def list_absences(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> AbsencePage:
    """Когда координаторов нет на месте: в эти дни действует заместитель. Новые — первыми."""
    rows = await repository.list_absences(
        session,
        regions_open_to(actor),
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [AbsenceRead.model_validate(row) for row in page]
    return AbsencePage(items=items, next_cursor=following)


@router.post(
    "/absences",
    status_code=201,
    response_model=AbsenceRead,
    responses=COMMAND_PROBLEMS,
    summary="Сообщить об отсутствии",
)
async def create_absence(
    actor: Acting, wanted: AbsenceCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Координатор (или ЦУР за него) называет дни, в которые действует заместитель.

    Ещё не прошедшие, не больше 366 подряд и не больше чем за 366 дней; на один день — одно
    отсутствие.
    """
    directory.check_open(wanted.region, regions_open_to(actor), field="body.region")
    return await once(
        actor.id,
        lambda: routing.announce_absence(session, **wanted.model_dump(), by=actor.id, now=now),
        answer=AbsenceRead,
    )


@router.post(
    "/absences/{absence_id}/end",
    response_model=AbsenceRead,
    responses=COMMAND_PROBLEMS,
    summary="Координатор вернулся",
)
async def end_absence(actor: Acting, absence_id: UUID, session: Session, now: Now) -> Absence:
    """Отсутствие прекращается сейчас; заместитель больше не действует."""
    absence = await repository.get_absence(session, absence_id, regions_open_to(actor))
    routing.end_absence(absence, now=now)
    session.add(absence)
    await session.flush()
    return absence


@router.get(
    "/regions/{region}/auto-forwarding",
    responses=problems(401, 403, 404, 422),
    summary="Чьи отчёты проходят сами",
)
async def read_auto_forwarding(
    actor: Acting, region: Region, session: Session
) -> AutoForwardingRead:
    """Кластеры, отчёты которых координатор пропускает в ЦУР без своей проверки."""
    directory.check_open(region, regions_open_to(actor))
    await directory.timezone_of(session, region)
    rows = await repository.list_auto_forwarding(session, region)
    return AutoForwardingRead(region=region, cluster_ids=[row.cluster_id for row in rows])


@router.put(
    "/regions/{region}/auto-forwarding",
    responses=problems(401, 403, 404, 422),
    summary="Пропускать отчёты сами",
)
async def set_auto_forwarding(
    actor: Acting, region: Region, wanted: AutoForwardingWrite, session: Session, now: Now
) -> AutoForwardingRead:
    """Заменить список кластеров, отчёты которых проходят в ЦУР сами."""
    directory.check_open(region, regions_open_to(actor))
    rows = await routing.let_pass(session, region, wanted.cluster_ids, by=actor.id, now=now)
    return AutoForwardingRead(region=region, cluster_ids=[row.cluster_id for row in rows])
