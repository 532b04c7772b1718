"""Leader regions, colleges and enterprises over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.leaders import LeaderKind, LeaderStatus
from services.directory.models import Leader
from services.directory.repository import leaders as repository
from services.directory.routers.paging import ById
from services.directory.schemas.leaders import LeaderPage, LeaderRead
from services.directory.schemas.practices import Decision
from services.directory.service import leaders as service
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/leaders", tags=["leaders"])


@router.get("", responses=problems(401, 403, 422), summary="Лидеры")
async def list_leaders(
    actor: Acting,
    session: Session,
    paging: ById,
    kind: LeaderKind | None = None,
    status: LeaderStatus | None = None,
    association: Code | None = None,
) -> LeaderPage:
    """Утверждённые человеком лидеры; предложения видны ЦУР, аудитору и своей ассоциации."""
    rows = await repository.list_leaders(
        session,
        service.proposals_for(actor),
        kind=kind,
        status=status,
        association=association,
        after=paging.after,
        limit=paging.fetch,
    )
    page, following = paging.page(rows)
    items = [LeaderRead.model_validate(row) for row in page]
    return LeaderPage(items=items, next_cursor=following)


@router.post(
    "/{leader_id}/confirm",
    response_model=LeaderRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Утвердить лидера",
)
async def confirm_leader(
    actor: Acting,
    leader_id: UUID,
    wanted: Decision,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Leader:
    """Предложенный становится лидером по решению человека; причина обязательна."""
    leader = await service.decide(
        session,
        leader_id,
        LeaderStatus.CONFIRMED,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, leader.version)
    return leader


@router.post(
    "/{leader_id}/decline",
    response_model=LeaderRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отклонить предложение",
)
async def decline_leader(
    actor: Acting,
    leader_id: UUID,
    wanted: Decision,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Leader:
    """Предложенный не становится лидером; причина обязательна."""
    leader = await service.decide(
        session,
        leader_id,
        LeaderStatus.DECLINED,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, leader.version)
    return leader
