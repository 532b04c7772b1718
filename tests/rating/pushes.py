"""What tests of pushes share: subscriptions, news to push, and a round of the worker."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv4Network
from typing import Any, Final
from uuid import uuid4

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import RERU_1
from services.rating.domain.scores import Tally
from services.rating.domain.webhooks import STANDARD, Answer, DeliveryPolicy, EventType, Push
from services.rating.models import Delivery, DeliveryAttempt, Subscription
from services.rating.repository import announcements
from services.rating.service import deliveries
from services.rating.service.announcements import announce_standings
from services.rating.service.subscriptions import new_secret
from services.rating.webhooks.sender import Sender
from services.rating.webhooks.targets import Rules
from shared import outbox
from shared.clock import wall
from shared.events.rating import SliceEvent, SliceFrozen
from shared.seals import Seals
from tests.conftest import SEALS
from tests.rating.slices import LATER

LOOPBACK: Final = Rules((443,), (IPv4Network("127.0.0.0/8"),), plain=True)
QUICK: Final = timedelta(seconds=0.5)


async def subscribe(session: AsyncSession, url: str, **overrides: Any) -> Subscription:
    """A subscription to everything, as if made by the platform."""
    defaults: dict[str, Any] = {
        "owner": "platform",
        "url": url,
        "event_types": [one.value for one in EventType],
        "secret": new_secret(),
        "lines_told": await announcements.newest_line(session),
        "created_at": LATER,
    }
    found = Subscription(**(defaults | overrides))
    session.add(found)
    await session.flush()
    return found


async def tell_slice(
    session: AsyncSession, kind: type[SliceEvent] = SliceFrozen, **overrides: Any
) -> str:
    """A slice's event with its note; returns the event's id."""
    defaults: dict[str, Any] = {
        "version": 2,
        "occurred_at": LATER,
        "slice_id": uuid4(),
        "period": "2023-10",
        "revision": 0,
        "reason": None,
        "status": "frozen",
        "methodology": "РЭРУ-1",
        "methodology_version": 1,
        "mu_bp": 8000,
        "national_raw_bp": 7000,
        "inputs_hash": "a" * 64,
        "result_hash": "b" * 64,
        "frozen_at": LATER,
        "items": (),
    }
    ids = await outbox.add(session, [kind(**(defaults | overrides))])
    await announcements.note(session, ids)
    return str(ids[0])


async def tell_standings(session: AsyncSession, revision: int, *regions: str) -> None:
    """Standings of the regions stored under the revision."""
    changed = [(region, Tally(numerator=revision, weight=1, executions=1)) for region in regions]
    await announce_standings(session, "2023-11", changed, RERU_1, revision=revision, now=LATER)


async def send(push: Push, *, within: timedelta = QUICK, seals: Seals = SEALS) -> Answer:
    return await Sender(LOOPBACK, within, seals=seals).send(push, wall())


async def work(
    session: AsyncSession,
    now: datetime = LATER,
    *,
    policy: DeliveryPolicy = STANDARD,
    within: timedelta = QUICK,
    seals: Seals = SEALS,
) -> list[Answer]:
    """What the worker does in one round: deliveries of the notes, one attempt at each due."""
    await deliveries.dispatch(session, now=now)
    answers = []
    for push in await deliveries.claim(session, now=now, limit=100, policy=policy):
        given = await send(push, within=within, seals=seals)
        await deliveries.record(session, push, given, now=now, chance=0, policy=policy)
        answers.append(given)
    return answers


async def queue_of(session: AsyncSession, one: Subscription) -> Sequence[Delivery]:
    """The subscription's deliveries in the order they were made."""
    statement = (
        select(Delivery)
        .where(col(Delivery.subscription_id) == one.id)
        .order_by(col(Delivery.id))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def attempts_at(session: AsyncSession, delivery: Delivery) -> Sequence[DeliveryAttempt]:
    """The attempts in order."""
    statement = (
        select(DeliveryAttempt)
        .where(col(DeliveryAttempt.delivery_id) == delivery.id)
        .order_by(col(DeliveryAttempt.id))
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()
