"""Cross-cutting processes: what late means, who speaks for whom, the heat map."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from xml.etree import ElementTree as XML

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.cyclograms import Offset
from services.meetings.domain.processes import Mark, Said, Stage, State, due_of, state_of
from services.meetings.repository import directory
from services.meetings.service.processes import stages_due
from shared.auth import Role
from tests.conftest import Headers, Tokens
from tests.meetings.factories import cluster_id, hear_directory, region

DUE = date(2023, 10, 10)
DONE = {"state": "done", "on": "2023-10-01", "evidence": "https://cluster.example/act.pdf"}


@pytest.mark.parametrize(
    ("said", "at", "state"),
    [
        (None, DUE, State.NOT_STARTED),
        (None, date(2023, 10, 11), State.LATE),
        (Said(Mark.IN_PROGRESS), DUE, State.IN_PROGRESS),
        (Said(Mark.IN_PROGRESS), date(2023, 10, 11), State.LATE),
        (Said(Mark.DONE, date(2023, 10, 20)), date(2023, 10, 20), State.DONE),
        # Looked at as of a day before it was done, it was not done yet.
        (Said(Mark.DONE, date(2023, 10, 20)), date(2023, 10, 19), State.LATE),
        (Said(Mark.DONE, date(2023, 10, 9)), date(2023, 10, 8), State.NOT_STARTED),
    ],
)
def test_late_is_what_a_stage_is_when_its_day_has_passed_and_it_is_not_done(
    said: Said | None, at: date, state: State
) -> None:
    assert state_of(said, DUE, at) is state


def test_a_stage_beyond_the_calendar_has_the_day_that_counting_gives() -> None:
    stage = Stage(code="a", name="Этап", offset=Offset(months=36))
    assert due_of(stage, date(2034, 6, 4)) == date(2037, 6, 4)
    assert due_of(stage, date(2021, 6, 1)) == date(2024, 5, 31)


def test_without_a_start_of_its_cohort_nothing_is_late() -> None:
    assert state_of(None, None, date(2030, 1, 1)) is State.NOT_STARTED


@pytest.fixture
async def admin(client: httpx.AsyncClient, session: AsyncSession, token: Tokens) -> Headers:
    await hear_directory(session)
    await client.post("/v1/examples/load", headers=token("cur_admin"))
    return token("cur_admin")


def _path(number: int, *, process: str = "workshops", stage: str = "bought") -> str:
    return f"/v1/processes/{process}/clusters/{cluster_id(number)}/stages/{stage}"


async def test_a_cluster_and_its_coordinator_say_where_it_stands_and_nobody_else(
    client: httpx.AsyncClient, token: Tokens, admin: Headers
) -> None:
    itself = token("cluster", clusters=[str(cluster_id(1))])
    of_16, of_63 = token("coordinator", regions=["16"]), token("deputy", regions=["63"])

    begun = await client.put(_path(1), headers=itself, json={"state": "in_progress"})
    done = await client.put(_path(1), headers=of_16 | {"If-Match": '"v1"'}, json=DONE)
    stale = await client.put(_path(1), headers=of_16 | {"If-Match": '"v1"'}, json=DONE)

    # The cohort of 2022 began on 1 September 2022: its day for this was 1 March 2023.
    assert (begun.json()["state"], begun.json()["due"]) == ("late", "2023-03-01")
    assert (done.json()["state"], done.headers["ETag"]) == ("done", '"v2"')
    assert stale.status_code == 412
    for actor, number in ((of_63, 1), (itself, 2), (of_16, 3), (of_16, 4)):
        answer = await client.put(_path(number), headers=actor, json=DONE)
        assert (answer.status_code, answer.json()["code"]) == (404, "cluster_not_found")
    for role in set(Role) - {Role.COORDINATOR, Role.DEPUTY, Role.CLUSTER}:
        answer = await client.put(_path(1), headers=token(role, regions=["16"]), json=DONE)
        assert answer.status_code == 403


async def test_a_cluster_whose_token_names_none_speaks_for_none(
    client: httpx.AsyncClient, token: Tokens, admin: Headers
) -> None:
    for clusters in ([], [str(cluster_id(2))]):
        answer = await client.put(_path(1), headers=token("cluster", clusters=clusters), json=DONE)
        assert (answer.status_code, answer.json()["code"]) == (404, "cluster_not_found")


async def test_a_stage_is_done_on_the_day_of_its_region(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, admin: Headers
) -> None:
    east = region("16", version=2, timezone="Asia/Vladivostok")
    await directory.keep_regions(session, [east])
    # The evening of the 2nd in Moscow: in Vladivostok it is the 3rd.
    evening = {"X-Simulated-Now": "2023-10-02T18:00:00Z"}
    said = DONE | {"on": "2023-10-03"}

    there = await client.put(
        _path(1), headers=token("coordinator", regions=["16"]) | evening, json=said
    )
    here = await client.put(
        _path(3), headers=token("coordinator", regions=["63"]) | evening, json=said
    )

    assert (there.status_code, there.json()["state"]) == (200, "done")
    assert (here.status_code, here.json()["code"]) == (422, "done_in_future")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"state": "done"}, "invalid_request"),
        (DONE | {"evidence": "javascript:alert(1)"}, "invalid_request"),
        (DONE | {"evidence": "https://user:password@cluster.example/act.pdf"}, "invalid_request"),
        (DONE | {"on": "2023-10-03"}, "done_in_future"),
        ({"state": "late"}, "invalid_request"),
    ],
)
async def test_what_cannot_be_said_of_a_stage_is_refused(
    client: httpx.AsyncClient, token: Tokens, admin: Headers, body: dict[str, Any], code: str
) -> None:
    of_16 = token("coordinator", regions=["16"])

    answer = await client.put(_path(1), headers=of_16, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    states = await client.get("/v1/processes/workshops/states", headers=of_16)
    assert {one["version"] for one in states.json()["items"]} == {0}


async def test_a_stage_that_does_not_concern_the_cluster_is_not_found(
    client: httpx.AsyncClient, token: Tokens, admin: Headers
) -> None:
    of_16 = token("coordinator", regions=["16"])
    body = (await client.get("/v1/processes/finance", headers=admin)).json()
    body = {name: body[name] for name in ("name", "owner", "stages", "source")}
    changed = await client.put(
        "/v1/processes/finance", headers=admin, json=body | {"cohorts": [2023]}
    )
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')

    for path in (
        _path(1, process="finance", stage="half"),
        _path(1, stage="nothing"),
        _path(1, process="nothing"),
    ):
        answer = await client.put(path, headers=of_16, json=DONE)
        assert answer.status_code == 404
        assert answer.json()["code"] in {"stage_not_found", "process_not_found"}


def _cells(rows: list[Mapping[str, Any]], process: str) -> dict[str, tuple[int, ...]]:
    return {
        row["region"]: tuple(
            cell[name] for name in ("clusters", "done", "in_progress", "late", "not_started")
        )
        for row in rows
        for cell in row["cells"]
        if cell["process"] == process
    }


async def test_the_heat_map_counts_stages_and_shows_each_their_own(
    client: httpx.AsyncClient, token: Tokens, admin: Headers
) -> None:
    of_16 = token("coordinator", regions=["16"])
    await client.put(_path(1), headers=of_16, json=DONE)
    await client.put(_path(2, stage="list"), headers=of_16, json={"state": "in_progress"})
    url = "/v1/process-heat-map"

    whole = (await client.get(f"{url}?at=2023-10-02", headers=admin)).json()
    own = (await client.get(f"{url}?at=2023-10-02", headers=of_16)).json()
    cluster = token("cluster", clusters=[str(cluster_id(3))])
    one = (await client.get(f"{url}?at=2023-10-02", headers=cluster)).json()

    # 16 has a cluster of 2022 (three stages past, one done) and one of 2023 (one begun of three).
    assert _cells(whole["regions"], "workshops") == {"16": (2, 1, 1, 2, 2), "63": (1, 0, 0, 3, 0)}
    assert [row["region"] for row in whole["regions"]] == ["16", "63", "77"]
    assert _cells(own["regions"], "workshops") == {"16": (2, 1, 1, 2, 2)}
    assert _cells(one["regions"], "workshops") == {"63": (1, 0, 0, 3, 0)}
    picture = await client.get(f"{url}.svg?at=2023-10-02", headers=of_16)
    titles = {
        one.text for one in XML.fromstring(picture.text).iter("{http://www.w3.org/2000/svg}title")
    }
    assert "Регион 16" in titles
    assert "Регион 63" not in titles
    for role in (Role.PLATFORM, Role.SERVICE, Role.ASSOCIATION):
        assert (await client.get(url, headers=token(role))).status_code == 403


async def test_what_comes_says_how_many_have_done_it(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, admin: Headers
) -> None:
    itself = token("cluster", clusters=[str(cluster_id(2))])
    await client.put(_path(2, stage="list"), headers=itself, json=DONE)

    due = await client.get("/v1/process-stages/due?at=2023-10-25&days=10", headers=itself)

    items = due.json()["items"]
    assert [(one["process"], one["stage"], one["cohort"], one["on"]) for one in items] == [
        ("curricula", "requirements", 2023, "2023-11-01"),
        ("workshops", "list", 2023, "2023-11-01"),
    ]
    assert [(one["clusters"], one["done"]) for one in items] == [(1, 0), (1, 1)]
    known = await stages_due(session, date(2023, 10, 25), 10)
    assert [one.stage.code for one in known] == ["requirements", "list"]


async def test_a_catalogue_is_imported_whole_or_not_at_all(
    client: httpx.AsyncClient, admin: Headers
) -> None:
    path = "/v1/process-catalogue"
    before = (await client.get("/v1/processes", headers=admin)).json()
    one = {
        "name": "Новый",
        "owner": "ЦУР ФП",
        "cohorts": [2022],
        "stages": [{"code": "a", "name": "Этап", "offset": {"months": 1}}],
        "source": "Приказ",
    }
    twice = one | {"stages": one["stages"] * 2}  # type: ignore[operator]

    refused = await client.put(path, headers=admin, json={"processes": {"good": one, "bad": twice}})
    assert refused.status_code == 422
    assert (await client.get("/v1/processes", headers=admin)).json() == before
    taken = await client.put(path, headers=admin, json={"processes": {"good": one}})
    again = await client.put(path, headers=admin, json={"processes": {"good": one}})
    assert taken.json() == again.json()
    assert [item["code"] for item in taken.json()["items"]][-1] == "good"
