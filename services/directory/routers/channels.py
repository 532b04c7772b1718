"""Channels, their members and their messengers over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from services.directory.domain.channels import ChannelKind
from services.directory.models import Channel, ChannelTarget
from services.directory.repository import channels as repository
from services.directory.schemas.channels import (
    ChannelCreate,
    ChannelPage,
    ChannelPatch,
    ChannelRead,
    MemberRead,
    Members,
    Merged,
    MergeWrite,
    TargetCreate,
    TargetList,
    TargetRead,
)
from services.directory.schemas.fields import Day
from services.directory.service import channels as service
from services.directory.service.messengers import Limits, Resolve, system_resolve
from shared import pages
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.seals import Sealing
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/channels", tags=["channels"])


async def _limits(request: Request) -> Limits:
    limits: Limits = request.state.settings
    return limits


async def find_resolver() -> Resolve:
    """What looks up names: the system; tests have another."""
    return system_resolve


Limited = Annotated[Limits, Depends(_limits)]
Resolving = Annotated[Resolve, Depends(find_resolver)]


@router.post(
    "",
    status_code=201,
    response_model=ChannelRead,
    responses=problems(401, 403, 409, 422),
    summary="Открыть канал",
)
async def create_channel(
    actor: Acting, wanted: ChannelCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Единый канал координаторов, канал победителей одного года или канал отрасли."""
    return await once(
        actor.id,
        lambda: service.open_channel(session, wanted, by=actor.id, now=now),
        answer=ChannelRead,
    )


@router.get("", responses=problems(401, 403, 422), summary="Каналы")
async def list_channels(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    kind: ChannelKind | None = None,
    at: Day | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ChannelPage:
    """Каналы; `at` — только открытые в этот день."""
    rows = await repository.list_channels(
        session,
        kind=kind,
        at=at,
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [ChannelRead.model_validate(row) for row in page]
    return ChannelPage(items=items, next_cursor=following)


@router.get(
    "/{channel_id}",
    response_model=ChannelRead,
    responses=problems(401, 403, 404, 422),
    summary="Канал",
)
async def read_channel(
    actor: Acting, channel_id: UUID, session: Session, response: Response
) -> Channel:
    """Один канал и где он продолжается, если объединён."""
    channel = await repository.get_channel(session, channel_id)
    tag(response, channel.version)
    return channel


@router.patch(
    "/{channel_id}",
    response_model=ChannelRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Изменить канал",
)
async def change_channel(
    actor: Acting,
    channel_id: UUID,
    wanted: ChannelPatch,
    session: Session,
    response: Response,
    expected_version: ExpectedVersion,
) -> Channel:
    """Изменить название или последний день."""
    channel = await service.change_channel(
        session,
        channel_id,
        wanted.model_dump(exclude_unset=True),
        expected_version=expected_version,
    )
    tag(response, channel.version)
    return channel


@router.post(
    "/{channel_id}/merge",
    responses=problems(401, 403, 404, 409, 422),
    summary="Объединить каналы когорт в этот",
)
async def merge_channels(
    actor: Acting, channel_id: UUID, wanted: MergeWrite, session: Session
) -> Merged:
    """Каналы когорт закрываются накануне и продолжаются в едином; повтор ничего не меняет."""
    into, merged = await service.merge(session, channel_id, on=wanted.on, named=wanted.channels)
    return Merged(
        into=ChannelRead.model_validate(into),
        channels=[ChannelRead.model_validate(channel) for channel in merged],
    )


@router.get(
    "/{channel_id}/members",
    responses=problems(401, 403, 404, 422),
    summary="Участники канала",
)
async def list_channel_members(
    actor: Acting, channel_id: UUID, session: Session, now: Now, at: Day | None = None
) -> Members:
    """Кто в канале на дату (без неё — сегодня): состав следует за назначениями.

    Регион видит участников тех каналов, где у него в этот день есть место.
    """
    day = at or now.astimezone(MOSCOW).date()
    found = await service.members_for(session, channel_id, actor, day)
    items = [MemberRead.model_validate(member) for member in found]
    return Members(at=day, total=len(items), items=items)


@router.post(
    "/{channel_id}/targets",
    status_code=201,
    response_model=TargetRead,
    responses=problems(401, 403, 404, 409, 422, 503),
    summary="Подключить мессенджер",
)
async def add_channel_target(
    actor: Acting,
    channel_id: UUID,
    wanted: TargetCreate,
    session: Session,
    now: Now,
    limits: Limited,
    resolve: Resolving,
    seals: Sealing,
    once: Idempotent,
) -> Response:
    """Куда уходят сообщения: адрес apprise (`tgram://…`, `mmosts://…`); больше он не показывается.

    Свои серверы — только по TLS и в открытой сети или в сетях из настройки.
    """

    async def work() -> ChannelTarget:
        return await service.add_target(
            session, channel_id, wanted, limits, resolve, seals, by=actor.id, now=now
        )

    return await once(actor.id, work, answer=TargetRead)


@router.get(
    "/{channel_id}/targets",
    responses=problems(401, 403, 404, 422),
    summary="Мессенджеры канала",
)
async def list_channel_targets(actor: Acting, channel_id: UUID, session: Session) -> TargetList:
    """Подключённые мессенджеры, без адресов."""
    await repository.get_channel(session, channel_id)
    rows = await repository.list_targets(session, channel_id)
    return TargetList(items=[TargetRead.model_validate(row) for row in rows])


@router.delete(
    "/{channel_id}/targets/{target_id}",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    summary="Отключить мессенджер",
)
async def remove_channel_target(
    actor: Acting, channel_id: UUID, target_id: UUID, session: Session, now: Now
) -> None:
    """Больше ничего туда не отправлять и забыть адрес."""
    await service.remove_target(session, channel_id, target_id, now=now)
