"""Working groups and what associations hold and run, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.roadmaps import ActivityKind
from services.directory.models import Activity, GroupReport, WorkingGroup
from services.directory.routers.paging import ById
from services.directory.schemas.activities import (
    ActivityCreate,
    ActivityPage,
    ActivityPatch,
    ActivityRead,
    GroupCreate,
    GroupPage,
    GroupPatch,
    GroupRead,
    GroupReportCreate,
    GroupReportPage,
    GroupReportRead,
)
from services.directory.schemas.fields import Day
from services.directory.service import activities as service
from services.directory.service.associated import rows_of
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/associations/{code}", tags=["associations"])


@router.post(
    "/groups",
    status_code=201,
    response_model=GroupRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Создать рабочую группу",
)
async def create_group(
    actor: Acting, code: Code, wanted: GroupCreate, session: Session, once: Idempotent
) -> Response:
    """Рабочая группа направления: руководитель, участники, срок.

    Ассоциация называет тех, кто с ней работает, и тех, кто ещё нигде не занят; остальных вносит
    ЦУР, а для неё их id — 422 `unknown_person`, как и ничей.
    """
    return await once(
        actor.id, lambda: service.form_group(session, code, wanted, actor), answer=GroupRead
    )


@router.get("/groups", responses=problems(401, 403, 404, 422), summary="Рабочие группы")
async def list_groups(
    actor: Acting,
    code: Code,
    session: Session,
    paging: ById,
    direction_id: UUID | None = None,
    at: Day | None = None,
) -> GroupPage:
    """Рабочие группы; `at` — только работающие на дату."""
    rows = await rows_of(
        session,
        WorkingGroup,
        code,
        actor,
        at=at,
        after=paging.after,
        limit=paging.fetch,
        direction_id=direction_id,
    )
    page, following = paging.page(rows)
    items = [GroupRead.model_validate(row) for row in page]
    return GroupPage(items=items, next_cursor=following)


@router.patch(
    "/groups/{group_id}",
    response_model=GroupRead,
    responses=problems(401, 403, 404, 412, 422),
    summary="Изменить рабочую группу",
)
async def change_group(
    actor: Acting,
    code: Code,
    group_id: UUID,
    wanted: GroupPatch,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> WorkingGroup:
    """Сменить руководителя, состав, название или срок; чего нет в запросе, то остаётся.

    Новые люди в группе — те же, кого можно назвать, создавая её.
    """
    group = await service.change_group(
        session, code, group_id, wanted, actor, expected_version=expected_version
    )
    tag(response, group.version)
    return group


@router.post(
    "/groups/{group_id}/reports",
    status_code=201,
    response_model=GroupReportRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Промежуточные результаты группы",
)
async def create_group_report(
    actor: Acting,
    code: Code,
    group_id: UUID,
    wanted: GroupReportCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Отчёт группы к вехе дорожной карты; к каждой вехе — один."""
    return await once(
        actor.id,
        lambda: service.report(session, code, group_id, wanted, actor, now=now),
        answer=GroupReportRead,
    )


@router.get(
    "/groups/{group_id}/reports",
    responses=problems(401, 403, 404, 422),
    summary="Отчёты группы",
)
async def list_group_reports(
    actor: Acting, code: Code, group_id: UUID, session: Session, paging: ById
) -> GroupReportPage:
    """Промежуточные результаты группы в порядке отчётов."""
    rows = await rows_of(
        session,
        GroupReport,
        code,
        actor,
        after=paging.after,
        limit=paging.fetch,
        group_id=group_id,
    )
    page, following = paging.page(rows)
    items = [GroupReportRead.model_validate(row, from_attributes=True) for row in page]
    return GroupReportPage(items=items, next_cursor=following)


@router.post(
    "/activities",
    status_code=201,
    response_model=ActivityRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Внести мероприятие или проект",
)
async def create_activity(
    actor: Acting, code: Code, wanted: ActivityCreate, session: Session, once: Idempotent
) -> Response:
    """Заседание, стратегическая сессия, мероприятие или проект ассоциации с охватом."""
    return await once(
        actor.id, lambda: service.enter_activity(session, code, wanted, actor), answer=ActivityRead
    )


@router.get("/activities", responses=problems(401, 403, 404, 422), summary="Мероприятия и проекты")
async def list_activities(
    actor: Acting,
    code: Code,
    session: Session,
    paging: ById,
    kind: ActivityKind | None = None,
) -> ActivityPage:
    """Мероприятия и проекты в порядке внесения."""
    rows = await rows_of(
        session, Activity, code, actor, after=paging.after, limit=paging.fetch, kind=kind
    )
    page, following = paging.page(rows)
    items = [ActivityRead.model_validate(row) for row in page]
    return ActivityPage(items=items, next_cursor=following)


@router.patch(
    "/activities/{activity_id}",
    response_model=ActivityRead,
    responses=problems(401, 403, 404, 412, 422),
    summary="Уточнить мероприятие",
)
async def change_activity(
    actor: Acting,
    code: Code,
    activity_id: UUID,
    wanted: ActivityPatch,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> Activity:
    """Уточнить название, даты или охват; чего нет в запросе, то остаётся."""
    activity = await service.change_activity(
        session, code, activity_id, wanted, actor, expected_version=expected_version
    )
    tag(response, activity.version)
    return activity
