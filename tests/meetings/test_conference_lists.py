"""A conference's list of who was there: read, matched with the expected, and then taken over."""

import io
from datetime import time

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.matching import Certainty, Matcher
from services.meetings.domain.participation import (
    AttendanceListUnreadable,
    Participant,
    ParticipantKind,
)
from services.meetings.service.conference_lists import ListRow, read_list
from tests.conftest import Headers
from tests.meetings.factories import AFTER, cluster_id, hold, person_id
from tests.meetings.participants import NAMES, convene, seats_of

LISTED = (
    "Список участников конференции;;\r\n"
    "Имя участника;Вход;Минут\r\n"
    "Татарстан, Машиностроение Прикамья (Иванов);04.10.2023 09:58:00;60\r\n"
    "Машиностроение Прикамья;04.10.2023 10:31:00;20\r\n"
    "химия поволжья;04.10.2023 10:25:00;35\r\n"
    "iPhone (Мария);04.10.2023 10:00:00;60\r\n"
    "легкая промышл;04.10.2023 10:00:00;60\r\n"
)


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, session: AsyncSession, secretary: Headers) -> str:
    return await convene(client, session, secretary)


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
    seats = {one["participant_id"]: one for one in await seats_of(client, secretary, meeting_id)}
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
