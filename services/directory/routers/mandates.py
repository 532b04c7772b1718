"""People charged with work of an association, and the directions of that work, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.mandates import MandateKind
from services.directory.models import Direction, Mandate
from services.directory.routers.paging import ById
from services.directory.schemas.associations import TenureEnd
from services.directory.schemas.fields import Day
from services.directory.schemas.mandates import (
    DirectionCreate,
    DirectionPage,
    DirectionRead,
    MandateCreate,
    MandatePage,
    MandateRead,
)
from services.directory.service import mandates as service
from services.directory.service.associated import rows_of
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/associations/{code}", tags=["associations"])


@router.post(
    "/mandates",
    status_code=201,
    response_model=MandateRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Наделить полномочием",
)
async def create_mandate(
    actor: Acting, code: Code, wanted: MandateCreate, session: Session, once: Idempotent
) -> Response:
    """Председатель, ответственный, куратор кластера или эксперт ассоциации.

    Ассоциация называет тех, кто с ней работает, и тех, кто ещё нигде не занят; остальных вносит
    ЦУР, а для неё их id — 422 `unknown_person`, как и ничей.
    """
    return await once(
        actor.id, lambda: service.charge(session, code, wanted, actor), answer=MandateRead
    )


@router.get("/mandates", responses=problems(401, 403, 404, 422), summary="Полномочия")
async def list_mandates(
    actor: Acting,
    code: Code,
    session: Session,
    paging: ById,
    kind: MandateKind | None = None,
    at: Day | None = None,
) -> MandatePage:
    """Кто чем наделён; `at` — только действующее на дату."""
    rows = await rows_of(
        session, Mandate, code, actor, at=at, after=paging.after, limit=paging.fetch, kind=kind
    )
    page, following = paging.page(rows)
    items = [MandateRead.model_validate(row) for row in page]
    return MandatePage(items=items, next_cursor=following)


@router.post(
    "/mandates/{mandate_id}/end",
    response_model=MandateRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Завершить полномочие",
)
async def end_mandate(
    actor: Acting,
    code: Code,
    mandate_id: UUID,
    wanted: TenureEnd,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> Mandate:
    """Назвать последний день или приблизить его."""
    mandate = await service.end_tenure(
        session,
        Mandate,
        code,
        mandate_id,
        wanted.valid_to,
        actor,
        expected_version=expected_version,
    )
    tag(response, mandate.version)
    return mandate


@router.post(
    "/directions",
    status_code=201,
    response_model=DirectionRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Назвать направление работы",
)
async def create_direction(
    actor: Acting, code: Code, wanted: DirectionCreate, session: Session, once: Idempotent
) -> Response:
    """Новая строка перечня направлений работы ассоциации."""
    return await once(
        actor.id,
        lambda: service.open_direction(session, code, wanted, actor),
        answer=DirectionRead,
    )


@router.get("/directions", responses=problems(401, 403, 404, 422), summary="Направления работы")
async def list_directions(
    actor: Acting, code: Code, session: Session, paging: ById, at: Day | None = None
) -> DirectionPage:
    """Перечень направлений; `at` — только действующие на дату."""
    rows = await rows_of(
        session, Direction, code, actor, at=at, after=paging.after, limit=paging.fetch
    )
    page, following = paging.page(rows)
    items = [DirectionRead.model_validate(row) for row in page]
    return DirectionPage(items=items, next_cursor=following)


@router.post(
    "/directions/{direction_id}/end",
    response_model=DirectionRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Закрыть направление",
)
async def end_direction(
    actor: Acting,
    code: Code,
    direction_id: UUID,
    wanted: TenureEnd,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> Direction:
    """Назвать последний день направления или приблизить его."""
    direction = await service.end_tenure(
        session,
        Direction,
        code,
        direction_id,
        wanted.valid_to,
        actor,
        expected_version=expected_version,
    )
    tag(response, direction.version)
    return direction
