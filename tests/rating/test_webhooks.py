"""Every delivery accounted for: signed, in order, tried over days, disabled, gathered, replayed."""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from standardwebhooks import Webhook, WebhookVerificationError

from services.rating.domain.webhooks import (
    STANDARD,
    Answer,
    AttemptOutcome,
    DeliveryKind,
    DeliveryState,
    DisabledBecause,
    EventType,
    SubscriptionStatus,
)
from services.rating.models import Subscription
from services.rating.service import deliveries, slices, subscriptions
from shared.events.rating import SliceEvent, SlicePublished
from shared.seals import Seals
from shared.tables import OutboxRecord
from tests.conftest import SEALS
from tests.rating.pushes import (
    attempts_at,
    queue_of,
    send,
    subscribe,
    tell_slice,
    tell_standings,
    work,
)
from tests.rating.slices import LATER, freeze
from tests.rating.test_domain import FOUR
from tests.rating.world import hear
from tests.receiver import Respond, answer, close, flood, hang, receiver, say_yes_and_hang

NOWHERE: Final = "http://127.0.0.1:1/hook"
HOUR: Final = timedelta(hours=1)


async def reload(session: AsyncSession, one: Subscription) -> Subscription:
    await session.refresh(one)
    return one


def test_event_types_are_those_the_rating_tells() -> None:
    told = {kind.type for kind in SliceEvent.concrete()}
    assert set(EventType) == told | {EventType.STANDINGS_CHANGED}


def test_the_schedule_is_that_of_standard_webhooks() -> None:
    seconds = [pause.total_seconds() for pause in STANDARD.pauses]
    hours = [3600 * n for n in (2, 5, 10, 14, 20, 24)]
    assert seconds == [5, 300, 1800, *hours]
    assert STANDARD.pause(2, None, 0) == timedelta(minutes=5)
    assert STANDARD.pause(2, None, 1) == timedelta(minutes=5, seconds=30)
    assert STANDARD.pause(2, timedelta(minutes=1), 0) == timedelta(minutes=5)
    assert STANDARD.pause(2, timedelta(days=9), 0) == STANDARD.longest_pause
    assert STANDARD.attempts(DeliveryKind.SLICE) == 10


async def test_a_slice_is_pushed_signed_with_the_facts_of_its_event(
    session: AsyncSession,
) -> None:
    async with receiver() as platform:
        one = await subscribe(session, platform.url)
        await hear(session, FOUR)
        october = await freeze(session)
        assert [given.status for given in await work(session)] == [204]
        assert await work(session) == []

    [got] = platform.got
    event = (await session.exec(select(OutboxRecord))).one()
    told = Webhook(one.secret).verify(got.body, got.headers)
    assert got.line == "POST /hook HTTP/1.1"
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert (got.id, told["type"]) == (str(event.id), "rating.slice.frozen.v1")
    assert datetime.fromisoformat(told["timestamp"]) == event.occurred_at
    assert told["data"]["result_hash"] == october.result_hash
    assert [line["region"] for line in told["data"]["items"]] == ["16", "41", "54", "77"]
    with pytest.raises(WebhookVerificationError):
        Webhook(subscriptions.new_secret()).verify(got.body, got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(one.secret).verify(got.body + b" ", got.headers)
    [delivery] = await queue_of(session, one)
    assert (delivery.state, delivery.attempts_made) == (DeliveryState.DELIVERED, 1)
    assert (await reload(session, one)).delivered_at == LATER


async def test_only_what_is_asked_for_is_pushed(session: AsyncSession) -> None:
    async with receiver() as platform:
        await subscribe(session, platform.url, event_types=["rating.slice.published.v1"])
        await tell_slice(session)
        published = await tell_slice(session, SlicePublished)
        await tell_standings(session, 1, "16")
        await work(session)
    assert platform.ids == [published]


async def test_a_receiver_that_fails_for_a_while_gets_it_later_under_the_same_id(
    session: AsyncSession,
) -> None:
    async with receiver(answer(500, "беда"), answer(503), close) as platform:
        one = await subscribe(session, platform.url)
        event = await tell_slice(session)
        now = LATER
        for pause in (timedelta(), *STANDARD.pauses[:3]):
            if pause:
                assert await work(session, now + pause - timedelta(seconds=1)) == []
            now += pause
            assert len(await work(session, now)) == 1
    assert platform.ids == [event] * 4
    assert len({got.body for got in platform.got}) == 1
    for got in platform.got:
        assert Webhook(one.secret).verify(got.body, got.headers)
    [delivery] = await queue_of(session, one)
    assert (delivery.state, delivery.decided_at) == (DeliveryState.DELIVERED, now)
    tried = await attempts_at(session, delivery)
    assert [made.status_code for made in tried] == [500, 503, None, 204]
    assert [made.outcome for made in tried] == [*([AttemptOutcome.FAILED] * 3), "delivered"]
    assert (tried[0].excerpt, tried[0].error) == ("беда", "Ответ 500.")
    assert "Соединение не удалось" in (tried[2].error or "")
    assert (await reload(session, one)).failing_since is None


@pytest.mark.parametrize(
    ("respond", "status", "said"),
    [
        (answer(404), 404, "Ответ 404"),
        (answer(302, Location="http://127.0.0.1:9/inside"), 302, "перенаправления не выполняются"),
        (hang, None, "Нет ответа за 0.5 с"),
        (close, None, "Соединение не удалось"),
        (flood, 500, "Ответ 500"),
    ],
)
async def test_what_is_no_success_is_tried_again(
    session: AsyncSession, respond: Respond, status: int | None, said: str
) -> None:
    async with receiver(respond) as platform:
        one = await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
        [delivery] = await queue_of(session, one)
        [made] = await attempts_at(session, delivery)
        assert (made.status_code, said in (made.error or "")) == (status, True)
        assert made.duration_ms is not None
        assert made.duration_ms < 2000
        assert len(made.excerpt or "") <= 500
        assert (delivery.state, delivery.due_at - LATER) == ("pending", timedelta(seconds=5))
        assert (await reload(session, one)).failing_since == LATER
        await work(session, LATER + HOUR)
    assert len(platform.got) == 2


async def test_a_redirect_is_not_followed(session: AsyncSession) -> None:
    async with receiver() as inside, receiver(answer(307, Location=inside.url)) as platform:
        await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
    assert inside.got == []


async def test_a_success_counts_though_its_body_never_ends(session: AsyncSession) -> None:
    async with receiver(say_yes_and_hang) as platform:
        one = await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
        [delivery] = await queue_of(session, one)
    assert delivery.state is DeliveryState.DELIVERED


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry_after": "600"}, timedelta(seconds=600)),
        ({"retry_after": "1"}, timedelta(seconds=5)),
        ({"retry_after": "99999999"}, STANDARD.longest_pause),
        ({"retry_after": "soon"}, timedelta(seconds=5)),
        (
            {
                "date": "Wed, 01 Nov 2023 06:00:00 GMT",
                "retry_after": "Wed, 01 Nov 2023 06:20:00 GMT",
            },
            timedelta(minutes=20),
        ),
        ({"retry_after": "Wed, 01 Nov 2023 06:20:00 GMT"}, timedelta(seconds=5)),
    ],
)
async def test_retry_after_is_honoured_within_bounds(
    session: AsyncSession, headers: dict[str, str], pause: timedelta
) -> None:
    async with receiver(answer(429, **headers)) as platform:
        one = await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
    [delivery] = await queue_of(session, one)
    assert delivery.due_at - LATER == pause


async def test_slices_come_in_order_and_a_failing_receiver_holds_up_no_other(
    session: AsyncSession,
) -> None:
    async with receiver(answer(500), answer(500)) as slow, receiver() as quick:
        await subscribe(session, slow.url, event_types=["rating.slice.frozen.v1"])
        await subscribe(session, quick.url, event_types=["rating.slice.frozen.v1"])
        first = await tell_slice(session)
        await work(session)
        second, third = await tell_slice(session), await tell_slice(session)
        for _ in range(3):
            await work(session)
        assert slow.ids == [first]
        assert quick.ids == [first, second, third]
        for hours in range(1, 6):
            await work(session, LATER + hours * HOUR)
    assert slow.ids == [first, first, first, second, third]


async def test_standings_wait_for_no_slice(session: AsyncSession) -> None:
    async with receiver(answer(500)) as platform:
        await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
        await tell_standings(session, 1, "16")
        await work(session)
    assert [got.json["type"] for got in platform.got] == [
        "rating.slice.frozen.v1",
        "rating.standings.changed.v1",
    ]


async def test_410_disables_at_once_and_what_waits_is_abandoned(session: AsyncSession) -> None:
    async with receiver(answer(410)) as platform:
        one = await subscribe(session, platform.url)
        first, second = await tell_slice(session), await tell_slice(session)
        await work(session)
        await tell_slice(session)
        assert await work(session, LATER + HOUR) == []
        await reload(session, one)
        assert (one.status, one.reason) == (SubscriptionStatus.DISABLED, DisabledBecause.GONE)
        states = {str(made.message_id): made.state for made in await queue_of(session, one)}
        assert states == {first: DeliveryState.FAILED, second: DeliveryState.ABANDONED}

        await subscriptions.enable(session, one.id, "platform", expected=None)
        replayed = await subscriptions.replay(
            session, one.id, None, event_id=UUID(first), since=None, now=LATER
        )
        assert replayed.deliveries == 3
        for _ in range(4):
            await work(session, LATER + HOUR)
    assert platform.ids[:3] == [first, first, second]
    assert len(platform.got) == 4


async def test_five_days_without_a_success_disable_the_subscription(
    session: AsyncSession,
) -> None:
    one = await subscribe(session, NOWHERE, event_types=["rating.slice.frozen.v1"])
    await tell_slice(session)
    await tell_slice(session)
    now, attempts = LATER, 0
    while (await reload(session, one)).status is SubscriptionStatus.ACTIVE:
        attempts += len(await work(session, now))
        now += HOUR
        assert now - LATER < timedelta(days=7), "it is never disabled"
    first, second = await queue_of(session, one)
    assert (first.state, first.attempts_made) == (DeliveryState.FAILED, 10)
    assert second.state is DeliveryState.ABANDONED
    assert attempts == first.attempts_made + second.attempts_made
    assert one.reason == DisabledBecause.FAILING
    assert now - LATER >= STANDARD.disable_after
    assert first.decided_at is not None
    assert timedelta(days=3) < first.decided_at - LATER < timedelta(days=4)


async def test_a_success_in_between_begins_the_five_days_anew(session: AsyncSession) -> None:
    async with receiver(answer(500), answer(204), answer(500)) as platform:
        one = await subscribe(session, platform.url)
        for days in (0, 1, 8):
            await tell_slice(session)
            await work(session, LATER + timedelta(days=days))
        await reload(session, one)
    assert (one.status, one.failing_since) == (
        SubscriptionStatus.ACTIVE,
        LATER + timedelta(days=8),
    )


async def test_both_secrets_sign_while_they_overlap(session: AsyncSession) -> None:
    async with receiver() as platform:
        one = await subscribe(session, platform.url)
        old = one.secret
        await subscriptions.rotate(session, one.id, None, 2 * HOUR, SEALS, expected=None, now=LATER)
        new = SEALS.open(one.secret)
        for hours in (1, 3):
            await tell_slice(session)
            await work(session, LATER + hours * HOUR)
    during, after = platform.got
    for secret in (old, new):
        assert Webhook(secret).verify(during.body, during.headers)
    assert Webhook(new).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(after.body, after.headers)
    await deliveries.forget(session, now=LATER + 3 * HOUR)
    assert (await reload(session, one)).previous_secret is None


async def test_secrets_get_the_newest_seal_and_those_of_a_lost_key_say_so(
    session: AsyncSession,
) -> None:
    keys = [secrets.token_hex(24) for _ in range(3)]
    old, both, lost = Seals(keys[:1]), Seals([keys[1], keys[0]]), Seals(keys[2:])
    async with receiver() as platform:
        one = await subscribe(session, platform.url)
        two = await subscribe(session, platform.url)
        three = await subscribe(session, platform.url)
        secret, before = SEALS.open(one.secret), subscriptions.new_secret()
        one.secret, one.previous_secret = old.seal(secret), before
        two.secret = both.seal(secret)
        three.secret = lost.seal(secret)
        current, unread = two.secret, three.secret
        await session.flush()

        await subscriptions.renew_seals(session, both)

        newest = Seals(keys[1:2])
        assert (newest.open(one.secret), newest.open(one.previous_secret or "")) == (secret, before)
        assert one.previous_secret != before
        assert (two.secret, three.secret) == (current, unread)
        await tell_slice(session)
        answers = await work(session, seals=newest)

    assert [given.is_delivered for given in answers] == [True, True, False]
    assert "SEALING_KEYS" in (answers[-1].error or "")
    for got in platform.got:
        assert Webhook(secret).verify(got.body, got.headers)


async def test_an_attempt_whose_worker_died_is_made_again_once_its_lease_is_over(
    session: AsyncSession,
) -> None:
    expired = replace(STANDARD, lease=timedelta(0))
    async with receiver() as platform:
        one = await subscribe(session, platform.url)
        event = await tell_slice(session)
        await deliveries.dispatch(session, now=LATER)
        assert len(await deliveries.claim(session, now=LATER, limit=9)) == 1
        assert await deliveries.claim(session, now=LATER + HOUR, limit=9) == []
        [delivery] = await queue_of(session, one)
        delivery.claimed_until = LATER
        session.add(delivery)
        await session.flush()
        await work(session, policy=expired)
    assert platform.ids == [event]
    interrupted, delivered = await attempts_at(session, delivery)
    assert (interrupted.outcome, interrupted.error) == ("interrupted", deliveries.INTERRUPTED)
    assert delivered.outcome is AttemptOutcome.DELIVERED


@pytest.mark.parametrize(("late", "state"), [(500, "pending"), (204, "delivered")])
async def test_of_an_attempt_taken_over_only_a_success_counts(
    session: AsyncSession, late: int, state: str
) -> None:
    expired = replace(STANDARD, lease=timedelta(0))
    one = await subscribe(session, NOWHERE)
    await tell_slice(session)
    await deliveries.dispatch(session, now=LATER)
    [slow] = await deliveries.claim(session, now=LATER, limit=9, policy=expired)
    [other] = await deliveries.claim(session, now=LATER, limit=9)
    given = Answer(9, status=late, error=None if late == 204 else "Ответ 500.")
    assert await deliveries.record(session, slow, given, now=LATER, chance=0) == state
    [delivery] = await queue_of(session, one)
    assert delivery.claimed_by == other.attempt_id
    failed = await send(other)
    assert await deliveries.record(session, other, failed, now=LATER, chance=0) == state
    outcomes = [made.outcome for made in await attempts_at(session, delivery)]
    assert outcomes == ["delivered" if late == 204 else "failed", "failed"]


async def test_a_retry_by_hand_in_the_middle_of_a_send_changes_nothing(
    session: AsyncSession,
) -> None:
    one = await subscribe(session, NOWHERE)
    await tell_slice(session)
    await deliveries.dispatch(session, now=LATER)
    [push] = await deliveries.claim(session, now=LATER, limit=9)
    [delivery] = await queue_of(session, one)
    await deliveries.retry(session, one.id, delivery.id, None, now=LATER + HOUR)
    await deliveries.record(session, push, await send(push), now=LATER, chance=0)
    [delivery] = await queue_of(session, one)
    assert (delivery.attempts_made, delivery.due_at) == (1, LATER + STANDARD.pauses[0])
    await deliveries.retry(session, one.id, delivery.id, None, now=LATER)
    assert (delivery.attempts_made, delivery.due_at) == (0, LATER)


async def test_receipts_are_forgotten_in_their_time_and_what_waits_never(
    session: AsyncSession,
) -> None:
    async with receiver(answer(204), answer(204), answer(500)) as platform:
        one = await subscribe(session, platform.url)
        await tell_slice(session)
        await work(session)
        await tell_standings(session, 1, "16")
        await work(session)
        await tell_slice(session)
        await work(session)
    await deliveries.forget(session, now=LATER + timedelta(days=8))
    kinds = [(made.kind, made.state) for made in await queue_of(session, one)]
    assert kinds == [("slice", "delivered"), ("slice", "pending")]
    await deliveries.forget(session, now=LATER + timedelta(days=401))
    assert [made.state for made in await queue_of(session, one)] == [DeliveryState.PENDING]


async def test_publishing_a_slice_twice_pushes_it_once(session: AsyncSession) -> None:
    async with receiver() as platform:
        await hear(session, FOUR)
        october = await freeze(session)
        await work(session)
        await subscribe(session, platform.url)
        for _ in range(2):
            await slices.publish(session, october.id, now=LATER)
        await work(session)
    assert [got.json["type"] for got in platform.got] == ["rating.slice.published.v1"]
