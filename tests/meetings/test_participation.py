"""Who is expected, who answers, who came; a conference's list is matched and then taken over."""

import io
import json
from datetime import date, time
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.matching import Certainty, Matcher
from services.meetings.domain.participation import (
    AttendanceListUnreadable,
    Participant,
    ParticipantKind,
    Tenure,
    share_bp,
)
from services.meetings.repository import directory
from services.meetings.service.conference_lists import ListRow, read_list
from shared.auth import Role
from shared.events.directory import AppointmentEnded, ClusterChanged
from shared.events.meetings import AttendanceRecorded
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    MEETING_AT,
    appointment,
    cluster,
    cluster_id,
    hear_directory,
    hold,
    person_id,
    region,
    schedule,
)

NAMES = {
    1: "Кластер «Машиностроение Прикамья»",
    2: "Кластер «Химия Поволжья»",
    3: "Кластер «Лёгкая промышленность Самары»",
}


@pytest.fixture
def secretary(token: Tokens) -> Headers:
    return token("secretary")


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, secretary: Headers, session: AsyncSession) -> str:
    """A unified meeting at which clusters 1 and 2 of region 16 and 3 of region 63 are expected."""
    await hear_directory(session)
    await directory.keep_regions(
        session,
        [
            region("16", version=2, name="Республика Татарстан"),
            region("63", version=2, name="Самарская область"),
        ],
    )
    places: list[dict[str, Any]] = [{}, {"cohort": 2023}, {"region": "63"}]
    renamed = [
        cluster(number, kind=ClusterChanged, version=2, name=name, **facts)
        for (number, name), facts in zip(NAMES.items(), places, strict=True)
    ]
    await directory.keep_clusters(session, renamed)
    await directory.keep_appointments(
        session, [appointment(1, "16"), appointment(2, "63", until="2023-10-03")]
    )
    return await schedule(client, secretary)


async def _seats(client: httpx.AsyncClient, actor: Headers, meeting_id: str) -> list[Any]:
    answer = await client.get(f"/v1/meetings/{meeting_id}/participants", headers=actor)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found


def _mark(number: int, attendance: str, note: str | None = None) -> dict[str, Any]:
    return {"participant_id": str(cluster_id(number)), "attendance": attendance, "note": note}


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

    everyone = await _seats(client, secretary, meeting_id)

    ids = [UUID(one["participant_id"]) for one in everyone]
    assert ids == [person_id(1), cluster_id(1), cluster_id(2), cluster_id(3)]
    assert [one["kind"] for one in everyone] == ["coordinator", *["cluster"] * 3]
    cohort = [one["participant_id"] for one in await _seats(client, secretary, of_2022)]
    assert cohort == [str(person_id(1)), str(cluster_id(1)), str(cluster_id(3))]
    assert await _seats(client, secretary, of_nobody) == []


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
    assert unexplained.json()["code"] == "reason_missing"
    seen = [one["participant_id"] for one in await _seats(client, coordinator, meeting_id)]
    assert seen == [str(cluster_id(3))]
    assert len(await _seats(client, own_cluster, meeting_id)) == 1
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
        seats = await _seats(client, cluster, meeting_id)
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
    assert [one["attendance"] for one in await _seats(client, cluster, meeting_id)] == ["absent"]


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
        seats = await _seats(client, actor, meeting_id)
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


LISTED = (
    "Список участников конференции;;\r\n"
    "Имя участника;Вход;Минут\r\n"
    "Татарстан, Машиностроение Прикамья (Иванов);04.10.2023 09:58:00;60\r\n"
    "Машиностроение Прикамья;04.10.2023 10:31:00;20\r\n"
    "химия поволжья;04.10.2023 10:25:00;35\r\n"
    "iPhone (Мария);04.10.2023 10:00:00;60\r\n"
    "легкая промышл;04.10.2023 10:00:00;60\r\n"
)


async def test_a_conference_list_is_shown_with_its_guesses_and_then_taken_over(
    client: httpx.AsyncClient, secretary: Headers, meeting_id: str
) -> None:
    await client.post(
        f"/v1/meetings/{meeting_id}/rsvp",
        headers=secretary,
        json={"participant_id": str(person_id(1)), "answer": "no", "reason": "Болезнь"},
    )
    await hold(client, secretary, meeting_id)
    path = f"/v1/meetings/{meeting_id}/attendance"
    file = {"file": ("список.csv", LISTED.encode("cp1251"), "text/csv")}

    read = await client.post(f"{path}/imports", headers=secretary, files=file)
    assert read.status_code == 201, read.text
    untouched = await client.get(path, headers=secretary)
    unsure = [row for row in read.json()["rows"] if row["certainty"] != "sure"]
    commit = f"/v1/attendance-imports/{read.json()['id']}/commit"
    wrong = await client.post(
        commit,
        headers=secretary | AFTER,
        json={"corrections": [{"row": 99, "participant_id": None}]},
    )
    correction = {"row": unsure[-1]["row"], "participant_id": str(cluster_id(3))}
    taken = await client.post(commit, headers=secretary | AFTER, json={"corrections": [correction]})
    again = await client.post(commit, headers=secretary | AFTER, json={})

    by_name = {row["name"]: row for row in read.json()["rows"]}
    assert [row["row"] for row in read.json()["rows"]] == [3, 4, 5, 6, 7]
    assert by_name["химия поволжья"]["participant_id"] == str(cluster_id(2))
    assert by_name["химия поволжья"]["late"] is True
    assert by_name["iPhone (Мария)"]["certainty"] == "unknown"
    assert by_name["легкая промышл"]["certainty"] == "likely"
    assert by_name["легкая промышл"]["candidates"][0]["name"] == NAMES[3]
    assert untouched.json()["regions"] == []
    assert wrong.json()["code"] == "attendance_row_unknown"
    assert [
        (one["region"], one["attended"], one["late"], one["absent"])
        for one in taken.json()["regions"]
    ] == [("16", 1, 1, 0), ("63", 1, 0, 0)]
    assert again.json()["code"] == "attendance_import_committed"
    seats = {one["participant_id"]: one for one in await _seats(client, secretary, meeting_id)}
    coordinator = seats[str(person_id(1))]
    assert coordinator["attendance"] == "excused"
    assert coordinator["note"] == "Предупредили заранее: Болезнь"


def test_a_workbook_and_csv_of_any_encoding_read_the_same() -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    lines: list[list[str | None]] = [
        ["Имя", "Вход"],
        ["Кластер А", "10:15"],
        [None, None],
        ["  Кластер   Б ", ""],
    ]
    for line in lines:
        sheet.append(line)
    file = io.BytesIO()
    book.save(file)
    text = "\r\n".join("\t".join(str(cell or "") for cell in line) for line in lines)

    found = [
        read_list("list.xlsx", file.getvalue()),
        *(read_list("list.csv", text.encode(code)) for code in ("utf-16", "cp1251", "utf-8-sig")),
    ]

    assert found == [[ListRow(2, "Кластер А", time(10, 15)), ListRow(4, "Кластер Б", None)]] * 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("picture.png", b"\x89PNG\r\n\x1a\n\x00\x00"),
        ("broken.xlsx", b"PK\x03\x04 no archive"),
        ("headings.csv", "Имя;Вход\r\n".encode()),
        ("long.csv", b"a\n" * 2_001),
    ],
)
def test_a_file_that_is_no_list_is_refused(name: str, content: bytes) -> None:
    with pytest.raises(AttendanceListUnreadable):
        read_list(name, content)


@settings(deadline=None)
@given(st.text(max_size=80), st.integers(0, 2))
def test_matching_survives_any_name_and_knows_each_participants_own(noise: str, place: int) -> None:
    expected = [
        Participant(cluster_id(number), ParticipantKind.CLUSTER, "16", name)
        for number, name in NAMES.items()
    ]
    matcher = Matcher(expected, {"16": "Республика Татарстан"})

    guess = matcher.match(noise)
    own = matcher.match(expected[place].name)

    assert all(0 <= one.confidence <= 100 for one in guess.candidates)
    assert own.certainty is Certainty.SURE
    assert own.best is not None
    assert own.best.participant_id == expected[place].id


def test_two_alike_are_never_sure() -> None:
    expected = [
        Participant(cluster_id(number), ParticipantKind.CLUSTER, code, "Кластер «Агро»")
        for number, code in ((1, "16"), (2, "63"))
    ]
    matcher = Matcher(expected, {"16": "Республика Татарстан", "63": "Самарская область"})

    assert matcher.match("Агро").certainty is Certainty.LIKELY
    named = matcher.match("Самарская область Агро")
    assert named.certainty is Certainty.SURE
    assert named.best is not None
    assert named.best.participant_id == cluster_id(2)


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


def test_a_tenure_holds_on_its_first_and_last_day() -> None:

    tenure = Tenure(person_id(1), "16", "coordinator", date(2023, 10, 2), date(2023, 10, 4))

    held = [tenure.holds(date(2023, 10, day)) for day in range(1, 6)]
    assert held == [False, True, True, True, False]
