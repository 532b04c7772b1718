"""The days' tallies: kept once they are final, equal to the rating as of each day's end."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from random import Random
from typing import Any, Final
from uuid import UUID

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.histories import course, day_end, last_ended
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, tally
from services.rating.models import ExecutionVersion, Region, TrendPoint
from services.rating.repository import facts as heard
from services.rating.repository import renewals, trends
from services.rating.repository.directory import keep_regions
from services.rating.repository.instants import changed_since
from services.rating.service import standings
from services.rating.service import trends as service
from services.rating.service.regions import rate_lines, rate_region, rate_regions
from shared.clock import date_in
from shared.events.assignments import ExecutionIssued
from shared.events.directory import RegionChanged
from tests.rating.facts import make_facts, many, number
from tests.rating.slices import ENDED, LATER, freeze, heard_through
from tests.rating.test_recompute import random_facts
from tests.rating.world import HEARD_AT, hear, say

ZONES: Final = {
    "16": "Europe/Moscow",
    "41": "Asia/Kamchatka",
    "54": "Asia/Novosibirsk",
    "77": "Europe/Moscow",
}
DAY: Final = timedelta(days=1)
MOMENTS = st.timedeltas(timedelta(), timedelta(days=60)).map(lambda gone: HEARD_AT + gone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2023-10-20T20:59:59", 19),  # in Moscow the 20th runs its last second
        ("2023-10-20T21:00:00", 20),
        ("2023-10-21T12:00:00", 20),  # in Kamchatka the 21st has just ended, in Moscow it has not
    ],
)
def test_a_day_has_ended_once_it_has_in_the_westernmost_zone(instant: str, day: int) -> None:
    assert last_ended(ZONES.values(), at(instant)) == date(2023, 10, day)


def test_a_day_is_of_a_month_a_quarter_and_a_year() -> None:
    assert [str(one) for one in Period.all_of(date(2023, 9, 30))] == ["2023-09", "2023-Q3", "2023"]
    assert [str(one) for one in Period.all_of(date(2023, 10, 1))] == ["2023-10", "2023-Q4", "2023"]


# The first example reads the calendar in.
@given(
    facts=many(most=15),
    told=st.lists(st.tuples(MOMENTS, st.integers(0, 4), st.integers(1, 9)), max_size=15),
    cut=st.integers(1, 40),
)
def test_days_continued_are_the_newest_facts_of_each_added_up(
    facts: list[Facts], told: list[tuple[datetime, int, int]], cut: int
) -> None:
    """Whatever the order in which versions came about, and whatever each of them says."""
    versions = [
        (when, replace(facts[index], execution_id=UUID(int=place), version=version))
        for index, (when, place, version) in enumerate(
            {(place, version): (when, place, version) for when, place, version in told}.values()
        )
        if index < len(facts)
    ]
    days = [date(2023, 9, 30) + gone * DAY for gone in range(45)]
    moments = [(day, day_end(day, "Europe/Moscow")) for day in days]
    rated = dict.fromkeys(Period.all_of(date(2023, 10, 1)), RERU_1)

    def newest(moment: datetime) -> list[Facts]:
        dated = sorted((one for when, one in versions if when <= moment), key=attrgetter("version"))
        return list({one.execution_id: one for one in dated}.values())

    expected = [
        {period: tally(newest(moment), period, RERU_1, day + DAY) for period in rated}
        for day, moment in moments
    ]
    whole = course(versions, moments, "Europe/Moscow", rated)
    assert [sums for _, _, sums in whole] == expected

    begun = moments[cut][1]
    rest = [(when, one) for when, one in versions if when > begun]
    continued = course(rest, moments[cut:], "Europe/Moscow", rated, newest(begun))
    assert [sums for _, _, sums in continued] == expected[cut:]


async def a_world(session: AsyncSession, seed: int) -> None:
    """Executions of four regions whose facts change many times from September to December."""
    random = Random(seed)
    await hear(session, [])
    for key in range(60):
        one = replace(random_facts(random, key), version=1, region=random.choice(list(ZONES)))
        moment = HEARD_AT - timedelta(days=random.randrange(30))
        for version in range(1, random.randint(2, 6)):
            now = replace(random_facts(random, key), version=version, region=one.region)
            await say(session, now, moment)
            moment += timedelta(seconds=random.randrange(30 * 86400))
    await session.flush()


@pytest.mark.parametrize("seed", [1, 2])
async def test_facts_as_of_an_instant_are_the_newest_told_by_then(
    session: AsyncSession, seed: int
) -> None:
    """Of what has moved since, of what has not, and at the very instants things were told."""
    await a_world(session, seed)
    told = (await session.exec(select(ExecutionVersion))).all()
    random = Random(seed)
    moments = [one.occurred_at for one in random.sample(told, 6)]
    moments += [moment - timedelta(microseconds=1) for moment in moments]
    for moment in [*moments, at("2023-08-01T00:00:00"), at("2024-03-01T00:00:00")]:
        by_then: dict[UUID, ExecutionVersion] = {}
        for one in sorted(told, key=attrgetter("version")):
            if one.occurred_at <= moment:
                by_then[one.execution_id] = one
        for name, waiting in (("2023-09", True), ("2023-10", False), ("2023-Q4", True)):
            period = Period.parse(name)
            expected = {
                (one.execution_id, one.version)
                for one in by_then.values()
                if one.due <= period.end
                and (
                    one.due >= period.start
                    or one.done is None
                    or one.done >= period.start
                    or (waiting and one.status == "forwarded")
                )
            }
            found = await heard.facts_as_of(session, period, moment, sorted(ZONES), waiting=waiting)
            facts = [one for of_region in found.values() for one in of_region]
            assert len(facts) == len(expected), (moment, name)
            assert {(one.execution_id, one.version) for one in facts} == expected


async def keep_all(session: AsyncSession, now: datetime) -> int:
    """Let the job work until nothing is left; how many times it kept something."""
    await heard_through(session, now)
    await trends.begin_marks(session)
    times = 0
    while await service.advance(session, now) is not None:
        times += 1
    return times


async def kept(session: AsyncSession) -> list[Any]:
    ordered = select(TrendPoint).order_by(
        col(TrendPoint.period), col(TrendPoint.day), col(TrendPoint.region)
    )
    return [one.model_dump() for one in await session.exec(ordered)]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_every_point_is_the_rating_as_of_the_end_of_the_regions_day(
    session: AsyncSession, seed: int
) -> None:
    await a_world(session, seed)
    # A month at a time.
    assert await keep_all(session, at("2023-11-20T05:00:00")) == 3

    for name in ("2023-09", "2023-10", "2023-11", "2023-Q3", "2023-Q4", "2023"):
        period = Period.parse(name)
        days = await trends.days_of(session, name)
        last = min(period.end, date(2023, 11, 19))
        assert list(days)[-1] == last, name
        for day in list(days)[:: 1 if period.is_month else 9]:
            tallies: dict[str, Tally] = {}
            for zone in set(ZONES.values()):
                rating, _ = await rate_regions(session, period, day_end(day, zone))
                tallies |= {
                    row.region.code: row.tally for row in rating.rows if row.region.timezone == zone
                }
            assert days[day] == tallies, (name, day)


@pytest.mark.parametrize("seed", [1, 2])
async def test_an_instant_worked_out_from_the_day_before_is_the_one_worked_out_from_all_facts(
    session: AsyncSession, seed: int
) -> None:
    """Where days are kept, where they are not, at their very ends, and after a late fact."""
    await a_world(session, seed)
    await keep_all(session, at("2023-11-20T05:00:00"))
    random = Random(seed)
    ends = [day_end(date(2023, 10, 10), zone) for zone in sorted(set(ZONES.values()))]
    told = await session.exec(select(ExecutionVersion.occurred_at))
    moments = [
        *ends,
        *(end + timedelta(microseconds=shift) for end in ends for shift in (-1, 1)),
        *random.sample(list(told), 4),
        *(at("2023-09-01T00:00:00") + random.random() * 90 * DAY for _ in range(5)),
    ]
    periods = [Period.parse(name) for name in ("2023-09", "2023-10", "2023-11", "2023-Q4", "2023")]
    from_kept = 0

    async def compare() -> None:
        nonlocal from_kept
        for period in periods:
            for moment in moments:
                whole, _ = await rate_regions(session, period, moment)
                assert await rate_lines(session, period, moment) == whole
                code = random.choice(list(ZONES))
                one, facts = await rate_region(session, code, period, moment)
                assert one == whole
                today = date_in(ZONES[code], moment)
                line = next(row for row in whole.rows if row.region.code == code)
                assert tally(facts, period, whole.methodology, today) == line.tally
                days = {code: (today - DAY, day_end(today - DAY, ZONES[code]))}
                from_kept += len(await changed_since(session, str(period), days, moment))

    await compare()
    known = (await session.exec(select(ExecutionVersion).limit(1))).one()
    late = replace(random_facts(random, 7), execution_id=known.execution_id, region=known.region)
    await heard.keep_facts(session, [issued(replace(late, version=90), at("2023-10-12T08:00:00"))])
    await compare()

    assert from_kept > 40


@pytest.mark.parametrize("seed", [4, 5])
async def test_kept_day_by_day_or_at_once_and_again_the_points_are_the_same(
    session: AsyncSession, seed: int
) -> None:
    await a_world(session, seed)
    for day in range(2, 25, 3):
        await keep_all(session, at(f"2023-10-{day:02}T22:00:00"))
    step_by_step = await kept(session)
    assert len(step_by_step) > 300

    await trends.reopen(session, ZONES, None)
    await keep_all(session, at("2023-10-23T22:00:00"))
    assert await kept(session) == step_by_step


async def test_a_day_waits_until_all_its_facts_are_heard(session: AsyncSession) -> None:
    await hear(session, [make_facts()])
    now = at("2023-10-20T22:00:00")
    assert await service.advance(session, now) is None  # how far it has heard is not known

    await heard_through(session, at("2023-10-10T20:59:59"))
    assert await service.advance(session, now) is None  # the marks
    assert await trends.reached(session) is None
    assert await service.advance(session, now) == date(2023, 10, 9)
    assert await service.advance(session, now) is None
    await heard_through(session, at("2023-10-10T21:00:00"))
    assert await service.advance(session, now) == date(2023, 10, 10)
    assert await trends.reached(session) == date(2023, 10, 10)
    assert await service.advance(session, now) is None


async def test_while_one_worker_is_at_it_another_does_nothing(
    session: AsyncSession, databases: Mapping[str, str]
) -> None:
    await hear(session, [make_facts()])
    await heard_through(session, LATER)
    other = await asyncpg.connect(databases["rating"])
    try:
        async with other.transaction():
            assert await other.fetchval("select pg_try_advisory_xact_lock($1)", trends.LOCK)
            assert await service.advance(session, LATER) is None
            assert await trends.marks(session) == {}
    finally:
        await other.close()
    assert await keep_all(session, LATER) == 1


def issued(one: Facts, when: datetime) -> ExecutionIssued:
    nothing = dict.fromkeys(ExecutionIssued.model_fields)
    return ExecutionIssued.model_validate({**nothing, **asdict(one), "occurred_at": when})


async def test_a_fact_heard_late_has_its_regions_days_worked_out_anew(
    session: AsyncSession,
) -> None:
    """As when a dead letter is replayed, or facts are reconciled."""
    await hear(session, [make_facts(region="77"), make_facts(execution_id=number(2))])
    await keep_all(session, LATER)
    before = await trends.days_of(session, "2023-10")
    debt = make_facts(execution_id=number(3), done=None, status="routed")

    await heard.keep_facts(session, [issued(debt, at("2023-10-10T08:00:00"))])

    assert await trends.reached(session) == date(2023, 10, 8)
    await keep_all(session, LATER)
    after = await trends.days_of(session, "2023-10")
    assert [day for day in before if before[day] != after[day]] == [
        date(2023, 10, day) for day in range(13, 32)
    ]
    assert all(before[day]["77"] == after[day]["77"] for day in before)

    # What is heard in time takes nothing back.
    await heard.keep_facts(session, [issued(replace(debt, version=9), LATER + DAY)])
    assert await trends.reached(session) == date(2023, 10, 31)


async def test_where_no_day_is_kept_yet_a_late_fact_leaves_none_out(session: AsyncSession) -> None:
    await hear(session, [make_facts()])
    await trends.begin_marks(session)
    await trends.reopen(session, ZONES, date(2023, 10, 8))
    assert {mark.through for mark in (await trends.marks(session)).values()} == {None}


async def test_a_region_in_another_zone_has_all_its_days_worked_out_anew(
    session: AsyncSession,
) -> None:
    await hear(session, [])
    late = make_facts(done=date(2023, 10, 17))
    await say(session, late, at("2023-10-16T14:00:00"))
    await keep_all(session, LATER)
    region = await session.get(Region, "16")
    assert region is not None
    told = region.model_dump() | {"occurred_at": LATER, "version": 2}

    await keep_regions(session, [RegionChanged.model_validate(told)])
    assert await trends.reached(session) == date(2023, 10, 31)  # nothing has moved
    told |= {"timezone": "Asia/Kamchatka", "version": 3}
    await keep_regions(session, [RegionChanged.model_validate(told)])
    session.expire_all()

    assert await trends.reached(session) is None
    before = await trends.days_of(session, "2023-10")
    assert before[date(2023, 10, 16)]["16"].executions == 1
    await keep_all(session, LATER)
    after = await trends.days_of(session, "2023-10")
    assert after[date(2023, 10, 16)]["16"].executions == 0


async def test_days_worked_out_again_after_a_rebuild_are_the_same(session: AsyncSession) -> None:
    await a_world(session, 6)
    await keep_all(session, LATER)
    before = await kept(session)

    await renewals.forget_derived(session)
    assert await kept(session) == []
    await keep_all(session, LATER)

    assert await kept(session) == before


async def test_everyone_reads_all_regions_days_with_places(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, [])
    for region, late in {"16": 0, "77": 2, "41": 5}.items():
        for key in range(3):
            one = make_facts(
                execution_id=UUID(int=int(region) * 10 + key),
                region=region,
                done=date(2023, 10, 13) + late * DAY,
            )
            await heard.keep_facts(session, [issued(one, HEARD_AT)])
    now = at("2023-10-20T05:00:00")
    await keep_all(session, now)
    await standings.score(session, now)
    headers = {"X-Simulated-Now": now.isoformat()}

    answer = await client.get("/v1/ratings/trends", headers=headers)

    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["period"], found["through"], found["mu_bp"]) == ("2023-10", "2023-10-19", 8000)
    points = {item["region"]: item["points"] for item in found["items"]}
    assert set(points) == set(ZONES)
    for code, region in points.items():
        assert [point["day"] for point in region] == [f"2023-10-{day:02}" for day in range(1, 21)]
        rating = await client.get(
            f"/v1/ratings/regions?as_of={now.isoformat().replace('+00:00', 'Z')}", headers=headers
        )
        row = next(one for one in rating.json()["items"] if one["region"] == code)
        assert region[-1] == {"day": "2023-10-20"} | {
            name: row[name] for name in ("raw_bp", "stabilised_bp", "zone", "place")
        }
    assert [points[code][12]["place"] for code in ("16", "77", "41", "54")] == [1, 2, 3, None]

    history = await client.get("/v1/ratings/regions/77/history", headers=headers)
    assert [
        {name: item[name] for name in points["77"][0]} for item in history.json()["items"]
    ] == points["77"]

    # A period nothing is known of has no points, and a wrong one is named.
    later = await client.get("/v1/ratings/trends?period=2024-Q1", headers=headers)
    assert later.json()["through"] is None
    assert {len(item["points"]) for item in later.json()["items"]} == {0}
    wrong = await client.get("/v1/ratings/trends?period=2023-13", headers=headers)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "period_invalid")
    more = await client.get("/v1/ratings/trends?as_of=2023-10-13T00:00:00Z", headers=headers)
    assert more.status_code == 422


async def test_a_history_has_a_point_per_slice_up_to_the_periods_end(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    facts = [make_facts(execution_id=number(key)) for key in range(1, 4)]
    await hear(session, facts)
    one = await freeze(session)
    assert one.cut_off == ENDED

    async def slices_of(period: str) -> list[Any]:
        found = await client.get(
            "/v1/ratings/regions/16/history",
            params={"period": period},
            headers={"X-Simulated-Now": LATER.isoformat()},
        )
        return list(found.json()["slices"])

    assert await slices_of("2023-09") == []
    [line] = await slices_of("2023-10")
    assert line == {
        "slice_id": str(one.id),
        "period": "2023-10",
        "revision": 0,
        "raw_bp": 10000,
        "stabilised_bp": 9000,
        "zone": "green",
        "place": 1,
        "frozen_at": LATER.isoformat().replace("+00:00", "Z"),
    }
    assert await slices_of("2023-11") == await slices_of("2023") == [line]
