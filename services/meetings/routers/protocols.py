"""Protocols and their items over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from services.meetings import repository, service
from services.meetings.domain import ProtocolStatus
from services.meetings.models import Protocol, ProtocolItem
from services.meetings.schemas import (
    FIRST_YEAR,
    LAST_YEAR,
    ItemReach,
    ItemRead,
    ItemWrite,
    ProtocolCreate,
    ProtocolDetail,
    ProtocolPage,
    ProtocolPreview,
    ProtocolRead,
    Verification,
)
from shared import pages
from shared.auth import Actor, Role, demand
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/protocols", tags=["protocols"])

Reader = Annotated[Actor, Depends(demand(*Role))]
Secretary = Annotated[Actor, Depends(demand(Role.SECRETARY, Role.CUR_ADMIN))]
Approver = Annotated[Actor, Depends(demand(Role.CUR_ADMIN))]


@router.post(
    "",
    status_code=201,
    response_model=ProtocolRead,
    responses=problems(401, 403, 409, 422),
    summary="Открыть протокол",
)
async def create_protocol(
    actor: Secretary, wanted: ProtocolCreate, session: Session, now: Now, once: Idempotent
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
    actor: Reader,
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
    actor: Reader, protocol_id: UUID, session: Session, response: Response
) -> ProtocolDetail:
    """Протокол с пунктами; ETag — его версия."""
    protocol = await repository.get_protocol(session, protocol_id)
    items = await repository.list_items(session, protocol_id)
    tag(response, protocol.version)
    return ProtocolDetail(
        **ProtocolRead.model_validate(protocol).model_dump(),
        items=[ItemRead.model_validate(item) for item in items],
    )


@router.post(
    "/{protocol_id}/items",
    status_code=201,
    response_model=ItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Добавить пункт",
)
async def add_protocol_item(
    actor: Secretary,
    protocol_id: UUID,
    wanted: ItemWrite,
    session: Session,
    once: Idempotent,
    expected: ExpectedVersion,
) -> Response:
    """Пункт встаёт в конец черновика; адресаты сверяются с копией справочника."""
    return await once(
        actor.id,
        lambda: service.add_item(session, protocol_id, wanted, expected_version=expected),
        answer=ItemRead,
    )


@router.put(
    "/{protocol_id}/items/{item_id}",
    response_model=ItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Изменить пункт",
)
async def replace_protocol_item(
    actor: Secretary,
    protocol_id: UUID,
    item_id: UUID,
    wanted: ItemWrite,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> ProtocolItem:
    """Новое содержание пункта на том же месте; ETag — версия протокола."""
    protocol, item = await service.replace_item(
        session, protocol_id, item_id, wanted, expected_version=expected
    )
    tag(response, protocol.version)
    return item


@router.delete(
    "/{protocol_id}/items/{item_id}",
    status_code=204,
    responses=problems(401, 403, 404, 409, 422),
    summary="Убрать пункт",
)
async def remove_protocol_item(
    actor: Secretary,
    protocol_id: UUID,
    item_id: UUID,
    session: Session,
    expected: ExpectedVersion,
) -> None:
    """Пункт убран из черновика, следующие за ним сдвинуты."""
    await service.remove_item(session, protocol_id, item_id, expected_version=expected)


@router.get(
    "/{protocol_id}/preview",
    responses=problems(401, 403, 404, 422),
    summary="Охват пунктов",
)
async def preview_protocol(actor: Reader, protocol_id: UUID, session: Session) -> ProtocolPreview:
    """Сколько исполнений и в скольких регионах даст каждый пункт, если утвердить сейчас."""
    reached = await service.preview(session, protocol_id)
    items = [
        ItemReach(
            item_id=item.id,
            position=item.position,
            kind=item.addressees["kind"],
            executions=reach.executions,
            regions=reach.regions,
        )
        for item, reach in reached
    ]
    return ProtocolPreview(protocol_id=protocol_id, items=items)


@router.post(
    "/{protocol_id}/approve",
    response_model=ProtocolRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Утвердить протокол",
)
async def approve_protocol(
    actor: Approver,
    protocol_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """Номер, дата и хеш; дальше протокол неизменен, а его пункты становятся поручениями."""
    protocol = await service.approve_protocol(
        session, protocol_id, now=now, expected_version=expected
    )
    tag(response, protocol.version)
    return protocol


@router.get(
    "/{protocol_id}/verify",
    response_model=Verification,
    responses=problems(401, 403, 404, 409, 422),
    summary="Сверить хеш",
)
async def verify_protocol(actor: Reader, protocol_id: UUID, session: Session) -> service.Verdict:
    """Хеш пересчитан по хранимому содержанию: совпадает ли он с тем, что при утверждении."""
    return await service.verify_protocol(session, protocol_id)
