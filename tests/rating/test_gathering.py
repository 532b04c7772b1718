"""What gathers for a subscription: newest lines of standings, pauses, replays from the past."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.webhooks import (
    STANDARD,
    DeliveryState,
    SubscriptionStatus,
)
from services.rating.repository import announcements
from services.rating.service import subscriptions
from shared.events.rating import SlicePublished
from shared.ids import new_id
from shared.tables import OutboxRecord
from tests.rating.pushes import (
    queue_of,
    subscribe,
    tell_slice,
    tell_standings,
    work,
)
from tests.rating.slices import LATER
from tests.receiver import answer, receiver

HOUR: Final = timedelta(hours=1)


async def test_news_of_standings_gather_in_one_delivery_with_the_newest_lines(
    session: AsyncSession,
) -> None:
    async with receiver(answer(500)) as platform:
        one = await subscribe(session, platform.url)
        for revision in range(1, 6):
            await tell_standings(session, revision, "16", "54")
        await tell_standings(session, 6, "16")
        await work(session)
        for revision in range(7, 10):
            await tell_standings(session, revision, "77", "16")
            assert await work(session) == []
        await work(session, LATER + HOUR)
        await work(session, LATER + HOUR)
        assert await work(session, LATER + 2 * HOUR) == []
    first, again, second = platform.got
    assert (first.id, first.body) == (again.id, again.body)
    assert _lines(first.json) == {"16": 6, "54": 5}
    assert _lines(second.json) == {"16": 9, "77": 9}
    assert second.id != first.id
    assert [made.state for made in await queue_of(session, one)] == [DeliveryState.DELIVERED] * 2
    assert [made.body for made in await queue_of(session, one)] == [None, None]


def _lines(told: dict[str, object]) -> dict[str, int]:
    data = told["data"]
    assert isinstance(data, dict)
    assert all(one["event_id"] for one in data["items"])
    return {one["region"]: one["version"] for one in data["items"]}


async def test_a_long_backlog_is_read_at_once(session: AsyncSession) -> None:
    """After a long outage there are more events than a statement takes arguments."""
    await tell_standings(session, 1, "16")
    known = list((await session.exec(select(OutboxRecord.id))).all())
    ids = [new_id() for _ in range(40_000)]
    assert [one.id for one in await announcements.events_of(session, ids + known)] == known


async def test_only_the_regions_named_are_told_of(session: AsyncSession) -> None:
    async with receiver() as platform:
        await subscribe(session, platform.url, regions=["54"])
        await tell_standings(session, 1, "16")
        assert await work(session) == []
        await tell_standings(session, 2, "16", "54")
        await work(session)
    assert [_lines(got.json) for got in platform.got] == [{"54": 2}]


async def test_lines_of_a_delivery_that_failed_come_with_the_next(session: AsyncSession) -> None:
    once = replace(STANDARD, pauses=())
    async with receiver(answer(500)) as platform:
        one = await subscribe(session, platform.url)
        await tell_standings(session, 1, "16", "54")
        await work(session, policy=once)
        await tell_standings(session, 2, "16")
        await work(session, policy=once)
    assert _lines(platform.got[1].json) == {"54": 1, "16": 2}
    assert [made.state for made in await queue_of(session, one)] == ["failed", "delivered"]


async def test_many_lines_come_in_several_deliveries(session: AsyncSession) -> None:
    short = replace(STANDARD, most_lines=2)
    async with receiver() as platform:
        await subscribe(session, platform.url)
        await tell_standings(session, 1, "16", "54", "77")
        for _ in range(3):
            await work(session, policy=short)
    assert [sorted(_lines(got.json)) for got in platform.got] == [["16", "54"], ["77"]]


async def test_a_paused_one_gathers_and_sends_later(session: AsyncSession) -> None:
    async with receiver() as platform:
        one = await subscribe(session, platform.url, status=SubscriptionStatus.PAUSED)
        event = await tell_slice(session)
        await tell_standings(session, 1, "16")
        assert await work(session) == []
        await subscriptions.enable(session, one.id, None, expected=None)
        await work(session)
    assert event in platform.ids
    assert len(platform.got) == 2


async def test_a_disabled_one_gathers_no_slices_but_its_standings_catch_up(
    session: AsyncSession,
) -> None:
    async with receiver() as platform:
        one = await subscribe(session, platform.url, status=SubscriptionStatus.DISABLED)
        await tell_slice(session)
        await tell_standings(session, 1, "16")
        await work(session)
        assert await queue_of(session, one) == []
        await subscriptions.enable(session, one.id, None, expected=None)
        await work(session)
    assert [got.json["type"] for got in platform.got] == ["rating.standings.changed.v1"]


async def test_replay_sends_from_an_event_or_an_instant_under_the_same_ids(
    session: AsyncSession,
) -> None:
    async with receiver() as platform:
        one = await subscribe(session, platform.url)
        early = await tell_slice(session)
        late = await tell_slice(session, SlicePublished, occurred_at=LATER + HOUR)
        await tell_standings(session, 1, "16", "54")
        for _ in range(3):
            await work(session, LATER + HOUR)
        before = platform.ids
        assert {early, late} < set(before)

        async def again(event_id: str | None, since: datetime | None) -> tuple[int, list[str]]:
            platform.got.clear()
            found = await subscriptions.replay(
                session,
                one.id,
                None,
                event_id=UUID(event_id) if event_id else None,
                since=since,
                now=LATER + HOUR,
            )
            for _ in range(4):
                await work(session, LATER + HOUR)
            sent = [got.id for got in platform.got if "slice" in got.json["type"]]
            return found.deliveries, sent

        assert await again(early, None) == (2, [early, late])
        assert [_lines(got.json) for got in platform.got if got.id not in (early, late)] == [
            {"16": 1, "54": 1}
        ]
        assert await again(late, None) == (1, [late])
        assert await again(None, LATER + timedelta(minutes=1)) == (1, [late])
        assert await again(None, LATER + 2 * HOUR) == (0, [])
        assert platform.got == []
        of_standings = next(name for name in before if name not in (early, late))
        assert await again(of_standings, None) == (1, [late])
        assert _lines(platform.got[-1].json) == {"16": 1, "54": 1}
    with pytest.raises(subscriptions.EventUnknown):
        await again("0190c5a0-0000-7000-8000-000000000001", None)


async def test_what_waits_is_not_doubled_by_a_replay_and_keeps_the_order(
    session: AsyncSession,
) -> None:
    async with receiver(answer(204), answer(500)) as platform:
        one = await subscribe(session, platform.url, event_types=["rating.slice.frozen.v1"])
        first = await tell_slice(session)
        await work(session)
        second = await tell_slice(session)
        await work(session)
        replayed = await subscriptions.replay(
            session, one.id, None, event_id=UUID(first), since=None, now=LATER
        )
        assert replayed.deliveries == 1
        for _ in range(3):
            await work(session, LATER + HOUR)
    assert platform.ids == [first, second, first, second]
