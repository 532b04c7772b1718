"""Who came: marked by organisers, told to the rating, and summed to shares of regions."""

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.participation import share_bp
from shared.auth import Role
from shared.events.meetings import AttendanceRecorded
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.meetings.factories import AFTER, cluster_id, hold, schedule
from tests.meetings.participants import convene


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, session: AsyncSession, secretary: Headers) -> str:
    return await convene(client, session, secretary)


def _mark(number: int, attendance: str, note: str | None = None) -> dict[str, Any]:
    return {"participant_id": str(cluster_id(number)), "attendance": attendance, "note": note}


async def test_marks_make_shares_and_each_changed_region_is_told_of_once(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession, meeting_id: str
) -> None:
    path = f"/v1/meetings/{meeting_id}/attendance"
    early = await client.post(path, headers=secretary, json={"items": [_mark(1, "attended")]})
    await hold(client, secretary, meeting_id)
    actor = secretary | AFTER

    marks = [_mark(1, "late"), _mark(2, "absent"), _mark(3, "excused", "Паводок")]
    first = await client.post(path, headers=actor, json={"items": marks})
    again = await client.post(path, headers=actor, json={"items": marks})
    mended = await client.post(path, headers=actor, json={"items": [_mark(2, "attended")]})

    assert early.json()["code"] == "attendance_too_early"
    assert again.json() == first.json()
    assert [(one["region"], one["share_bp"]) for one in first.json()["regions"]] == [
        ("16", 5000),
        ("63", None),
    ]
    assert mended.json()["regions"][0]["share_bp"] == 10_000
    told = [
        json.loads(row.data)
        for row in await session.exec(
            select(OutboxRecord)
            .where(col(OutboxRecord.topic) == "meetings.attendance")
            .order_by(col(OutboxRecord.position))
        )
    ]
    assert [(one["region"], one["version"], one["attended"]) for one in told] == [
        ("16", 1, 0),
        ("63", 1, 0),
        ("16", 2, 1),
    ]
    assert told[0]["held_on"] == "2023-10-04"
    assert not any("person" in key for key in told[0])


async def test_the_share_of_a_region_is_over_the_days_asked_for(
    client: httpx.AsyncClient, secretary: Headers, meeting_id: str
) -> None:
    await hold(client, secretary, meeting_id)
    cohort = await schedule(client, secretary, series="cohort-2022", starts_at="2023-10-03T10:00Z")
    await hold(client, secretary, cohort)
    for id_, attendance in ((meeting_id, "attended"), (cohort, "absent")):
        await client.post(
            f"/v1/meetings/{id_}/attendance",
            headers=secretary | AFTER,
            json={"items": [_mark(1, attendance)]},
        )

    async def share(**query: str) -> list[Any]:
        answer = await client.get("/v1/attendance", headers=secretary, params=query)
        assert answer.status_code == 200, answer.text
        return [(one["meetings"], one["share_bp"]) for one in answer.json()["regions"]]

    october = {"from": "2023-10-01", "to": "2023-10-31"}
    assert await share(**october) == [(2, 5000)]
    assert await share(**october, series="unified") == [(1, 10_000)]
    assert await share(**{"from": "2023-10-04", "to": "2023-10-04"}) == [(1, 10_000)]
    assert await share(**{"from": "2023-11-01", "to": "2023-11-30"}) == []
    reversed_ = await client.get(
        "/v1/attendance",
        headers=secretary,
        params={"from": "2023-10-05", "to": "2023-10-04"},
    )
    assert reversed_.json()["code"] == "period_reversed"


async def test_a_meeting_that_broke_off_counts_nowhere_and_its_regions_hear_so(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession, meeting_id: str
) -> None:
    path, actor = f"/v1/meetings/{meeting_id}", secretary | AFTER
    await client.post(f"{path}/start", headers=actor)
    marks = [_mark(1, "absent"), _mark(2, "attended"), _mark(3, "absent")]
    marked = await client.post(f"{path}/attendance", headers=actor, json={"items": marks})
    cancelled = await client.post(f"{path}/cancel", headers=actor, json={"reason": "Нет связи"})
    october = {"from": "2023-10-01", "to": "2023-10-31"}

    assert (marked.status_code, cancelled.status_code) == (200, 200)
    summary = await client.get("/v1/attendance", headers=secretary, params=october)
    shown = await client.get(f"{path}/attendance", headers=secretary)
    assert (summary.json()["regions"], shown.json()["regions"]) == ([], [])
    told = [
        AttendanceRecorded.model_validate_json(row.data)
        for row in await session.exec(
            select(OutboxRecord)
            .where(col(OutboxRecord.topic) == "meetings.attendance")
            .order_by(col(OutboxRecord.position))
        )
    ]
    counts = [(one.region, one.version, one.expected, one.attended, one.absent) for one in told]
    assert counts == [
        ("16", 1, 2, 1, 1),
        ("63", 1, 1, 0, 1),
        ("16", 2, 0, 0, 0),
        ("63", 2, 0, 0, 0),
    ]


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_is_half_up_and_grows_with_those_present(present: int, absent: int) -> None:
    share = share_bp(present, absent)

    if share is None:
        assert present + absent == 0
        return
    assert abs(share * (present + absent) - 10_000 * present) * 2 <= present + absent
    assert (share_bp(present + 1, absent) or 0) >= share >= (share_bp(present, absent + 1) or 0)


@pytest.mark.parametrize("role", Role)
async def test_only_organisers_mark_and_read_lists(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, meeting_id: str, role: Role
) -> None:
    await hold(client, secretary, meeting_id)
    path = f"/v1/meetings/{meeting_id}/attendance"
    actor = token(role) | AFTER
    file = {"file": ("list.csv", "Имя;Вход\r\nхимия поволжья;10:00\r\n".encode(), "text/csv")}

    answers = [
        await client.post(path, headers=actor, json={"items": [_mark(1, "attended")]}),
        await client.post(f"{path}/imports", headers=actor, files=file),
    ]
    reads = [
        await client.get(path, headers=actor),
        await client.get(
            "/v1/attendance", headers=actor, params={"from": "2023-10-01", "to": "2023-10-31"}
        ),
    ]

    writer = role in {Role.SECRETARY, Role.CUR_ADMIN}
    assert [one.status_code for one in answers] == ([200, 201] if writer else [403, 403])
    assert [one.status_code for one in reads] == [200, 200]
