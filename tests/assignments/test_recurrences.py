"""Assignments that recur: each occurrence issued once, on its day, until the series ends."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import col, select

from services.assignments.consumers import issue
from services.assignments.models import Assignment
from services.assignments.service import issuing, recurrences
from shared.clients.base import ServiceClient
from shared.db import Sessions, transaction
from shared.event_router import Circumstances
from shared.events.meetings import Control
from tests.assignments.directory import Clusters
from tests.assignments.stand import REASON, Found, Stand, msk
from tests.conftest import NOW, settings_for
from tests.factories import CLUSTER, make_addressee, make_item, make_protocol

# Transactions that have said at which instant they will write: the lock class of `outbox_admit`.
_ADMITTED = text(
    "select count(*) from pg_locks where locktype = 'advisory' and classid = 20769"
    " and database = (select oid from pg_database where datname = current_database())"
)


def _monthly(day: int) -> Found:
    return {"due_on": None, "control": {"term": "monthly", "monthly_day": day}}


async def test_monthly_until_the_31st_is_issued_once_a_month(stand: Stand) -> None:
    await stand.issue(**_monthly(31))
    dues = []
    day = datetime(2023, 10, 2, 9, tzinfo=UTC)
    while day < datetime(2024, 4, 20, tzinfo=UTC):
        issued = await stand.months_pass(day)
        # A second look in the same hour has nothing to issue.
        assert issued in {0, 1}
        assert await stand.months_pass(day + timedelta(hours=1)) == 0
        day += timedelta(days=1)
    items = (await stand.get("/v1/assignments"))["items"]
    dues = [(one["occurrence"], one["issued_on"], one["due"]) for one in items]
    assert dues == [
        (1, "2023-10-02", "2023-10-31"),
        (2, "2023-11-01", "2023-11-30"),
        (3, "2023-12-01", "2023-12-29"),
        (4, "2024-01-01", "2024-01-31"),
        (5, "2024-02-01", "2024-02-29"),
        (6, "2024-03-01", "2024-03-29"),
        (7, "2024-04-01", "2024-04-27"),
    ]
    assert items[1]["number"].endswith("(2)")
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert (series["issued"], series["next_on"]) == (7, "2024-05-01")
    executions = (await stand.get("/v1/executions"))["items"]
    assert len(executions) == 7


async def test_a_rule_says_the_dates_and_what_was_missed_is_made_up_for(stand: Stand) -> None:
    rule = "FREQ=WEEKLY;BYDAY=WE;UNTIL=20231025"
    await stand.issue(due_on=None, control={"rule": rule})
    # The worker was away for a month: one occurrence at a time until none is left.
    late = msk("2023-11-10")
    made = [await stand.months_pass(late) for _ in range(5)]
    assert made == [1, 1, 1, 0, 0]
    items = (await stand.get("/v1/assignments"))["items"]
    assert [one["due"] for one in items] == [
        "2023-10-04",
        "2023-10-11",
        "2023-10-18",
        "2023-10-25",
    ]
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert series["next_on"] is None


async def test_a_series_the_directory_refuses_says_so_and_holds_up_no_other(
    stand: Stand, databases: dict[str, str]
) -> None:
    for _ in range(2):
        await stand.issue(**_monthly(5))
    november = msk("2023-11-01")

    async def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x"})
        return httpx.Response(422, json={"code": "forbidden"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        settings = settings_for(databases["assignments"], oidc_token_url="http://issuer/token")
        refusing = ServiceClient(http, settings)
        async with transaction(stand.sessions) as session:
            await recurrences.issue_recurring(session, refusing, now=november)
    for series in (await stand.get("/v1/recurrences"))["items"]:
        assert (series["issued"], series["next_on"]) == (1, "2023-10-06")
        assert "422" in series["trouble"]

    # Let be for a while; then the directory is itself again.
    assert await stand.months_pass(november + timedelta(minutes=5)) == 0
    assert await stand.months_pass(november + timedelta(minutes=11)) == 2
    for series in (await stand.get("/v1/recurrences"))["items"]:
        assert (series["issued"], series["trouble"]) == (2, None)


async def test_a_series_of_every_third_year_goes_on(stand: Stand) -> None:
    await stand.issue(due_on=None, control={"rule": "FREQ=YEARLY;INTERVAL=3;BYMONTH=12"})
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert series["next_on"] is not None


async def test_a_protocols_item_may_recur_and_hearing_it_again_adds_nothing(stand: Stand) -> None:
    item = make_item(due_on=None, control=Control(rule="FREQ=MONTHLY;BYMONTHDAY=5"))
    protocol = make_protocol(item)
    for _ in range(2):
        async with transaction(stand.sessions) as session:
            session.info[Circumstances] = Circumstances(NOW, stand.to_directory)
            await issue(session, [protocol])
    assert await stand.months_pass(msk("2023-10-06")) == 1
    items = (await stand.get(f"/v1/assignments?protocol_id={protocol.protocol_id}"))["items"]
    # 5 November is a Sunday before a transferred holiday.
    assert [one["due"] for one in items] == ["2023-10-05", "2023-11-03"]
    assert {one["origin"] for one in items} == {"protocol"}


async def test_a_series_is_ended_once_and_what_was_issued_stays(stand: Stand) -> None:
    await stand.issue(**_monthly(5))
    [series] = (await stand.get("/v1/recurrences"))["items"]
    path = f"/v1/recurrences/{series['id']}/end"
    await stand.post("coordinator", path, REASON, expect=(403, "permission_denied"))
    await stand.post(
        "controller", f"/v1/recurrences/{uuid4()}/end", REASON, expect=(404, "recurrence_not_found")
    )

    stale = {"If-Match": '"v9"'}
    await stand.post("controller", path, REASON, headers=stale, expect=(412, "version_mismatch"))
    seen = {"If-Match": f'"v{series["version"]}"'}
    ended = await stand.post("controller", path, REASON, headers=seen)

    assert (ended["ended_why"], ended["next_on"]) == (REASON["reason"], None)
    assert await stand.months_pass(msk("2024-01-10")) == 0
    assert len((await stand.get("/v1/executions?status=routed"))["items"]) == 1
    await stand.post("controller", path, REASON, expect=(409, "recurrence_ended"))


async def test_a_series_is_its_controllers_who_may_be_named_at_any_of_its_assignments(
    stand: Stand,
) -> None:
    monthly = _monthly(5)
    control = {**monthly["control"], "controller": "controller", "evidence": "link"}
    first = await stand.issue(**{**monthly, "control": control})
    [series] = (await stand.get("/v1/recurrences"))["items"]
    path = f"/v1/recurrences/{series['id']}/end"
    await stand.post("another", path, REASON, expect=(403, "not_the_controller"))

    named = {"controller": "another", "controller_deputy": "stand-in"}
    await stand.post("admin", f"/v1/assignments/{first['id']}/controller", named, method="PUT")

    assert await stand.months_pass(msk("2023-10-06")) == 1
    _, second = (await stand.get("/v1/assignments"))["items"]
    assert (second["controller"], second["controller_deputy"]) == ("another", "stand-in")
    assert second["evidence"] == "link"
    await stand.post("controller", path, REASON, expect=(403, "not_the_controller"))
    await stand.post("another", path, REASON)
    # Named afterwards, it changes the assignment alone.
    one = f"/v1/assignments/{second['id']}/controller"
    await stand.post("admin", one, {"controller": "controller"}, method="PUT")


async def test_checkpoints_wait_for_occurrences_from_before_the_directory_is_asked(
    stand: Stand, databases: dict[str, str]
) -> None:
    await stand.issue(**_monthly(5))
    admitted = []

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/token":
            async with stand.sessions() as session:
                admitted.append((await session.exec(_ADMITTED)).scalar_one())  # type: ignore[call-overload]
        return stand.clusters(request)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        settings = settings_for(databases["assignments"], oidc_token_url="http://issuer/token")
        async with transaction(stand.sessions) as session:
            client = ServiceClient(http, settings)
            await recurrences.issue_recurring(session, client, now=msk("2023-10-06"))
    assert admitted == [1]


async def test_a_series_goes_on_through_a_month_with_nobody_addressed(stand: Stand) -> None:
    await stand.issue(**_monthly(5), addressees={"kind": "cluster", "cohorts": [2022]})
    everyone, stand.clusters.addressees = stand.clusters.addressees, []
    assert await stand.months_pass(msk("2023-10-06")) == 1
    stand.clusters.addressees = everyone
    assert await stand.months_pass(msk("2023-11-06")) == 1
    items = (await stand.get("/v1/assignments"))["items"]
    assert [one["executions"] for one in items] == [3, 0, 3]


@pytest.mark.parametrize(
    ("control", "code"),
    [
        ({"rule": "FREQ=DAILY"}, "invalid_request"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=99"}, "invalid_request"),
        ({"rule": "завтра"}, "invalid_request"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "invalid_request"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=5", "term": "urgent"}, "invalid_request"),
        ({"term": "monthly"}, "invalid_request"),
        ({"monthly_day": 5}, "invalid_request"),
        ({"term": "monthly", "monthly_day": 32}, "invalid_request"),
    ],
)
async def test_a_rule_that_says_nothing_useful_is_refused(
    stand: Stand, control: Found, code: str
) -> None:
    await stand.issue(due_on=None, control=control, expect=(422, code))
    assert (await stand.get("/v1/recurrences"))["items"] == []


async def test_an_occurrence_is_issued_once_however_many_workers_look(
    sessions: Sessions, clusters: Clusters, to_directory: ServiceClient
) -> None:
    clusters.addressees = [make_addressee(cluster_id=CLUSTER)]
    given: dict[str, Any] = {
        "text": "Сдать сведения.",
        "priority": "planned",
        "due_on": None,
        "addressees": {"kind": "cluster"},
        "control": {"term": "monthly", "monthly_day": 31},
    }
    async with transaction(sessions) as session:
        await issuing.issue_own(session, to_directory, given, now=NOW)

    async def look(month: int) -> int:
        async with transaction(sessions) as session:
            now = NOW.replace(month=month, day=1)
            return await recurrences.issue_recurring(session, to_directory, now=now)

    for month in (11, 12):
        assert sorted(await asyncio.gather(*(look(month) for _ in range(6)))) == [0] * 5 + [1]
    async with sessions() as session:
        found = await session.exec(select(Assignment).order_by(col(Assignment.occurrence)))
        assert [(row.occurrence, str(row.due)) for row in found] == [
            (1, "2023-10-31"),
            (2, "2023-11-30"),
            (3, "2023-12-29"),
        ]
