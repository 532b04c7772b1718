"""Posts in channels and their acknowledgements over HTTP."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import ChannelPost
from services.directory.repository import channels
from services.directory.repository import posts as repository
from services.directory.schemas.channels import (
    DeliveryList,
    DeliveryRead,
    PostCreate,
    PostPage,
    PostRead,
    SeatPage,
    SeatRead,
)
from services.directory.service import posts as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/channels/{channel_id}/posts", tags=["channels"])


async def _read(session: AsyncSession, posts: Sequence[ChannelPost]) -> list[PostRead]:
    tallies = await repository.tallies(session, [post.id for post in posts])
    return [
        PostRead(
            **post.model_dump(),
            expected=tally.expected,
            acknowledged=tally.acknowledged,
            missing=tally.expected - tally.acknowledged,
            prepared=tally.prepared,
            sent=tally.sent,
            failed=tally.failed,
        )
        for post in posts
        for tally in (tallies[post.id],)
    ]


@router.post(
    "",
    status_code=201,
    response_model=PostRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Написать в канал",
)
async def create_channel_post(
    actor: Acting,
    channel_id: UUID,
    wanted: PostCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Сообщение уходит во все мессенджеры канала; участники на сегодня его подтверждают.

    Доставка — не менее одного раза: повтор после сбоя узнаётся по номеру в конце сообщения.
    """

    async def work() -> PostRead:
        found = await service.post(
            session, channel_id, actor, title=wanted.title, text=wanted.text, now=now
        )
        return (await _read(session, [found]))[0]

    return await once(actor.id, work, answer=PostRead)


@router.get("", responses=problems(401, 403, 404, 422), summary="Сообщения канала")
async def list_channel_posts(
    actor: Acting,
    channel_id: UUID,
    session: Session,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> PostPage:
    """Сообщения, которые вам видны, новые — первыми: сколько подтвердили и как доставлено."""
    await channels.get_channel(session, channel_id)
    rows = await repository.list_posts(
        session,
        channel_id,
        service.sight_of(actor),
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    return PostPage(items=await _read(session, page), next_cursor=following)


@router.get("/{post_id}", responses=problems(401, 403, 404, 422), summary="Сообщение")
async def read_channel_post(
    actor: Acting, channel_id: UUID, post_id: UUID, session: Session
) -> PostRead:
    """Одно сообщение: сколько подтвердили и как доставлено."""
    found = await repository.get_post(session, channel_id, post_id, service.sight_of(actor))
    return (await _read(session, [found]))[0]


@router.post(
    "/{post_id}/acknowledge",
    responses=problems(401, 403, 404, 422),
    summary="Подтвердить, что прочитано",
)
async def acknowledge_channel_post(
    actor: Acting, channel_id: UUID, post_id: UUID, session: Session, now: Now
) -> PostRead:
    """Подтверждает тот, кто занимает должность; повтор ничего не меняет."""
    found = await service.acknowledge(session, channel_id, post_id, actor, now=now)
    return (await _read(session, [found]))[0]


@router.get(
    "/{post_id}/acknowledgements",
    responses=problems(401, 403, 404, 422),
    summary="Кто подтвердил и кто нет",
)
async def list_post_acknowledgements(
    actor: Acting,
    channel_id: UUID,
    post_id: UUID,
    session: Session,
    request: Request,
    response: Response,
    acknowledged: Annotated[
        bool | None, Query(description="false — только те, кто не подтвердил")
    ] = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 200,
) -> SeatPage:
    """Участники на день сообщения и когда каждый подтвердил."""
    found = await repository.get_post(session, channel_id, post_id, service.sight_of(actor))
    rows = await repository.list_seats(
        session,
        found.id,
        acknowledged=acknowledged,
        after=pages.decode(cursor, str) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row[0].seat, request=request, response=response
    )
    items = [
        SeatRead(**seat.model_dump(), full_name=full_name, region_name=region_name)
        for seat, full_name, region_name in page
    ]
    return SeatPage(items=items, next_cursor=following)


@router.get(
    "/{post_id}/deliveries",
    responses=problems(401, 403, 404, 422),
    summary="Доставка сообщения",
)
async def list_post_deliveries(
    actor: Acting, channel_id: UUID, post_id: UUID, session: Session
) -> DeliveryList:
    """По каждому мессенджеру: отправлено, ждёт или не принято и почему."""
    found = await repository.get_post(session, channel_id, post_id, service.sight_of(actor))
    rows = await repository.list_deliveries(session, found.id)
    items = [
        DeliveryRead(**delivery.model_dump(), label=target.label, service=target.service)
        for delivery, target in rows
    ]
    return DeliveryList(items=items)


@router.post(
    "/{post_id}/resend",
    responses=problems(401, 403, 404, 422),
    summary="Отправить ещё раз",
)
async def resend_channel_post(
    actor: Acting, channel_id: UUID, post_id: UUID, session: Session
) -> PostRead:
    """Повторить туда, где не приняли, и отправить в мессенджеры, подключённые позже."""
    found = await service.resend(session, channel_id, post_id, service.sight_of(actor))
    return (await _read(session, [found]))[0]
