"""Protocols and their items over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.meetings.domain.protocols import ProtocolStatus
from services.meetings.models import Protocol
from services.meetings.repository import items as item_repository
from services.meetings.repository import protocols as repository
from services.meetings.schemas.fields import FIRST_YEAR, LAST_YEAR
from services.meetings.schemas.items import ItemRead
from services.meetings.schemas.protocols import (
    AddendumList,
    HeaderWrite,
    ProtocolCreate,
    ProtocolDetail,
    ProtocolPage,
    ProtocolRead,
    Verification,
)
from services.meetings.service import protocols as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/protocols", tags=["protocols"])


@router.post(
    "",
    status_code=201,
    response_model=ProtocolRead,
    responses=problems(401, 403, 409, 422),
    summary="Открыть протокол",
)
async def create_protocol(
    actor: Acting, wanted: ProtocolCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Черновик протокола совещания; у совещания он один."""
    return await once(
        actor.id,
        lambda: service.create_protocol(session, wanted.meeting_id, now=now),
        answer=ProtocolRead,
    )


@router.get(
    "",
    responses=problems(401, 403, 422),
    summary="Протоколы",
)
async def list_protocols(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    year: Annotated[
        int | None,
        Query(ge=FIRST_YEAR, le=LAST_YEAR, description="Год номера; у черновиков его нет"),
    ] = None,
    status: ProtocolStatus | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ProtocolPage:
    """Протоколы, сначала новые; можно отобрать по году и состоянию."""
    rows = await repository.list_protocols(
        session,
        year=year,
        status=status,
        before=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [ProtocolRead.model_validate(row) for row in page]
    return ProtocolPage(items=items, next_cursor=following)


@router.get(
    "/{protocol_id}",
    responses=problems(401, 403, 404, 422),
    summary="Протокол",
)
async def read_protocol(
    actor: Acting, protocol_id: UUID, session: Session, response: Response
) -> ProtocolDetail:
    """Протокол с пунктами; ETag — его версия."""
    protocol = await repository.get_protocol(session, protocol_id)
    items = await item_repository.list_items(session, protocol_id)
    tag(response, protocol.version)
    return ProtocolDetail(
        **ProtocolRead.model_validate(protocol).model_dump(),
        header=HeaderWrite.model_validate(protocol.header),
        items=[ItemRead.model_validate(item) for item in items],
    )


@router.put(
    "/{protocol_id}/header",
    response_model=ProtocolRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Записать шапку",
)
async def head_protocol(
    actor: Acting,
    protocol_id: UUID,
    wanted: HeaderWrite,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """Кто председательствовал, кто секретарь, кто присутствовал: войдёт в документ и в хеш."""
    protocol = await service.head_protocol(session, protocol_id, wanted, expected_version=expected)
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/header/from-attendance",
    response_model=ProtocolRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Взять присутствовавших из отметок",
)
async def head_protocol_from_attendance(
    actor: Acting,
    protocol_id: UUID,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """По строке на регион: координатор и сколько кластеров из ожидавшихся; прочее не меняется."""
    protocol = await service.head_from_attendance(session, protocol_id, expected_version=expected)
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/addenda",
    status_code=201,
    response_model=ProtocolRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Составить дополнение",
)
async def create_addendum(
    actor: Acting, protocol_id: UUID, session: Session, now: Now, once: Idempotent
) -> Response:
    """Черновик исправления утверждённого протокола: новые пункты и замена прежних.

    Дальше — как у протокола; при утверждении получает номер «5/2023-Д1» и свой хеш.
    """
    return await once(
        actor.id,
        lambda: service.create_addendum(session, protocol_id, now=now),
        answer=ProtocolRead,
    )


@router.get(
    "/{protocol_id}/addenda",
    responses=problems(401, 403, 404, 422),
    summary="Дополнения к протоколу",
)
async def list_addenda(actor: Acting, protocol_id: UUID, session: Session) -> AddendumList:
    """Все исправления протокола, утверждённые и ещё нет."""
    await repository.get_protocol(session, protocol_id)
    rows = await repository.list_addenda(session, protocol_id)
    return AddendumList(items=[ProtocolRead.model_validate(row) for row in rows])


@router.get(
    "/{protocol_id}/verify",
    response_model=Verification,
    responses=problems(401, 403, 404, 409, 422),
    summary="Сверить хеш",
)
async def verify_protocol(actor: Acting, protocol_id: UUID, session: Session) -> service.Verdict:
    """Хеш пересчитан по хранимому содержанию: совпадает ли он с тем, что при утверждении."""
    return await service.verify_protocol(session, protocol_id)
