"""Rows lost, rows altered, older backups restored on either side: the same scores come back."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.local import postgres as local_postgres
from services.rating.domain.reconciliations import Outcome, Trigger
from services.rating.repository import positions
from services.rating.service import reconciliations
from shared.consumer import Consumer, share_of
from shared.db import transaction
from shared.event_router import EventRouter
from shared.events.directory import RegionChanged, RegionEvent
from tests.conftest import Tokens
from tests.rating.healing import ZONES, World, open_world
from tests.rating.test_attendance import told


@pytest.fixture(scope="module")
async def grown(server: local_postgres.Server, token: Tokens) -> AsyncIterator[World]:
    async with open_world(server, token) as world:
        await world.issue(60)
        await world.work(40)
        await world.work(40)
        await world.hear()
        yield world


@pytest.fixture
async def world(grown: World) -> World:
    """The same for all: each test leaves it whole, as the fixture proves to the next."""
    assert await grown.differences(grown.now) == []
    return grown


GHOSTS = (
    "insert into execution_versions select (json_populate_record(null::execution_versions,"
    " (to_jsonb(e) || jsonb_build_object('execution_id', gen_random_uuid()))::json)).*"
    " from executions e limit 5"
)
DAMAGE = {
    "some versions lost": "delete from execution_versions where hashtext(execution_id::text) > 0",
    "some of the newest lost": "delete from executions where hashtext(execution_id::text) > 0",
    "first versions lost": "delete from execution_versions where version = 1",
    "all lost, not the positions": "truncate executions, execution_versions",
    "newest altered": "update executions set done = null, returns = 4",
    "versions altered": "update execution_versions set weight = 3 where weight = 1",
    "versions in no region": "update execution_versions set region = '99' where region = '16'",
    "newest in no region": "update executions set region = '99' where region = '16'",
    "dated ahead": "update execution_versions set occurred_at = '2030-01-01' where version = 2",
    "numbered wrong": "update execution_versions set version = version + 10 where region = '77'",
    "standings altered": "update standings set numerator = numerator + 1",
    "executions that never were": GHOSTS,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
async def test_lost_and_altered_rows_are_put_right(world: World, damage: str) -> None:
    before, rows = await world.standings(), await world.versions()
    await world.sql("rating", damage)
    assert (await world.standings(), await world.versions()) != (before, rows)

    done = await world.reconcile()

    assert done.outcome is (Outcome.SAME if "standings" in damage else Outcome.HEALED)
    assert await world.standings() == before
    assert await world.versions() == rows


async def test_what_was_healed_is_recorded_region_by_region(world: World) -> None:
    [lost] = await world.sql(
        "rating",
        "select execution_id, count(*) as versions from execution_versions"
        " where region = '41' group by 1 order by 1 limit 1",
    )
    await world.sql(
        "rating", f"delete from execution_versions where execution_id = '{lost['execution_id']}'"
    )

    done = await world.reconcile()

    [region] = done.regions
    assert (done.outcome, region["region"]) == (Outcome.HEALED, "41")
    assert (done.versions_added, done.versions_changed, done.versions_removed) == (
        lost["versions"],
        0,
        0,
    )
    assert (done.executions, done.partitions, done.partitions_done) == (1, 1, 1)
    assert region["after"] == region["owner"] != region["before"]
    assert region["owner"]["executions"] == region["before"]["executions"] + 1
    assert (await world.recorded())[0].id == done.id


async def test_where_nothing_differs_nothing_is_heard_anew(world: World) -> None:
    done = await world.reconcile()
    assert (done.outcome, done.partitions, done.regions) == (Outcome.SAME, 0, [])
    assert done.as_of is not None


async def test_scheduled_ones_wait_for_the_rating_and_leave_no_heap_behind(world: World) -> None:
    sessions = world.sessions["rating"]
    world.later(minutes=5)
    async with transaction(sessions) as session:
        assert not await reconciliations.schedule(session, now=world.now), "it is behind"
    await world.announce("assignments")
    await world.hear()
    for _ in range(3):
        async with transaction(sessions) as session:
            assert await reconciliations.schedule(session, now=world.now)
        assert await reconciliations.advance(sessions, world.client, world.clock)
    scheduled = [one for one in await world.recorded() if one.trigger is Trigger.SCHEDULE]
    assert [one.outcome for one in scheduled] == [Outcome.SAME]


async def test_a_rating_put_back_goes_on_from_where_it_was_then(world: World) -> None:
    await world.back_up("rating")
    await world.issue(10)
    await world.work(20)
    await world.hear()
    before, rows = await world.standings(), await world.versions()

    await world.restore("rating")
    assert await world.versions() != rows
    await world.hear()

    assert await world.standings() == before
    assert await world.versions() == rows
    assert (await world.reconcile()).outcome is Outcome.SAME


@pytest.mark.parametrize(
    ("lost", "told"),
    [((5, 10), (0, 0)), ((5, 10), (2, 3)), ((5, 10), (5, 10)), ((5, 10), (40, 60))],
    ids=["nothing new", "fewer than lost", "as many as lost", "more than lost"],
)
async def test_assignments_put_back_number_other_events_the_same(
    world: World, lost: tuple[int, int], told: tuple[int, int]
) -> None:
    await world.back_up("assignments")
    world.later(minutes=1)
    await world.issue(lost[0])
    await world.work(lost[1])
    await world.hear()

    await world.restore("assignments")
    world.later(minutes=5)
    if any(told):
        await world.issue(told[0])
        await world.work(told[1])
    else:
        await world.announce("assignments")
    await world.hear()

    assert await world.differences(world.now) == []
    assert {one for one, *_ in await world.versions()} == set(map(str, world.told))
    newest = (await world.recorded())[0]
    assert (newest.trigger, newest.outcome) == (Trigger.REPLACED_LOG, Outcome.HEALED)
    assert newest.versions_removed + newest.versions_changed > 0
    assert (await world.reconcile()).outcome is Outcome.SAME


async def test_a_month_frozen_stays_though_assignments_are_put_back(world: World) -> None:
    await world.back_up("assignments")
    await world.work(30)
    world.later(days=31)
    await world.announce("assignments")
    await world.announce("directory")
    await world.hear()
    frozen = await world.freeze()
    assert len(frozen) > len(ZONES)

    await world.restore("assignments")
    await world.issue(30)
    await world.work(60)
    await world.hear()

    assert await world.differences(world.now) == []
    assert await world.freeze() == frozen


async def test_both_put_back_from_different_days(world: World) -> None:
    for first, second in (("rating", "assignments"), ("assignments", "rating")):
        await world.back_up(first)
        world.later(hours=1)
        await world.work(15)
        await world.hear()
        await world.back_up(second)
        world.later(hours=1)
        await world.work(15)
        await world.hear()
        await world.restore(first)
        await world.restore(second)
        world.later(hours=1)
        await world.work(25)
        await world.hear()
        assert await world.differences(world.now) == []
        assert (await world.reconcile()).outcome is Outcome.SAME


async def test_until_a_replaced_log_is_announced_the_rating_claims_nothing(world: World) -> None:
    await world.back_up("assignments")
    world.later(minutes=1)
    await world.work(30)
    await world.hear()
    await world.restore("assignments")
    await world.sql("assignments", "update outbox_fence set announced = null, through = null")
    await world.hear()
    async with transaction(world.sessions["rating"]) as session:
        assert await positions.complete_through(session) is None
    await world.announce("assignments")
    await world.hear()


async def test_a_rebuild_gives_the_same_rows_and_leaves_what_is_nobodys_copy(world: World) -> None:
    before, rows, frozen = await world.standings(), await world.versions(), await world.freeze()
    positions = "select * from consumer_positions order by topic, partition"
    was = await world.sql("rating", positions)
    for damage in (
        "truncate executions, execution_versions",
        "delete from regions where code in ('16', '77')",
        "update regions set timezone = 'Asia/Kamchatka'",
        "insert into clusters values (gen_random_uuid(), 'x', 'x', '16', 'x', 2022, 'active', 9)",
        "update standings set weight = 0",
    ):
        await world.sql("rating", damage)

    done = await world.reconcile(rebuild=True)

    assert (done.outcome, done.partitions_done, done.partitions) == (Outcome.HEALED, 12, 12)
    assert await world.standings() == before
    assert await world.versions() == rows
    assert await world.freeze() == frozen
    assert await world.sql("rating", "select * from clusters") == []
    now = await world.sql("rating", positions)
    # None is lost or moved; a rebuild opens those of partitions that nothing has come of.
    assert [one for one in now if one in was] == was
    assert {one["seq"] for one in now if one not in was} <= {0}


async def test_a_rebuild_beside_a_worker_that_hears_and_a_board_that_looks(world: World) -> None:
    await world.standings()
    rebuilding = asyncio.create_task(world.reconcile(rebuild=True))
    looks = 0
    while not rebuilding.done():
        await world.work(5)
        await world.hear()
        [row] = await world.sql("rating", "select count(*) from standings where weight > 0")
        assert row["count"] >= len(ZONES) - 1, "the board would be empty"
        looks += 1
    await rebuilding
    assert looks > 1
    assert await world.differences(world.now) == []
    assert (await world.reconcile()).outcome is Outcome.SAME


async def test_attendance_comes_back_by_a_rebuild_and_follows_meetings_put_back(
    world: World,
) -> None:
    async def mark(*marks: tuple[int, int, int]) -> None:
        """Meeting, version of what is told of it, how many were absent."""
        events = [
            told(version, meeting, absent=absent, occurred_at=world.now)
            for meeting, version, absent in marks
        ]
        await world.tell("meetings", *events)
        await world.hear()

    async def kept() -> list[tuple[int, int, int]]:
        table = "select meeting_id, version, absent from attendance_versions order by 1, 2"
        return [
            (UUID(str(one)).int, version, absent)
            for one, version, absent in await world.sql("rating", table)
        ]

    await mark((1, 1, 5), (2, 1, 6))
    await world.sql("rating", "update attendance_versions set absent = 9, version = version + 1")
    await world.reconcile(rebuild=True)
    assert await kept() == [(1, 1, 5), (2, 1, 6)]

    await world.back_up("meetings")
    await mark((1, 2, 7), (3, 1, 8))
    assert await kept() == [(1, 1, 5), (1, 2, 7), (2, 1, 6), (3, 1, 8)]
    await world.restore("meetings")
    world.later(minutes=1)
    await mark((1, 2, 4))
    assert await kept() == [(1, 1, 5), (1, 2, 4), (2, 1, 6)]


async def test_who_compares_by_version_hears_a_replaced_log_from_its_first_event(
    world: World,
) -> None:
    router, heard = EventRouter(), list[str]()

    @router.on(RegionEvent)
    async def note(session: AsyncSession, events: Sequence[RegionEvent]) -> None:
        heard.extend(f"{event.code}-{event.version}" for event in events)

    async def listen() -> None:
        streams = share_of(["directory.regions"], index=0, count=1)
        consumer = Consumer(
            router, world.sessions["assignments"], world.client, streams, world.clock
        )
        await consumer.load()
        await consumer.catch_up()

    def renamed(version: int) -> RegionChanged:
        facts = {"name": "x", "short_name": "x", "federal_district": "x", "timezone": "UTC"}
        return RegionChanged(version=version, occurred_at=world.now, code="16", **facts)

    await world.back_up("directory")
    await world.tell("directory", renamed(2))
    await listen()
    assert sorted(heard) == sorted([*(f"{code}-1" for code in ZONES), "16-2"])
    heard.clear()
    await world.restore("directory")
    world.later(minutes=1)
    await world.tell("directory", renamed(3))
    await listen()
    assert "16-3" in heard
    assert "16-1" in heard, "from the first"
