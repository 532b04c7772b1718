"""Appeals over HTTP: the region files and withdraws, ЦУР decides."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.rating.domain.appeals import AppealStatus
from services.rating.models import Appeal
from services.rating.repository import appeals as repository
from services.rating.routers.access import own_regions
from services.rating.schemas.appeals import (
    AppealCreate,
    AppealPage,
    AppealRead,
    AppealReject,
    AppealUphold,
)
from services.rating.service import appeals as service
from shared.auth import Role
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.pages import Cursor, Limit, decode, paginate
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/appeals", tags=["appeals"])


@router.post(
    "",
    status_code=201,
    response_model=AppealRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Подать апелляцию",
)
async def file_appeal(
    actor: Acting, wanted: AppealCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Регион оспаривает факт своего исполнения, пока срез месяца не сделан."""
    return await once(
        actor.id,
        lambda: service.file(
            session,
            wanted.execution_id,
            own_regions(actor),
            period=wanted.period,
            contested=wanted.contested,
            text=wanted.text,
            by=actor.id,
            now=now,
        ),
        answer=AppealRead,
    )


@router.get("", responses=problems(401, 403, 422), summary="Апелляции")
async def list_appeals(
    actor: Acting,
    request: Request,
    response: Response,
    session: Session,
    period: Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")] = None,
    status: AppealStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> AppealPage:
    """Новейшие первыми; регион видит только свои."""
    rows = await repository.list_appeals(
        session,
        own_regions(actor),
        period=period,
        status=status,
        after=decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    items, next_cursor = paginate(
        rows, limit, lambda one: one.id, request=request, response=response
    )
    return AppealPage(
        items=[AppealRead.model_validate(one) for one in items], next_cursor=next_cursor
    )


@router.get("/{appeal_id}", responses=problems(401, 403, 404, 422), summary="Апелляция")
async def read_appeal(
    actor: Acting, appeal_id: UUID, session: Session, response: Response
) -> AppealRead:
    """Что оспорено и что решено; чужая не видна."""
    return _read(await repository.get_appeal(session, appeal_id, own_regions(actor)), response)


@router.post(
    "/{appeal_id}/uphold",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Удовлетворить апелляцию",
)
async def uphold_appeal(
    actor: Acting,
    appeal_id: UUID,
    wanted: AppealUphold,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> AppealRead:
    """Факты уже исправлены в поручениях (или решение — примечание); готовый срез ревизуется."""
    found = await service.uphold(
        session,
        appeal_id,
        own_regions(actor),
        wanted.note,
        as_note=wanted.as_note,
        expected=expected,
        by=actor.id,
        now=now,
    )
    return _read(found, response)


@router.post(
    "/{appeal_id}/reject",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отклонить апелляцию",
)
async def reject_appeal(
    actor: Acting,
    appeal_id: UUID,
    wanted: AppealReject,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> AppealRead:
    """С указанием причины."""
    found = await service.reject(
        session,
        appeal_id,
        own_regions(actor),
        wanted.note,
        expected=expected,
        by=actor.id,
        now=now,
    )
    return _read(found, response)


@router.post(
    "/{appeal_id}/withdraw",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отозвать апелляцию",
)
async def withdraw_appeal(
    actor: Acting,
    appeal_id: UUID,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> AppealRead:
    """Пока она не рассмотрена; потом можно подать новую.

    Свою — кто подал; любую региона — координатор. Другим — 403 `not_your_appeal`.
    """
    found = await service.withdraw(
        session,
        appeal_id,
        own_regions(actor),
        coordinates=actor.is_any(Role.COORDINATOR),
        expected=expected,
        by=actor.id,
        now=now,
    )
    return _read(found, response)


def _read(found: Appeal, response: Response) -> AppealRead:
    tag(response, found.version)
    return AppealRead.model_validate(found)
