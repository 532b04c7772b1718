"""Subscriptions over HTTP: a platform keeps its own, ЦУР all, an auditor looks."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import SubscriptionStatus
from services.rating.models import Subscription
from services.rating.repository import subscriptions as repository
from services.rating.routers.access import own_subscriptions
from services.rating.schemas.deliveries import DeliveryRead
from services.rating.schemas.subscriptions import (
    ReplayRead,
    ReplayStart,
    SecretRotate,
    SubscriptionChange,
    SubscriptionCreate,
    SubscriptionPage,
    SubscriptionRead,
    SubscriptionSecret,
    opened,
)
from services.rating.service import subscriptions as service
from services.rating.webhooks.targets import Resolve, Rules, system_resolve
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.pages import Cursor, Limit, decode, paginate
from shared.permissions import Acting
from shared.problems import problems
from shared.seals import Sealing, Seals
from shared.versions import ExpectedVersion, tag


async def resolver() -> Resolve:
    """How names of receivers are looked up."""
    return system_resolve


async def rules_of(request: Request) -> Rules:
    """Where the settings let pushes go."""
    return Rules.of(request.state.settings)


Names = Annotated[Resolve, Depends(resolver)]
Allowed = Annotated[Rules, Depends(rules_of)]

router = APIRouter(prefix="/v1/subscriptions", tags=["subscriptions"])


@router.post(
    "",
    status_code=201,
    response_model=SubscriptionSecret,
    responses=problems(401, 403, 409, 422, 503),
    summary="Подписаться",
)
async def create_subscription(
    actor: Acting,
    wanted: SubscriptionCreate,
    session: Session,
    now: Now,
    rules: Allowed,
    resolve: Names,
    seals: Sealing,
    once: Idempotent,
) -> Response:
    """На всё, что случится с этого момента. Секрет подписи показан только в этом ответе."""
    return await once(
        actor.id,
        lambda: service.create(
            session,
            rules,
            resolve,
            seals,
            url=wanted.url,
            description=wanted.description,
            event_types=wanted.event_types,
            regions=wanted.regions,
            by=actor.id,
            now=now,
        ),
        answer=SubscriptionSecret,
        shown=lambda kept: opened(kept, seals),
        again=lambda kept: _refuse_outdated(session, kept, seals),
    )


@router.get("", responses=problems(401, 403, 422), summary="Подписки")
async def list_subscriptions(
    actor: Acting,
    request: Request,
    response: Response,
    session: Session,
    status: SubscriptionStatus | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> SubscriptionPage:
    """Новейшие первыми; платформа видит только свои."""
    rows = await repository.list_subscriptions(
        session,
        own_subscriptions(actor),
        status=status,
        after=decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    items, next_cursor = paginate(
        rows, limit, lambda one: one.id, request=request, response=response
    )
    return SubscriptionPage(
        items=[SubscriptionRead.model_validate(one) for one in items], next_cursor=next_cursor
    )


@router.get("/{subscription_id}", responses=problems(401, 403, 404, 422), summary="Подписка")
async def read_subscription(
    actor: Acting, subscription_id: UUID, session: Session, response: Response
) -> SubscriptionRead:
    """Состояние подписки; чужая не видна."""
    found = await repository.get_subscription(session, subscription_id, own_subscriptions(actor))
    return _read(found, response)


@router.patch(
    "/{subscription_id}",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Изменить подписку",
)
async def change_subscription(
    actor: Acting,
    subscription_id: UUID,
    wanted: SubscriptionChange,
    session: Session,
    rules: Allowed,
    resolve: Names,
    expected: ExpectedVersion,
    response: Response,
) -> SubscriptionRead:
    """Адрес, события, регионы, пауза; неназванное остаётся. Ждущие доставки идут на новый адрес."""
    found = await service.change(
        session,
        subscription_id,
        own_subscriptions(actor),
        rules,
        resolve,
        changes={name: getattr(wanted, name) for name in sorted(wanted.model_fields_set)},
        expected=expected,
    )
    return _read(found, response)


@router.delete(
    "/{subscription_id}",
    status_code=204,
    responses=problems(401, 403, 404, 412, 422),
    summary="Удалить подписку",
)
async def delete_subscription(
    actor: Acting,
    subscription_id: UUID,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
) -> None:
    """Больше ничего не отправляется; ждавшее отменено, секрет забыт."""
    owner = own_subscriptions(actor)
    await service.delete(session, subscription_id, owner, expected=expected, now=now)


@router.post(
    "/{subscription_id}/enable",
    responses=problems(401, 403, 404, 412, 422),
    summary="Включить подписку",
)
async def enable_subscription(
    actor: Acting,
    subscription_id: UUID,
    session: Session,
    expected: ExpectedVersion,
    response: Response,
) -> SubscriptionRead:
    """После отключения или паузы. Пропущенные за время отключения срезы — через replay."""
    owner = own_subscriptions(actor)
    return _read(await service.enable(session, subscription_id, owner, expected=expected), response)


@router.post(
    "/{subscription_id}/rotate-secret",
    status_code=201,
    response_model=SubscriptionSecret,
    responses=problems(401, 403, 404, 409, 412, 422, 503),
    summary="Сменить секрет подписи",
)
async def rotate_subscription_secret(
    actor: Acting,
    subscription_id: UUID,
    wanted: SecretRotate,
    session: Session,
    now: Now,
    seals: Sealing,
    expected: ExpectedVersion,
    once: Idempotent,
) -> Response:
    """Новый секрет — только в этом ответе; прежний подписывает вместе с ним `overlap_hours`."""
    return await once(
        actor.id,
        lambda: service.rotate(
            session,
            subscription_id,
            own_subscriptions(actor),
            timedelta(hours=wanted.overlap_hours),
            seals,
            expected=expected,
            now=now,
        ),
        answer=SubscriptionSecret,
        shown=lambda kept: opened(kept, seals),
        again=lambda kept: _refuse_outdated(session, kept, seals),
    )


@router.post(
    "/{subscription_id}/test",
    status_code=202,
    response_model=DeliveryRead,
    responses=problems(401, 403, 404, 422),
    summary="Проверить получателя",
)
async def test_subscription(
    actor: Acting, subscription_id: UUID, session: Session, now: Now, once: Idempotent
) -> Response:
    """Одна попытка доставить `rating.subscription.ping.v1`, и на паузе; итог — в доставках."""
    owner = own_subscriptions(actor)
    return await once(
        actor.id,
        lambda: service.ping(session, subscription_id, owner, now=now),
        answer=DeliveryRead,
        status=202,
    )


@router.post(
    "/{subscription_id}/replay",
    status_code=202,
    response_model=ReplayRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Отправить прошедшее снова",
)
async def replay_subscription(
    actor: Acting,
    subscription_id: UUID,
    wanted: ReplayStart,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """События среза — с прежними webhook-id и по порядку; рейтинг — новейшими строками."""
    return await once(
        actor.id,
        lambda: service.replay(
            session,
            subscription_id,
            own_subscriptions(actor),
            event_id=wanted.event_id,
            since=wanted.since,
            now=now,
        ),
        answer=ReplayRead,
        status=202,
    )


async def _refuse_outdated(session: AsyncSession, kept: str, seals: Seals) -> None:
    was = SubscriptionSecret.model_validate_json(kept)
    await service.refuse_outdated(session, was.id, was.secret, seals)


def _read(found: Subscription, response: Response) -> SubscriptionRead:
    tag(response, found.version)
    return SubscriptionRead.model_validate(found)
