"""Reconciliations over HTTP: asked for by ЦУР, carried out by the worker, read by auditors."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.rating.repository import reconciliations as repository
from services.rating.schemas.reconciliations import (
    ReconciliationCreate,
    ReconciliationPage,
    ReconciliationRead,
)
from services.rating.service import reconciliations as service
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.pages import Cursor, Limit, decode, paginate
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/reconciliations", tags=["reconciliations"])


@router.post(
    "",
    status_code=201,
    response_model=ReconciliationRead,
    responses=problems(401, 403, 409, 422),
    summary="Сверить с поручениями",
)
async def request_reconciliation(
    actor: Acting, wanted: ReconciliationCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Обработчик сверит факты с их владельцем и исправит отличия; замороженные срезы не меняются.

    С `rebuild` заново слышится всё; табло при этом показывает прежние баллы до готовности новых.
    """
    return await once(
        actor.id,
        lambda: service.request(session, rebuild=wanted.rebuild, by=actor.id, now=now),
        answer=ReconciliationRead,
    )


@router.get("", responses=problems(401, 403, 422), summary="Сверки")
async def list_reconciliations(
    actor: Acting,
    request: Request,
    response: Response,
    session: Session,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> ReconciliationPage:
    """Новейшие первыми; из плановых без отличий видна последняя."""
    rows = await repository.list_reconciliations(
        session, after=decode(cursor, UUID) if cursor else None, limit=limit + 1
    )
    items, next_cursor = paginate(
        rows, limit, lambda one: one.id, request=request, response=response
    )
    return ReconciliationPage(
        items=[ReconciliationRead.model_validate(one) for one in items], next_cursor=next_cursor
    )


@router.get(
    "/{reconciliation_id}",
    responses=problems(401, 403, 404, 422),
    summary="Сверка",
)
async def read_reconciliation(
    actor: Acting, reconciliation_id: UUID, session: Session
) -> ReconciliationRead:
    """Сколько сделано и что исправлено, по регионам."""
    found = await repository.get_reconciliation(session, reconciliation_id)
    return ReconciliationRead.model_validate(found)
