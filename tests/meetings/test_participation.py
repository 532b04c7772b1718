"""Who is expected at a meeting, and who answers for whom."""

from datetime import date
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.participation import Tenure
from services.meetings.repository import directory
from shared.events.directory import AppointmentEnded, ClusterChanged
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    MEETING_AT,
    appointment,
    cluster,
    cluster_id,
    hold,
    person_id,
    schedule,
)
from tests.meetings.participants import convene, seats_of


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, session: AsyncSession, secretary: Headers) -> str:
    return await convene(client, session, secretary)


async def test_who_is_expected_is_as_of_the_meetings_day(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession, meeting_id: str
) -> None:
    of_2022 = await schedule(client, secretary, series="cohort-2022")
    of_nobody = await schedule(client, secretary, series="other")
    # After the meeting one cluster closes, and the coordinator's tenure ends.
    late = NOW.replace(day=5)
    await directory.keep_clusters(
        session,
        [
            cluster(1, kind=ClusterChanged, version=3, status="closed").model_copy(
                update={"occurred_at": late}
            )
        ],
    )
    ended = appointment(1, "16", until="2023-10-05", kind=AppointmentEnded, version=2)
    await directory.keep_appointments(session, [ended])

    everyone = await seats_of(client, secretary, meeting_id)

    ids = [UUID(one["participant_id"]) for one in everyone]
    assert ids == [person_id(1), cluster_id(1), cluster_id(2), cluster_id(3)]
    assert [one["kind"] for one in everyone] == ["coordinator", *["cluster"] * 3]
    cohort = [one["participant_id"] for one in await seats_of(client, secretary, of_2022)]
    assert cohort == [str(person_id(1)), str(cluster_id(1)), str(cluster_id(3))]
    assert await seats_of(client, secretary, of_nobody) == []


async def test_a_region_sees_and_answers_for_its_own_and_a_foreign_row_is_a_404(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, meeting_id: str
) -> None:
    coordinator = token("coordinator", regions=["63"])
    own_cluster = token("cluster", clusters=[str(cluster_id(1))])
    path = f"/v1/meetings/{meeting_id}/rsvp"

    own = await client.post(
        path, headers=own_cluster, json={"participant_id": str(cluster_id(1)), "answer": "yes"}
    )
    foreign = [
        await client.post(path, headers=actor, json={"participant_id": str(id_), "answer": "yes"})
        for actor, id_ in (
            (coordinator, cluster_id(1)),
            (own_cluster, cluster_id(2)),
            (own_cluster, person_id(1)),
        )
    ]
    unexplained = await client.post(
        path, headers=coordinator, json={"participant_id": str(cluster_id(3)), "answer": "no"}
    )

    assert own.json()["answer"] == "yes"
    assert [(one.status_code, one.json()["code"]) for one in foreign] == [
        (404, "participant_not_found")
    ] * 3
    assert [one["field"] for one in foreign[0].json()["errors"]] == ["body.participant_id"]
    assert unexplained.json()["code"] == "reason_missing"
    seen = [one["participant_id"] for one in await seats_of(client, coordinator, meeting_id)]
    assert seen == [str(cluster_id(3))]
    assert len(await seats_of(client, own_cluster, meeting_id)) == 1
    association = token("association", industries=["himiya"])
    answer = await client.get(f"/v1/meetings/{meeting_id}/participants", headers=association)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")
    started = await client.post(
        path,
        headers=own_cluster | AFTER,
        json={"participant_id": str(cluster_id(1)), "answer": "tentative"},
    )
    assert started.json()["code"] == "rsvp_closed"


async def test_an_answer_is_to_the_time_it_was_given_for(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, meeting_id: str
) -> None:
    path, cluster = f"/v1/meetings/{meeting_id}", token("cluster", clusters=[str(cluster_id(1))])
    said = {"participant_id": str(cluster_id(1)), "answer": "no", "reason": "В среду занятия"}
    await client.post(f"{path}/rsvp", headers=cluster, json=said)

    async def answers() -> list[tuple[str | None, str | None]]:
        seats = await seats_of(client, cluster, meeting_id)
        return [(one["answer"], one["answer_reason"]) for one in seats]

    async def move(**moved: str) -> None:
        answer = await client.post(
            f"{path}/move", headers=secretary, json={"reason": "Перенос", **moved}
        )
        assert answer.status_code == 200, answer.text

    await move(starts_at=MEETING_AT, place="Другой зал")
    assert await answers() == [("no", "В среду занятия")]
    await move(starts_at="2023-10-05T10:00:00+03:00")
    assert await answers() == [(None, None)]

    thursday = {"X-Simulated-Now": "2023-10-05T12:00:00Z"}
    await client.post(f"{path}/hold", headers=secretary | thursday)
    file = {"file": ("list.csv", "Имя\r\nхимия поволжья\r\n".encode(), "text/csv")}
    read = await client.post(f"{path}/attendance/imports", headers=secretary, files=file)
    await client.post(
        f"/v1/attendance-imports/{read.json()['id']}/commit",
        headers=secretary | thursday,
        json={"mark_absent": True},
    )
    assert [one["attendance"] for one in await seats_of(client, cluster, meeting_id)] == ["absent"]


async def test_a_coordinator_of_two_regions_is_expected_for_both_and_answers_once(
    client: httpx.AsyncClient,
    token: Tokens,
    secretary: Headers,
    session: AsyncSession,
    meeting_id: str,
) -> None:
    # Person 1 coordinates region 16 and, since the day before, region 63 too.
    both = appointment(3, "63", since="2023-10-03").model_copy(update={"person_id": person_id(1)})
    await directory.keep_appointments(session, [both])
    of_16, of_63 = (token("coordinator", regions=[code]) for code in ("16", "63"))
    said = {"participant_id": str(person_id(1)), "answer": "yes"}

    answers = [
        await client.post(f"/v1/meetings/{meeting_id}/rsvp", headers=actor, json=said)
        for actor in (of_16, of_63)
    ]
    assert [(one.status_code, one.json()["region"]) for one in answers] == [
        (200, "16"),
        (200, "63"),
    ]
    for actor in (of_16, of_63, secretary):
        seats = await seats_of(client, actor, meeting_id)
        offices = [one for one in seats if one["kind"] == "coordinator"]
        assert {one["answer"] for one in offices} == {"yes"}
        assert len(offices) == len({one["region"] for one in seats})

    # In a conference's list it is one person, by either office.
    await hold(client, secretary, meeting_id)
    content = "Имя\r\nРегиональный координатор Самарская область\r\n".encode()
    file = {"file": ("list.csv", content, "text/csv")}
    path = f"/v1/meetings/{meeting_id}/attendance/imports"
    (row,) = (await client.post(path, headers=secretary, files=file)).json()["rows"]
    assert [one["participant_id"] for one in row["candidates"]] == [str(person_id(1))]
    assert row["candidates"][0]["name"].count("Региональный координатор") == 2


async def test_a_deputy_and_a_coordinator_answer_each_for_their_own_seat(
    client: httpx.AsyncClient,
    token: Tokens,
    secretary: Headers,
    session: AsyncSession,
    meeting_id: str,
) -> None:
    await directory.keep_appointments(session, [appointment(3, "16", office="deputy")])
    coordinator, deputy = (token(role, regions=["16"]) for role in ("coordinator", "deputy"))
    path = f"/v1/meetings/{meeting_id}/rsvp"

    async def answer(actor: Headers, id_: UUID) -> tuple[int, str]:
        said = {"participant_id": str(id_), "answer": "no", "reason": "Отпуск"}
        given = await client.post(path, headers=actor, json=said)
        return given.status_code, given.json().get("code") or given.json()["answer"]

    refused = [await answer(deputy, person_id(1)), await answer(coordinator, person_id(3))]
    seats = await seats_of(client, secretary, meeting_id)

    assert refused == [(403, "seat_of_another")] * 2
    assert {one["answer"] for one in seats} == {None}
    offices = {one["participant_id"]: one["offices"] for one in seats if one["region"] == "16"}
    assert offices == {
        str(person_id(1)): ["coordinator"],
        str(person_id(3)): ["deputy"],
        str(cluster_id(1)): [],
        str(cluster_id(2)): [],
    }
    # A region's clusters are both's to answer for, and anybody's seat is the centre's.
    for actor, id_ in (
        (deputy, person_id(3)),
        (coordinator, person_id(1)),
        (deputy, cluster_id(1)),
        (coordinator, cluster_id(2)),
        (secretary, person_id(1)),
        (token("cur_admin"), person_id(3)),
    ):
        assert await answer(actor, id_) == (200, "no")


async def test_who_holds_both_offices_answers_by_either_in_the_region_they_hold_it_in(
    client: httpx.AsyncClient, token: Tokens, session: AsyncSession, meeting_id: str
) -> None:
    # Person 1 coordinates region 16, is its own deputy, and a deputy in region 63.
    held = [appointment(number, code, office="deputy") for number, code in ((3, "16"), (4, "63"))]
    await directory.keep_appointments(
        session, [one.model_copy(update={"person_id": person_id(1)}) for one in held]
    )
    said = {"participant_id": str(person_id(1)), "answer": "yes"}

    answers = [
        await client.post(
            f"/v1/meetings/{meeting_id}/rsvp", headers=token(role, regions=regions), json=said
        )
        for role, regions in (
            ("coordinator", ["16"]),
            ("deputy", ["16"]),
            ("deputy", ["63"]),
            ("coordinator", ["16", "63"]),
            ("coordinator", ["63"]),
        )
    ]

    assert [(one.status_code, one.json().get("region")) for one in answers] == [
        (200, "16"),
        (200, "16"),
        (200, "63"),
        (200, "16"),
        (403, None),
    ]


def test_a_tenure_holds_on_its_first_and_last_day() -> None:

    tenure = Tenure(person_id(1), "16", "coordinator", date(2023, 10, 2), date(2023, 10, 4))

    held = [tenure.holds(date(2023, 10, day)) for day in range(1, 6)]
    assert held == [False, True, True, True, False]
