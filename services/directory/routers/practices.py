"""Practices of clusters over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.practices import PracticeAction, PracticeStatus
from services.directory.models import Practice
from services.directory.routers.paging import ById
from services.directory.schemas.practices import (
    Decision,
    PracticeCreate,
    PracticeDetails,
    PracticePage,
    PracticeRead,
    ReplicationCreate,
    ReplicationRead,
    ReviewCreate,
    ReviewRead,
)
from services.directory.service import practices as service
from services.directory.service.associated import rows_of
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/associations/{code}/practices", tags=["practices"])


def _details(found: service.Details) -> PracticeDetails:
    own = PracticeRead.model_validate(found.practice).model_dump()
    return PracticeDetails(
        **own,
        mean_hundredths=found.mean,
        reviews=[ReviewRead.model_validate(one, from_attributes=True) for one in found.reviews],
        replications=[
            ReplicationRead.model_validate(one, from_attributes=True) for one in found.replications
        ],
    )


@router.post(
    "",
    status_code=201,
    response_model=PracticeRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Номинировать практику",
)
async def nominate_practice(
    actor: Acting,
    code: Code,
    wanted: PracticeCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Практика кластера отрасли как одна из лучших; кластер номинирует только свою."""
    return await once(
        actor.id,
        lambda: service.nominate(session, code, wanted, actor, now=now),
        answer=PracticeRead,
    )


@router.get("", responses=problems(401, 403, 404, 422), summary="Практики")
async def list_practices(
    actor: Acting,
    code: Code,
    session: Session,
    paging: ById,
    status: PracticeStatus | None = None,
) -> PracticePage:
    """Практики отрасли в порядке номинации."""
    rows = await rows_of(
        session, Practice, code, actor, after=paging.after, limit=paging.fetch, status=status
    )
    page, following = paging.page(rows)
    items = [PracticeRead.model_validate(row) for row in page]
    return PracticePage(items=items, next_cursor=following)


@router.get("/{practice_id}", responses=problems(401, 403, 404, 422), summary="Практика")
async def read_practice(
    actor: Acting, code: Code, practice_id: UUID, session: Session, response: Response
) -> PracticeDetails:
    """Практика, отзывы о ней без имён и кластеры, которые её переняли."""
    found = await service.details(session, code, practice_id, actor)
    tag(response, found.practice.version)
    return _details(found)


@router.post(
    "/{practice_id}/reviews",
    status_code=201,
    response_model=PracticeDetails,
    responses=problems(401, 403, 404, 409, 422),
    summary="Оценить практику",
)
async def review_practice(
    actor: Acting,
    code: Code,
    practice_id: UUID,
    wanted: ReviewCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Баллы по каждому критерию. Практику своего кластера или региона не оценивают."""

    async def review() -> PracticeDetails:
        return _details(await service.review(session, code, practice_id, wanted, actor, now=now))

    return await once(actor.id, review, answer=PracticeDetails)


@router.post(
    "/{practice_id}/select",
    response_model=PracticeRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отобрать практику",
)
async def select_practice(
    actor: Acting,
    code: Code,
    practice_id: UUID,
    wanted: Decision,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Practice:
    """Рассмотренная практика отобрана; её колледжи и предприятия предлагаются в лидеры."""
    practice = await service.decide(
        session,
        code,
        practice_id,
        PracticeAction.SELECT,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, practice.version)
    return practice


@router.post(
    "/{practice_id}/decline",
    response_model=PracticeRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отклонить практику",
)
async def decline_practice(
    actor: Acting,
    code: Code,
    practice_id: UUID,
    wanted: Decision,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Practice:
    """Практика не отобрана; причина обязательна."""
    practice = await service.decide(
        session,
        code,
        practice_id,
        PracticeAction.DECLINE,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, practice.version)
    return practice


@router.post(
    "/{practice_id}/replications",
    status_code=201,
    response_model=PracticeDetails,
    responses=problems(401, 403, 404, 409, 422),
    summary="Перенять практику",
)
async def replicate_practice(
    actor: Acting,
    code: Code,
    practice_id: UUID,
    wanted: ReplicationCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Отобранную практику перенял ещё один кластер отрасли."""

    async def replicate() -> PracticeDetails:
        return _details(await service.replicate(session, code, practice_id, wanted, actor, now=now))

    return await once(actor.id, replicate, answer=PracticeDetails)
