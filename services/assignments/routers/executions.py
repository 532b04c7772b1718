"""Executions over HTTP: facts, history, and the commands of the state machine."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.assignments.domain.executions import Command, Order
from services.assignments.models import Execution
from services.assignments.repository import assignments, extensions, facts
from services.assignments.repository import executions as repository
from services.assignments.routers.access import (
    COMMAND_PROBLEMS,
    Perform,
    sees_people,
)
from services.assignments.routers.actions import as_actions
from services.assignments.schemas.executions import (
    ActionList,
    Delegation,
    DigestList,
    ExecutionFacts,
    ExecutionRead,
    FactsPage,
    PartialAcceptance,
    Reason,
    Redating,
    RegionDigest,
    Remark,
    Report,
    StepList,
    StepRead,
    Superseding,
)
from services.assignments.service import files, inbox
from services.assignments.service.assignments import check_successor
from shared import pages
from shared.clock import Instant, Now
from shared.db import Session
from shared.events.base import partition_of
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import tag

router = APIRouter(prefix="/v1/executions", tags=["executions"])


@router.get(
    "/facts",
    responses=problems(401, 403, 422),
    summary="Факты исполнений",
)
async def list_facts(
    actor: Acting,
    session: Session,
    now: Now,
    request: Request,
    as_of: Annotated[
        Instant | None, Query(description="Новейшие факты не позже этого момента")
    ] = None,
    region: RegionCode | None = None,
    cursor: pages.Cursor = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 1000,
) -> FactsPage:
    """Новейшие факты каждого исполнения на момент `as_of`: из них пересчитывается рейтинг."""
    rows = await facts.facts_as_of(
        session,
        as_of=as_of or now,
        region=region,
        partition=partition_of(region) if region else None,
        after=str(pages.decode(cursor, UUID)) if cursor else "",
        limit=limit,
    )
    items = [ExecutionFacts.model_validate_json(row) for row in rows]
    following = None
    if len(items) == limit:
        following = pages.following_page(items[-1].execution_id, request)
    return FactsPage(items=items, next_cursor=following)


@router.get("/digest", responses=problems(401, 403, 422), summary="Дайджесты фактов")
async def digest_facts(
    actor: Acting,
    session: Session,
    now: Now,
    as_of: Annotated[
        Instant | None,
        Query(description="Версии не позже этого момента", examples=["2023-10-31T20:59:59Z"]),
    ] = None,
) -> DigestList:
    """По региону: сколько исполнений и версий их фактов и дайджест — для сверки с рейтингом."""
    rows = await facts.digests(session, as_of or now)
    items = [RegionDigest.model_validate(row) for row in rows]
    return DigestList(as_of=as_of or now, items=items)


@router.get(
    "/{execution_id}",
    response_model=ExecutionRead,
    responses=problems(401, 403, 404, 422),
    summary="Исполнение",
)
async def read_execution(
    actor: Acting, execution_id: UUID, session: Session, response: Response
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
async def list_steps(actor: Acting, execution_id: UUID, session: Session) -> StepList:
    """Кто, что и когда сделал с исполнением, от выдачи до сегодня."""
    await repository.get_execution(session, execution_id, actor)
    steps = [
        StepRead.model_validate(step) for step in await repository.list_steps(session, execution_id)
    ]
    if not sees_people(actor):
        steps = [step.model_copy(update={"actor": None}) for step in steps]
    return StepList(items=steps)


@router.get(
    "/{execution_id}/actions",
    responses=problems(401, 403, 404, 422),
    summary="Что можно сделать",
)
async def list_actions(actor: Acting, execution_id: UUID, session: Session, now: Now) -> ActionList:
    """Команды, которые сейчас доступны именно вам."""
    execution = await repository.get_execution(session, execution_id, actor)
    assignment = await assignments.get_assignment(session, execution.assignment_id)
    away = await inbox.away_of(session, actor, now)
    asked = (await extensions.open_of(session, [execution_id])).get(execution_id)
    commands = inbox.actions_of(execution, assignment, actor, away, asked)
    return ActionList(items=as_actions(execution_id, commands))


@router.post(
    "/{execution_id}/acknowledge",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять к сведению",
)
async def acknowledge_execution(actor: Acting, execution_id: UUID, perform: Perform) -> Execution:
    """Координатор (или орган власти) принял исполнение к сведению."""
    return await perform(actor, execution_id, Order(Command.ACKNOWLEDGE))


@router.post(
    "/{execution_id}/delegate",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Назначить внутренний срок",
)
async def delegate_execution(
    actor: Acting, execution_id: UUID, given: Delegation, perform: Perform
) -> Execution:
    """Координатор передаёт кластеру с внутренним, более ранним сроком; на оценку он не влияет."""
    return await perform(
        actor, execution_id, Order(Command.DELEGATE, words=given.text, on=given.internal_due)
    )


@router.post(
    "/{execution_id}/start",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Начать",
)
async def start_execution(actor: Acting, execution_id: UUID, perform: Perform) -> Execution:
    """Исполнитель начал работу, в том числе после возврата."""
    return await perform(actor, execution_id, Order(Command.START))


@router.post(
    "/{execution_id}/submit",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отчитаться",
)
async def submit_execution(
    actor: Acting, execution_id: UUID, report: Report, session: Session, perform: Perform
) -> Execution:
    """Исполнитель сдаёт отчёт с подтверждением координатору (орган власти — сразу в ЦУР)."""
    given = [item.model_dump(mode="json") for item in report.evidence]
    evidence = await files.as_evidence(session, execution_id, actor, given)
    return await perform(
        actor,
        execution_id,
        Order(Command.SUBMIT, words=report.text, evidence=evidence, fields=report.fields),
    )


@router.post(
    "/{execution_id}/pre-check",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отметить предварительную проверку",
)
async def pre_check_execution(
    actor: Acting, execution_id: UUID, remark: Remark, perform: Perform
) -> Execution:
    """Координатор проверил отчёт и оставляет замечание к нему; отчёт остаётся у него."""
    return await perform(actor, execution_id, Order(Command.PRE_CHECK, words=remark.text))


@router.post(
    "/{execution_id}/return",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Вернуть",
)
async def return_execution(
    actor: Acting, execution_id: UUID, reason: Reason, perform: Perform
) -> Execution:
    """Вернуть на доработку: координатор — до передачи (не считается), ЦУР — после (считается)."""
    return await perform(actor, execution_id, Order(Command.RETURN, words=reason.reason))


@router.post(
    "/{execution_id}/forward",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Передать в ЦУР",
)
async def forward_execution(actor: Acting, execution_id: UUID, perform: Perform) -> Execution:
    """Координатор передаёт отчёт в ЦУР: эта дата и сравнивается со сроком."""
    return await perform(actor, execution_id, Order(Command.FORWARD))


@router.post(
    "/{execution_id}/accept",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять",
)
async def accept_execution(actor: Acting, execution_id: UUID, perform: Perform) -> Execution:
    """ЦУР принимает исполнение. Рейтинг узнаёт об этом за доли секунды, не в этом запросе."""
    return await perform(actor, execution_id, Order(Command.ACCEPT))


@router.post(
    "/{execution_id}/accept-part",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Принять частично",
)
async def accept_part_of_execution(
    actor: Acting, execution_id: UUID, part: PartialAcceptance, perform: Perform
) -> Execution:
    """Снять с контроля названные пункты; остальное сдают заново. Возвратом это не считается."""
    points = tuple(part.points)
    return await perform(
        actor, execution_id, Order(Command.ACCEPT_PART, words=part.reason, points=points)
    )


@router.post(
    "/{execution_id}/redate",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Изменить срок",
)
async def redate_execution(
    actor: Acting, execution_id: UUID, wanted: Redating, perform: Perform
) -> Execution:
    """ЦУР сам переносит срок, в любую сторону; продлением это не считается."""
    return await perform(
        actor, execution_id, Order(Command.REDATE, words=wanted.reason, on=wanted.due)
    )


@router.post(
    "/{execution_id}/withdraw",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Отозвать",
)
async def withdraw_execution(
    actor: Acting, execution_id: UUID, reason: Reason, perform: Perform
) -> Execution:
    """ЦУР снимает исполнение с контроля с указанием причины; в рейтинге его больше нет."""
    return await perform(actor, execution_id, Order(Command.WITHDRAW, words=reason.reason))


@router.post(
    "/{execution_id}/supersede",
    response_model=ExecutionRead,
    responses=COMMAND_PROBLEMS,
    summary="Заменить другим поручением",
)
async def supersede_execution(
    actor: Acting, execution_id: UUID, wanted: Superseding, session: Session, perform: Perform
) -> Execution:
    """Исполнение заменено другим поручением; в рейтинге его больше нет."""
    own = await repository.get_execution(session, execution_id, actor)
    await check_successor(session, own.assignment_id, wanted.by)
    return await perform(
        actor, execution_id, Order(Command.SUPERSEDE, words=wanted.reason, successor=wanted.by)
    )
