"""Series: no two meet the same people, their meetings are made ahead once, exceptions are kept."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.series import COHORTS, days, moment
from services.meetings.models import Meeting, MeetingSeries
from services.meetings.service import series as service
from shared.auth import Role
from shared.workdays import is_working_day
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import agenda_of, meeting_body, schedule, series_body

LAST_COHORT_DAY = date(2023, 10, 3)


async def _create(client: httpx.AsyncClient, actor: Headers, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/v1/series", headers=actor, json=series_body(**changes))
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _meetings(session: AsyncSession) -> list[Meeting]:
    found = list(await session.exec(select(Meeting).order_by(col(Meeting.starts_at))))
    session.expunge_all()
    return found


@settings(deadline=None)
@given(
    st.dates(date(2023, 1, 1), date(2024, 12, 31)),
    st.integers(0, 120),
    st.integers(0, 120),
    st.sampled_from(["FREQ=WEEKLY;BYDAY=WE", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO", "FREQ=MONTHLY"]),
)
def test_looking_in_two_steps_finds_the_same_days_as_looking_once(
    starts_on: date, first: int, second: int, rule: str
) -> None:
    middle, end = (starts_on + timedelta(days=n) for n in (first, first + second))

    def found(since: date, until: date) -> list[date]:
        bounds = {"since": since, "until": until, "skip_holidays": True}
        return list(days(rule, starts_on=starts_on, **bounds))  # type: ignore[arg-type]

    parts = found(starts_on, middle) + found(middle + timedelta(days=1), end)

    assert parts == found(starts_on, end)
    assert all(is_working_day(day) for day in parts)


def test_the_time_of_a_series_is_moscows() -> None:
    assert moment(date(2023, 10, 4), time(10), "Europe/Moscow") == datetime(
        2023, 10, 4, 7, tzinfo=UTC
    )


async def test_the_shipped_series_leave_no_gap_and_no_overlap_for_any_cohort(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    loaded = await client.post("/v1/series/load", headers=secretary)
    again = await client.post("/v1/series/load", headers=secretary)

    assert loaded.json() == {"created": 4, "unchanged": 0}
    assert again.json() == {"created": 0, "unchanged": 4}
    rows = list(await session.exec(select(MeetingSeries)))
    for cohort in (2022, 2023, 2024):
        own = [
            row for row in rows if (row.first_cohort or 0) <= cohort <= (row.last_cohort or 9999)
        ]
        own.sort(key=lambda row: row.starts_on)
        assert [row.ends_on for row in own] == [LAST_COHORT_DAY, None]
        assert own[1].starts_on == LAST_COHORT_DAY + timedelta(days=1)
        assert own[1].starts_on.strftime("%a") == "Wed"


@pytest.mark.parametrize(
    ("audience", "starts_on", "ends_on", "status"),
    [
        ("cohort-2022", "2023-10-10", None, 409),
        ("cohort-2024", "2023-09-01", "2023-10-04", 409),
        ("cohort-2024", "2023-09-01", "2023-10-03", 201),
        ("unified", "2023-10-04", "2023-10-31", 409),
        # Meetings of no series share no participants by rule.
        ("other", "2023-10-04", None, 201),
    ],
)
async def test_no_two_series_meet_the_same_participants(
    client: httpx.AsyncClient,
    secretary: Headers,
    audience: str,
    starts_on: str,
    ends_on: str | None,
    status: int,
) -> None:
    await _create(client, secretary)
    changes = {"code": "second", "audience": audience, "starts_on": starts_on, "ends_on": ends_on}

    answer = await client.post("/v1/series", headers=secretary, json=series_body(**changes))

    assert answer.status_code == status
    if status == 409:
        assert answer.json()["code"] == "series_overlap"
        assert len((await client.get("/v1/series", headers=secretary)).json()["items"]) == 1


async def test_meetings_are_made_ahead_once_in_moscow_and_not_on_holidays(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    template = [{"kind": "cross_cutting", "text": "Ход сквозных процессов"}]
    await _create(client, secretary, weeks_ahead=3, agenda_template=template)

    made = [await service.make_ahead(session, now=NOW) for _ in range(3)]
    later = await service.make_ahead(session, now=NOW + timedelta(days=88))

    assert made == [3, 0, 0]
    assert later == 2
    found = await _meetings(session)
    starts = [f"{row.starts_at:%m-%d %H:%M}" for row in found]
    # 3 January 2024 is a Wednesday nobody works on.
    wednesdays = ["10-04", "10-11", "10-18", "01-10", "01-17"]
    assert [start for start in starts if start[:5] in wednesdays] == [
        f"{day} 07:00" for day in wednesdays
    ]
    assert "01-03 07:00" not in starts
    agenda = await agenda_of(client, secretary, str(found[0].id))
    assert [(item["text"], item["origin"]) for item in agenda] == [
        ("Ход сквозных процессов", "template")
    ]


async def test_a_moved_meeting_stays_the_meeting_of_its_day(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    await _create(client, secretary, weeks_ahead=2)
    await service.make_ahead(session, now=NOW)
    first = str((await _meetings(session))[0].id)
    wanted = {"starts_at": "2023-10-05T12:00:00+03:00", "reason": "День учителя"}

    moved = await client.post(f"/v1/meetings/{first}/move", headers=secretary, json=wanted)
    await service.make_ahead(session, now=NOW + timedelta(days=1))

    assert moved.status_code == 200
    assert (moved.json()["sequence"], moved.json()["occurrence_on"]) == (1, "2023-10-04")
    read = (await client.get(f"/v1/meetings/{first}", headers=secretary)).json()
    assert [(move["to_at"], move["reason"]) for move in read["moves"]] == [
        ("2023-10-05T09:00:00Z", "День учителя")
    ]
    days_made = [row.occurrence_on for row in await _meetings(session)]
    assert days_made == sorted(set(filter(None, days_made)))


@pytest.mark.parametrize("made", [True, False])
async def test_a_day_that_is_left_out_has_no_meeting(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession, made: bool
) -> None:
    series_id = (await _create(client, secretary, weeks_ahead=2))["id"]
    if made:
        await service.make_ahead(session, now=NOW)
    exception = {"on_date": "2023-10-11", "reason": "Выездной день"}

    path = f"/v1/series/{series_id}/exceptions"
    answer = await client.post(path, headers=secretary, json=exception)
    again = await client.post(path, headers=secretary, json=exception)
    await service.make_ahead(session, now=NOW)

    assert answer.status_code == 201
    assert again.json()["code"] == "series_exception_exists"
    found = {str(row.occurrence_on): row for row in await _meetings(session)}
    if made:
        assert found["2023-10-11"].status == "cancelled"
        assert found["2023-10-11"].cancel_reason == "Выездной день"
    else:
        assert "2023-10-11" not in found
    read = (await client.get(f"/v1/series/{series_id}", headers=secretary)).json()
    assert [one["on_date"] for one in read["exceptions"]] == ["2023-10-11"]


async def test_ending_a_series_cancels_what_was_made_and_frees_the_days_that_follow(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    series = await _create(client, secretary, audience="cohort-2022", weeks_ahead=4)
    await service.make_ahead(session, now=NOW)

    ended = await client.post(
        f"/v1/series/{series['id']}/end",
        headers=secretary | {"If-Match": '"v1"'},
        json={"ends_on": "2023-10-11"},
    )
    stale = await client.post(
        f"/v1/series/{series['id']}/end",
        headers=secretary | {"If-Match": '"v1"'},
        json={"ends_on": "2023-10-11"},
    )
    following = await client.post(
        "/v1/series", headers=secretary, json=series_body(code="next", starts_on="2023-10-12")
    )

    assert ended.json()["ends_on"] == "2023-10-11"
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert following.status_code == 201
    statuses = [(row.occurrence_on, str(row.status)) for row in await _meetings(session)]
    assert [status for _, status in statuses] == [
        "scheduled",
        "scheduled",
        "cancelled",
        "cancelled",
    ]


async def test_a_series_that_goes_on_after_all_meets_again_on_the_days_it_had_given_up(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    series = await _create(client, secretary, weeks_ahead=3)
    path = f"/v1/series/{series['id']}"
    await service.make_ahead(session, now=NOW)
    by_hand = str((await _meetings(session))[0].id)
    reason = {"reason": "Нет кворума"}
    await client.post(f"/v1/meetings/{by_hand}/cancel", headers=secretary, json=reason)

    for last in ("2023-10-11", "2023-12-31"):
        ended = await client.post(f"{path}/end", headers=secretary, json={"ends_on": last})
        assert ended.status_code == 200, ended.text
        await service.make_ahead(session, now=NOW)

    found = await _meetings(session)
    standing = [f"{row.starts_at:%m-%d}" for row in found if row.status == "scheduled"]
    cancelled = [f"{row.starts_at:%m-%d}" for row in found if row.status == "cancelled"]
    assert standing == ["10-11", "10-18"]
    # What somebody called off stays so; what the end called off stays in calendars as cancelled.
    assert cancelled == ["10-04", "10-18"]


async def test_a_meeting_the_series_has_made_is_not_scheduled_again_by_hand(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    await _create(client, secretary)
    await service.make_ahead(session, now=NOW)

    answer = await client.post("/v1/meetings", headers=secretary, json=meeting_body())

    assert (answer.status_code, answer.json()["code"]) == (409, "occurrence_exists")


@pytest.mark.parametrize(
    ("by_hand", "series_days"),
    [
        ({}, ["10-11"]),
        ({"draft": True}, ["10-11"]),
        # Other people, another hour: another meeting.
        ({"series": "cohort-2022"}, ["10-04", "10-11"]),
        ({"starts_at": "2023-10-04T11:00:00+03:00"}, ["10-04", "10-11"]),
    ],
    ids=str,
)
async def test_a_meeting_entered_by_hand_is_not_made_again_by_the_series(
    client: httpx.AsyncClient,
    secretary: Headers,
    session: AsyncSession,
    by_hand: dict[str, Any],
    series_days: list[str],
) -> None:
    await schedule(client, secretary, **by_hand)
    await _create(client, secretary, weeks_ahead=2)

    await service.make_ahead(session, now=NOW)

    made = [row for row in await _meetings(session) if row.series_id is not None]
    assert [f"{row.starts_at:%m-%d}" for row in made] == series_days


async def test_a_meeting_called_off_by_hand_leaves_the_day_to_the_series(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    meeting_id = await schedule(client, secretary)
    reason = {"reason": "Назначит серия"}
    await client.post(f"/v1/meetings/{meeting_id}/cancel", headers=secretary, json=reason)
    await _create(client, secretary, weeks_ahead=1)

    assert await service.make_ahead(session, now=NOW) == 1


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"rule": "FREQ=DAILY"}, "recurrence_rule_invalid", "body.rule"),
        ({"rule": "каждую среду"}, "recurrence_rule_invalid", "body.rule"),
        ({"rule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"}, "series_empty", "body.rule"),
        ({"ends_on": "2023-10-03"}, "series_end_before_start", "body.ends_on"),
        ({"starts_on": "2023-10-05", "ends_on": "2023-10-06"}, "series_empty", "body.rule"),
        ({"audience": "everyone"}, "invalid_request", "body.audience"),
        ({"start_time": "10:00:00Z"}, "invalid_request", "body.start_time"),
        ({"weeks_ahead": 27}, "invalid_request", "body.weeks_ahead"),
        ({"starts_on": "2050-01-01"}, "invalid_request", "body.starts_on"),
    ],
    ids=str,
)
async def test_a_series_nobody_could_mean_is_refused(
    client: httpx.AsyncClient, secretary: Headers, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = await client.post("/v1/series", headers=secretary, json=series_body(**changes))

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("role", Role)
async def test_only_organisers_change_series_and_everyone_reads_them(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, role: Role
) -> None:
    series_id = (await _create(client, secretary, ends_on="2023-12-31"))["id"]
    actor = token(role)

    reads = [
        (await client.get(path, headers=actor)).status_code
        for path in ("/v1/series", f"/v1/series/{series_id}")
    ]
    writes = [
        await client.post(
            "/v1/series", headers=actor, json=series_body(code="b", audience="other")
        ),
        await client.post(
            f"/v1/series/{series_id}/exceptions",
            headers=actor,
            json={"on_date": "2023-10-11", "reason": "Нет кворума"},
        ),
        await client.post(
            f"/v1/series/{series_id}/end", headers=actor, json={"ends_on": "2023-10-31"}
        ),
        await client.post("/v1/series/load", headers=actor),
    ]

    assert reads == [200, 200]
    writer = role in {Role.SECRETARY, Role.CUR_ADMIN}
    expected = [201, 201, 200, 200] if writer else [403, 403, 403, 403]
    assert [answer.status_code for answer in writes] == expected


def test_every_audience_but_the_other_has_its_cohorts() -> None:
    assert COHORTS["unified"] == (2022, None)  # type: ignore[index]
    assert len(COHORTS) == 4
