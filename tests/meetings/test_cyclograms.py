"""Cyclograms: counting dates, what is due, drafts of items, files and the picture."""

from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree as XML

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.cyclograms import (
    Checkpoint,
    CheckpointKind,
    Offset,
    UnknownCheckpoint,
    due_within,
    timeline,
)
from services.meetings.service.cyclograms import checkpoints_due
from shared.auth import Role
from shared.workdays import is_working_day
from tests.conftest import Headers, Tokens
from tests.meetings.factories import draft, hear_directory, schedule


def _checkpoint(code: str, **changes: Any) -> Checkpoint:
    given = {
        "title": code,
        "owner": "Кластер",
        "kind": CheckpointKind.REPORT,
        "offset": Offset(),
        **changes,
    }
    return Checkpoint(code=code, **given)


@pytest.mark.parametrize(
    ("start", "offset", "expected"),
    [
        (date(2023, 9, 1), Offset(months=6), date(2024, 3, 1)),
        (date(2023, 8, 31), Offset(months=6), date(2024, 2, 29)),
        (date(2023, 12, 15), Offset(months=1, days=17), date(2024, 2, 1)),
        (date(2023, 9, 1), Offset(), date(2023, 9, 1)),
    ],
)
def test_months_come_first_and_a_shorter_month_ends_earlier(
    start: date, offset: Offset, expected: date
) -> None:
    assert offset.after(start) == expected


@given(
    start=st.dates(date(2022, 1, 1), date(2026, 12, 31)),
    offsets=st.lists(
        st.builds(Offset, months=st.integers(0, 36), days=st.integers(0, 60)), max_size=6
    ),
    days=st.integers(0, 92),
)
def test_every_date_is_worked_and_none_is_lost_between_two_looks(
    start: date, offsets: list[Offset], days: int
) -> None:
    checkpoints = [_checkpoint(f"c{n}", offset=offset) for n, offset in enumerate(offsets)]

    planned = timeline(checkpoints, 2023, start, {})

    assert [one.on for one in planned] == sorted(one.on for one in planned)
    assert all(is_working_day(one.on) and one.on <= one.nominal for one in planned)
    seen: list[str] = []
    day = start - timedelta(days=30)
    while day < start + timedelta(days=37 * 31 + 60):
        seen += [one.checkpoint.code for one in due_within(planned, day, days)]
        day += timedelta(days=days + 1)
    assert sorted(seen) == sorted(one.code for one in checkpoints)


def test_a_date_set_by_hand_stands_as_it_is_even_on_a_day_off() -> None:
    sunday = date(2023, 10, 8)
    (planned,) = timeline([_checkpoint("a")], 2023, date(2023, 9, 1), {"a": sunday})
    assert (planned.on, planned.nominal, planned.by_hand) == (sunday, date(2023, 9, 1), True)

    with pytest.raises(UnknownCheckpoint, match="«b»"):
        timeline([_checkpoint("a")], 2023, date(2023, 9, 1), {"b": sunday})


@pytest.fixture
async def secretary(client: httpx.AsyncClient, session: AsyncSession, token: Tokens) -> Headers:
    """The secretary, in a programme into which the examples have been loaded."""
    await hear_directory(session)
    loaded = await client.post("/v1/examples/load", headers=token("cur_admin"))
    assert loaded.json() == {"templates": 1, "cyclograms": 3, "processes": 6}
    return token("secretary")


async def test_the_examples_are_called_examples_and_loading_them_again_changes_nothing(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers
) -> None:
    again = await client.post("/v1/examples/load", headers=token("cur_admin"))
    found = [
        (await client.get(f"/v1/cyclograms/{cohort}", headers=secretary)).json()
        for cohort in (2022, 2023, 2024)
    ]

    assert again.json() == {"templates": 0, "cyclograms": 0, "processes": 0}
    assert {one["source"] for one in found} == {"Пример, не источник"}
    assert len({one["items"][-1]["on"] for one in found}) == 3


async def test_a_cohort_takes_a_newer_version_and_its_own_dates_and_the_old_one_stays(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    template = {
        "title": "Своя",
        "source": "Приказ",
        "checkpoints": [
            {
                "code": "report",
                "title": "Отчёт",
                "owner": "Кластер",
                "kind": "report",
                "offset": {"months": 1, "days": 3},
            }
        ],
    }
    made = await client.post("/v1/cyclogram-templates", headers=secretary, json=template)
    body = {"template": made.json()["version"], "starts_on": "2023-10-01", "dates": {}}
    path = "/v1/cyclograms/2023"

    moved = await client.put(path, headers=secretary | {"If-Match": '"v1"'}, json=body)
    stale = await client.put(path, headers=secretary | {"If-Match": '"v1"'}, json=body)
    by_hand = await client.put(
        path, headers=secretary, json=body | {"dates": {"report": "2023-11-10"}}
    )
    wrong = await client.put(path, headers=secretary, json=body | {"dates": {"x": "2023-11-10"}})
    missing = await client.put(path, headers=secretary, json=body | {"template": 99})

    assert (made.status_code, made.json()["version"]) == (201, 2)
    # 4 November is a holiday and a Saturday; the 3rd is worked.
    (item,) = moved.json()["items"]
    assert (item["nominal"], item["on"]) == ("2023-11-04", "2023-11-03")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert by_hand.json()["items"][0]["on"] == "2023-11-10"
    assert (wrong.status_code, wrong.json()["code"]) == (422, "unknown_checkpoint")
    assert (missing.status_code, missing.json()["code"]) == (404, "cyclogram_template_not_found")
    versions = (await client.get("/v1/cyclogram-templates", headers=secretary)).json()["items"]
    assert [one["version"] for one in versions] == [2, 1]


async def test_what_is_due_feeds_the_agenda_and_becomes_an_item_by_one_command(
    client: httpx.AsyncClient, session: AsyncSession, secretary: Headers
) -> None:
    due = await client.get("/v1/cyclograms/due?at=2024-02-28&days=14", headers=secretary)
    items = due.json()["items"]
    assert [(one["cohort"], one["code"], one["on"]) for one in items] == [
        (2023, "equipment", "2024-03-01"),
        (2023, "half-year", "2024-03-11"),
    ]
    known = await checkpoints_due(session, date(2024, 2, 28), 14)
    assert [one.checkpoint.code for one in known] == [one["code"] for one in items]
    protocol_id = await draft(client, secretary, await schedule(client, secretary))
    path = f"/v1/protocols/{protocol_id}/items/from-checkpoint"

    made = await client.post(
        path, headers=secretary, json={"cohort": 2023, "checkpoint": "equipment"}
    )
    nothing = await client.post(
        path, headers=secretary, json={"cohort": 2023, "checkpoint": "start"}
    )
    unknown = await client.post(path, headers=secretary, json={"cohort": 2023, "checkpoint": "x"})
    nobody = await client.post(path, headers=secretary, json={"cohort": 2050, "checkpoint": "x"})

    assert made.status_code == 201, made.text
    assert (made.json()["due_on"], made.json()["priority"]) == ("2024-03-01", "urgent")
    assert made.json()["addressees"]["cohorts"] == [2023]
    assert [(one.status_code, one.json()["code"]) for one in (nothing, unknown, nobody)] == [
        (409, "checkpoint_without_draft"),
        (404, "checkpoint_not_found"),
        (404, "cyclogram_not_found"),
    ]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_the_command_is_no_item_called_so(
    client: httpx.AsyncClient, secretary: Headers, method: str
) -> None:
    path = "/v1/protocols/0190c5a0-0000-7000-8000-000000000100/items/from-checkpoint"

    wrong = await client.request(method, path, headers=secretary)

    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")


async def test_a_frozen_agenda_holds_what_is_due_for_the_cohorts_that_meet(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    said = {}
    for series in ("unified", "cohort-2022"):
        meeting_id = await schedule(
            client, secretary, series=series, starts_at="2024-02-28T10:00:00+03:00"
        )
        path = f"/v1/meetings/{meeting_id}"
        frozen = await client.post(f"{path}/agenda/freeze", headers=secretary)
        assert frozen.status_code == 200, frozen.text
        agenda = (await client.get(path, headers=secretary)).json()["agenda"]
        said[series] = [one["text"] for one in agenda if one["kind"] == "cross_cutting"]

    assert said["cohort-2022"] == []
    assert said["unified"] == [
        "Мастерские и оборудование: Оборудование закуплено — победители 2023 года, 01.03.2024,"
        " выполнили 0 из 1",
        "Финансирование и отчётность: Освоено 50 % средств — победители 2023 года, 01.03.2024,"
        " выполнили 0 из 1",
        "Циклограмма 2023 года отбора: Оборудование закуплено и поставлено — 01.03.2024 (Кластер)",
    ]


@pytest.mark.parametrize(
    ("following", "at_first"), [("2024-03-13", True), ("2024-03-11", False), ("2024-03-08", False)]
)
async def test_each_day_is_looked_at_by_one_meeting_and_skipped_weeks_are_too(
    client: httpx.AsyncClient, secretary: Headers, following: str, at_first: bool
) -> None:
    """The checkpoint of 11 March, between meetings of which the one of 6 March is called off."""
    first, off, second = [
        await schedule(client, secretary, starts_at=f"{day}T10:00:00+03:00")
        for day in ("2024-02-28", "2024-03-06", following)
    ]
    await schedule(client, secretary, starts_at="2024-03-01T10:00:00+03:00", draft=True)
    reason = {"reason": "Праздники"}
    await client.post(f"/v1/meetings/{off}/cancel", headers=secretary, json=reason)

    looked_at = []
    for meeting_id in (first, second):
        path = f"/v1/meetings/{meeting_id}"
        await client.post(f"{path}/agenda/freeze", headers=secretary)
        agenda = (await client.get(path, headers=secretary)).json()["agenda"]
        texts = [one["text"] for one in agenda if one["text"].startswith("Циклограмма")]
        looked_at.append(any("11.03.2024" in text for text in texts))
        looked_at.append(any("01.03.2024" in text for text in texts))

    assert looked_at == [at_first, True, not at_first, False]


async def test_the_table_and_the_picture_show_every_checkpoint(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    path = "/v1/cyclograms/2023"
    items = (await client.get(path, headers=secretary)).json()["items"]

    table = await client.get(f"{path}/table.csv", headers=secretary)
    book = await client.get(f"{path}/table.xlsx", headers=secretary)
    picture = await client.get(f"{path}/picture.svg?at=2024-01-17", headers=secretary)

    assert len(table.content.decode("utf-8-sig").splitlines()) == 1 + len(items)
    assert book.content[:2] == b"PK"
    assert picture.headers["content-type"].startswith("image/svg+xml")
    root = XML.fromstring(picture.text)
    titles = [one.text or "" for one in root.iter("{http://www.w3.org/2000/svg}title")]
    assert all(any(item["title"] in title for title in titles) for item in items)


@pytest.mark.parametrize("role", Role)
async def test_everyone_reads_cyclograms_and_the_secretary_writes(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, role: Role
) -> None:
    actor = token(role)
    for url in ("cyclograms/2022", "cyclograms/due", "cyclogram-templates", "processes"):
        assert (await client.get(f"/v1/{url}", headers=actor)).status_code == 200
    writers = {Role.SECRETARY, Role.CUR_ADMIN}
    for method, url, allowed in (
        ("POST", "cyclogram-templates", writers),
        ("PUT", "cyclograms/2022", writers),
        ("PUT", "process-catalogue", writers),
        ("PUT", "processes/x", writers),
        ("POST", "examples/load", {Role.CUR_ADMIN}),
    ):
        answer = await client.request(method, f"/v1/{url}", headers=actor, json={})
        assert (answer.status_code == 403) is (role not in allowed), (method, url)
