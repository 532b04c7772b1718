"""A protocol's items over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.meetings.models import ProtocolItem
from services.meetings.schemas.items import ItemReach, ItemRead, ItemWrite, ProtocolPreview
from services.meetings.service import items as service
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/protocols", tags=["protocols"])


@router.post(
    "/{protocol_id}/items",
    status_code=201,
    response_model=ItemRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Добавить пункт",
)
async def add_protocol_item(
    actor: Acting,
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
    actor: Acting,
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
    actor: Acting,
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
async def preview_protocol(actor: Acting, protocol_id: UUID, session: Session) -> ProtocolPreview:
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
