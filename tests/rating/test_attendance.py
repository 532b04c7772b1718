"""Attendance at meetings: heard in any order, shown as of any instant, and of no weight."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.keeping import _refresh, _Told
from services.rating.board.live import Board
from services.rating.board.serving import PATH
from services.rating.consumers import events, keep_attendance
from services.rating.domain.attendance import UNTOLD, Attendance
from services.rating.domain.periods import Period
from services.rating.models import AttendanceVersion
from services.rating.repository import positions
from services.rating.repository.attendance import attendance_in
from services.rating.repository.renewals import renew_attendance
from services.rating.service import slices
from services.rating.service.standings import score
from shared.clock import Clock
from shared.events.base import PARTITIONS, partition_of
from shared.events.meetings import AttendanceRecorded
from tests.conftest import Headers, Tokens, sessions_of
from tests.rating.facts import OCTOBER
from tests.rating.slices import ENDED, LATER, NOW_AT, freeze, heard_through
from tests.rating.test_domain import FOUR
from tests.rating.test_pages import board as board
from tests.rating.test_pages import pages as pages
from tests.rating.test_ready_board import statements as statements
from tests.rating.world import hear

SAMPLE: Final = Path(__file__).parents[1] / "contracts/samples/meetings.attendance.recorded.v1.json"
WEDNESDAY: Final = date(2023, 10, 4)
MARKED: Final = datetime(2023, 10, 4, 12, tzinfo=UTC)
WEEK: Final = timedelta(days=7)


def told(
    version: int = 1, meeting: int = 1, region: str = "16", **facts: Any
) -> AttendanceRecorded:
    """Nine were expected on the Wednesday of that number; nobody is marked yet."""
    values: dict[str, Any] = {
        "version": version,
        "occurred_at": MARKED + (meeting - 1) * WEEK + timedelta(minutes=version),
        "meeting_id": UUID(int=meeting),
        "region": region,
        "series": "unified",
        "held_on": WEDNESDAY + (meeting - 1) * WEEK,
        "expected": 9,
        **dict.fromkeys(("attended", "late", "excused", "absent"), 0),
    }
    return AttendanceRecorded.model_validate(values | facts)


async def versions(session: AsyncSession) -> list[tuple[UUID, str, int]]:
    rows = await session.exec(select(AttendanceVersion))
    return sorted((row.meeting_id, row.region, row.version) for row in rows)


@pytest.mark.parametrize(
    ("present", "absent", "share"),
    [(0, 0, None), (0, 3, 0), (6, 2, 7500), (1, 2, 3333), (2, 1, 6667), (9, 0, 10000)],
)
def test_a_share_is_of_those_who_count_and_of_nobody_there_is_none(
    present: int, absent: int, share: int | None
) -> None:
    assert Attendance(1, present, absent).share_bp == share


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(1, 99))
def test_one_more_who_came_never_lowers_a_share(present: int, absent: int, more: int) -> None:
    before = Attendance(1, present, absent).share_bp
    after = Attendance(1, present + more, absent).share_bp
    assert after is not None
    assert 0 <= (before or 0) <= after <= 10_000


async def test_the_stored_sample_of_the_contract_is_counted(session: AsyncSession) -> None:
    sample = AttendanceRecorded.model_validate_json(SAMPLE.read_bytes())
    await keep_attendance(session, [sample])
    found = await attendance_in(session, OCTOBER)
    assert found == {"16": Attendance(meetings=1, present=6, absent=2)}
    assert found["16"].share_bp == 7500


@pytest.mark.parametrize("order", list(permutations([0, 1, 2, 2])))
async def test_the_newest_counts_in_whatever_order_and_number_it_is_told(
    session: AsyncSession, order: tuple[int, ...]
) -> None:
    said = [
        told(1, attended=1, absent=8),
        told(2, attended=7, late=1, absent=1),
        told(3, attended=5, late=1, excused=1, absent=2),
    ]
    for one in order:
        await keep_attendance(session, [said[one]])
    await keep_attendance(session, said)

    assert await attendance_in(session, OCTOBER) == {"16": Attendance(1, 6, 2)}
    assert await versions(session) == [(UUID(int=1), "16", number) for number in (1, 2, 3)]


async def test_a_period_adds_up_its_own_meetings(session: AsyncSession) -> None:
    await keep_attendance(
        session,
        [
            told(meeting=1, attended=3, absent=1),
            told(meeting=2, attended=2, late=1, absent=1, excused=5),
            told(meeting=3, region="77", absent=2),
            told(meeting=5, attended=9),  # of 1 November
            # Nobody has been marked, or all are excused: no meeting that says anything.
            told(meeting=4),
            told(meeting=4, region="77", excused=4),
        ],
    )
    assert await attendance_in(session, OCTOBER) == {
        "16": Attendance(2, 6, 2),
        "77": Attendance(1, 0, 2),
    }
    quarter = await attendance_in(session, Period.parse("2023-Q4"))
    assert quarter["16"] == Attendance(3, 15, 2)
    assert await attendance_in(session, Period.parse("2023-09")) == {}

    moved = told(2, meeting=3, region="77", absent=2, held_on=date(2023, 11, 1))
    await keep_attendance(session, [moved])
    assert "77" not in await attendance_in(session, OCTOBER)
    assert (await attendance_in(session, Period.parse("2023-11")))["77"] == Attendance(1, 0, 2)


async def test_an_instant_sees_what_was_told_by_then(session: AsyncSession) -> None:
    first, mended = told(1, attended=1, absent=3), told(2, attended=4)
    # Called off afterwards: whoever was marked is taken back.
    gone = told(3)
    await keep_attendance(session, [gone, first, mended])

    async def seen(as_of: datetime | None) -> Attendance:
        return (await attendance_in(session, OCTOBER, as_of)).get("16", UNTOLD)

    assert await seen(first.occurred_at - timedelta(seconds=1)) == UNTOLD
    assert await seen(first.occurred_at) == Attendance(1, 1, 3)
    assert await seen(mended.occurred_at) == Attendance(1, 4, 0)
    assert await seen(gone.occurred_at) == await seen(None) == UNTOLD


async def test_it_is_heard_but_no_score_and_no_slice_waits_for_it(session: AsyncSession) -> None:
    assert AttendanceRecorded.topic in events.topics
    assert AttendanceRecorded.topic not in events.urgent
    await heard_through(session, LATER)
    await heard_through(session, None, AttendanceRecorded.topic)
    assert await positions.complete_through(session) == LATER
    await hear(session, FOUR)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert frozen.frozen_at == LATER


async def test_a_partition_heard_anew_has_what_was_heard_and_others_stay(
    session: AsyncSession,
) -> None:
    here = partition_of("16")
    kept, changed, ghost = told(1, absent=1), told(2, absent=2), told(1, meeting=2, attended=9)
    await keep_attendance(session, [kept, changed, ghost])
    await renew_attendance(session, (here + 1) % PARTITIONS, [])
    assert len(await versions(session)) == 3

    # Another log: its second version says otherwise, and of the second meeting it knows nothing.
    await renew_attendance(session, here, [kept, told(2, attended=3)])
    session.expunge_all()
    assert await attendance_in(session, OCTOBER) == {"16": Attendance(1, 3, 0)}
    assert await versions(session) == [(UUID(int=1), "16", 1), (UUID(int=1), "16", 2)]
    await renew_attendance(session, here, [])
    session.expunge_all()
    assert await versions(session) == []


@pytest.fixture
def auditor(token: Tokens) -> Headers:
    return token("auditor") | NOW_AT


async def test_it_is_in_the_rating_and_in_an_explanation_and_moves_no_score(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers
) -> None:
    await hear(session, FOUR)
    query = {"period": "2023-10", "as_of": "2023-10-31T20:00:00Z"}
    before = (await client.get(f"{PATH}/16/explanation", params=query, headers=auditor)).json()
    assert (before["item"]["attendance_bp"], before["item"]["meetings"]) == (None, 0)

    await keep_attendance(session, [told(attended=2, late=1, excused=5, absent=1)])

    after = (await client.get(f"{PATH}/16/explanation", params=query, headers=auditor)).json()
    assert (after["item"]["attendance_bp"], after["item"]["meetings"]) == (7500, 1)
    shown = {"attendance_bp": None, "meetings": 0}
    assert after | {"item": after["item"] | shown} == before
    one = (await client.get(f"{PATH}/16", params=query, headers=auditor)).json()
    assert one["item"] == after["item"]
    lines = (await client.get(PATH, params=query)).json()["items"]
    assert [line["attendance_bp"] for line in lines if line["region"] != "16"] == [None] * 3
    earlier = query | {"as_of": MARKED.isoformat()}
    then = (await client.get(f"{PATH}/16", params=earlier, headers=auditor)).json()
    assert then["item"]["attendance_bp"] is None


async def test_a_slice_shows_what_was_told_by_its_end_and_its_hash_is_of_none_of_it(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers
) -> None:
    await hear(session, FOUR)
    in_time = told(1, meeting=4, attended=3, absent=1, occurred_at=ENDED - timedelta(seconds=1))
    late = told(2, meeting=4, attended=4, occurred_at=ENDED + timedelta(seconds=1))
    frozen = await freeze(session)
    hashes = (frozen.inputs_hash, frozen.result_hash)
    # Heard after the month was frozen, and told before it ended.
    await keep_attendance(session, [late, in_time])

    whole = (await client.get(f"/v1/slices/{frozen.id}")).json()
    shown = {row["region"]: (row["attendance_bp"], row["meetings"]) for row in whole["items"]}
    assert (shown["16"], shown["77"]) == ((7500, 1), (None, 0))
    assert (whole["inputs_hash"], whole["result_hash"]) == hashes
    path = f"/v1/slices/{frozen.id}/regions/16/explanation"
    item = (await client.get(path, headers=auditor)).json()["item"]
    assert item["attendance_bp"] == 7500
    replay = await client.get(f"/v1/slices/{frozen.id}/verification", headers=auditor)
    assert replay.json()["matches"] is True

    file = await client.get(f"/v1/slices/{frozen.id}/table.csv")
    [row] = [line for line in _csv(file) if line["Код региона"] == "16"]
    assert (row["Участие в совещаниях, %"], row["Совещаний"]) == ("75,00", "1")
    live = await client.get(f"{PATH}/table.csv", params={"period": "2023-10"}, headers=NOW_AT)
    [row] = [line for line in _csv(live) if line["Код региона"] == "16"]
    assert (row["Участие в совещаниях, %"], row["Совещаний"]) == ("100,00", "1")


def _csv(response: httpx.Response) -> list[dict[str, str]]:
    assert response.status_code == 200, response.text
    text = response.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text), delimiter=";"))


async def test_the_board_shows_it_as_soon_as_it_is_heard(
    session: AsyncSession, clock: Clock
) -> None:
    await hear(session, FOUR)
    await score(session, clock.now())
    found, heard = Board(), _Told()
    heard.hear()
    setting = await _refresh(sessions_of(session), found, clock, heard, None)
    revision = found.revision

    await keep_attendance(session, [told(attended=3, absent=1)])
    # What `keep_attendance` tells: more than that scores have changed.
    heard.hear()
    await _refresh(sessions_of(session), found, clock, heard, setting)

    assert found.snapshot is not None
    shown = {item["region"]: item["attendance_bp"] for item in found.snapshot.items}
    assert (shown["16"], shown["77"]) == (7500, None)
    assert found.revision > revision


async def test_the_board_is_told_of_what_is_new_and_of_nothing_twice(
    session: AsyncSession, statements: list[str]
) -> None:
    one = told(attended=3, absent=1)
    for times in (1, 1):
        await keep_attendance(session, [one])
        assert sum("pg_notify" in statement for statement in statements) == times


async def test_a_regions_page_says_the_share_and_that_it_weighs_nothing(
    pages: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, FOUR)
    nothing = await pages.get("/regions/16", headers=NOW_AT)
    assert "Участие в совещаниях месяца ещё не отмечено." in nothing.text

    await keep_attendance(
        session,
        [told(meeting=one, attended=2, late=1, absent=1) for one in (1, 2)]
        + [told(meeting=5, attended=4)],
    )
    await freeze(session)
    frozen = await pages.get("/regions/16", params={"period": "2023-10"}, headers=NOW_AT)
    assert "Участие кластеров в 2 совещаниях месяца: 75,0\N{NO-BREAK SPACE}%." in frozen.text
    assert "в балл участие не входит" in frozen.text
    marked = {"X-Simulated-Now": "2023-11-01T13:00:00Z"}
    running = await pages.get("/regions/16", params={"lang": "en"}, headers=marked)
    assert "at 1 meeting of the month: 100.0" in running.text
