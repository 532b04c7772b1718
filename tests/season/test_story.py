"""September 2023 – March 2024 over the real stack: everything docs/coverage.md lists is there."""

from datetime import date, timedelta
from typing import Any

import pytest

from deploy.season.api import Api
from deploy.season.play import Player
from tests.coverage import Request, statements
from tests.season.conftest import PLAYED_UNTIL

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TOLD_UNTIL = date(2024, 3, 29)


@pytest.fixture(scope="module", autouse=True)
async def told(season: Player) -> None:
    """After the season with its meetings, the chapters alone."""
    await season.tell(TOLD_UNTIL)


async def read(api: Api, path: str, service: str = "directory", **params: Any) -> Any:
    return await api.get("auditor", service, path, **params)


async def test_authorities_were_asked_and_answered_by_appointing(api: Api) -> None:
    asked = await read(api, "/v1/appointment-requests", limit=200)
    assert len(asked["items"]) == 89
    before = await read(api, "/v1/regions/coverage", at="2023-09-12")
    after = await read(api, "/v1/regions/coverage", at="2023-10-12")
    assert (before["appointed"], after["appointed"]) == (0, 89)
    items = await api.get(
        "auditor", "assignments", "/v1/executions", addressee="authority", limit=200
    )
    assert {one["status"] for one in items["items"]} == {"accepted"}


async def test_three_of_four_deliverables_were_not_enough(api: Api) -> None:
    def first(roadmap: Any) -> Any:
        return next(one for one in roadmap["items"] if one["code"] == "chairs-meeting")

    on_its_day = first(await read(api, "/v1/roadmaps/2023", at="2023-10-02"))
    assert (on_its_day["done"], on_its_day["late"]) == (7, 1)
    [late] = on_its_day["not_done"]
    its = first(await read(api, f"/v1/associations/{late}/roadmaps/2023", at="2023-10-02"))
    assert (its["state"], its["fulfilled"], len(its["deliverables"])) == ("late", 3, 4)
    later = first(await read(api, "/v1/roadmaps/2023", at="2023-10-11"))
    assert (later["done"], later["not_done"]) == (8, [])


async def test_sixteen_associations_more_by_the_end_of_march(api: Api) -> None:
    def constituted(found: Any) -> int:
        return sum(one["status"] == "constituted" for one in found["items"])

    assert constituted(await read(api, "/v1/associations", at="2023-12-31")) == 8
    assert constituted(await read(api, "/v1/associations", at="2024-03-29")) == 24


async def test_the_unified_meeting_follows_the_three_series_without_a_gap(api: Api) -> None:
    found = await read(
        api, "/v1/meetings", "meetings", **{"from": "2023-09-27", "to": "2023-10-11", "limit": 50}
    )
    held = {(one["series"], one["starts_at"][:10]) for one in found["items"] if one["held_at"]}
    assert held == {
        ("cohort-2023", "2023-09-27"),
        ("cohort-2024", "2023-09-28"),
        ("cohort-2022", "2023-10-03"),
        ("unified", "2023-10-04"),
        ("unified", "2023-10-11"),
    }


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        pytest.param(one.number, request, id=f"{one.number}-{place}")
        for one in statements()
        for place, request in enumerate(one.requests)
        if request.method == "GET"
    ],
)
async def test_every_statement_can_be_seen(api: Api, number: int, shown: Request) -> None:
    path = await filled(api, shown.path)
    query = dict(part.split("=", 1) for part in shown.query.split("&") if part)
    headers = {"Authorization": f"Bearer {await api._token(who(shown))}"}
    answer = await api.http.get(
        api.urls[shown.service] + path, params=query, headers=headers, timeout=30
    )
    assert answer.status_code == 200, answer.text
    assert answer.content
    if "json" in answer.headers["content-type"]:
        body = answer.json()
        if "items" in body:
            assert body["items"], f"statement {number} has nothing to show"


def who(request: Request) -> str:
    return "coordinator-16" if request.path == "/v1/inbox" else "auditor"


async def filled(api: Api, path: str) -> str:
    """The path with something that is there in the place of each name in braces."""
    for name, service, listing, key, wanted in (
        ("region", "directory", "/v1/regions", "code", {}),
        ("industry", "directory", "/v1/industries", "code", {}),
        ("cluster_id", "directory", "/v1/clusters", "id", {}),
        ("meeting_id", "meetings", "/v1/meetings", "id", {"series": "unified"}),
        ("protocol_id", "meetings", "/v1/protocols", "id", {"status": "approved"}),
    ):
        if f"{{{name}}}" in path:
            found = (await read(api, listing, service, **wanted))["items"]
            path = path.replace(f"{{{name}}}", str(found[0][key]))
    if "{association}" in path:
        path = path.replace("{association}", await busiest(api))
    return path


async def busiest(api: Api) -> str:
    """An association that has shared a practice."""
    found = (await read(api, "/v1/associations"))["items"]
    for one in found:
        practices = await read(api, f"/v1/associations/{one['code']}/practices")
        if practices["items"]:
            return str(one["code"])
    raise AssertionError("no association has shared a practice")


async def test_the_year_of_an_association_is_reported_and_goes_on(api: Api) -> None:
    code = await busiest(api)
    report = await read(api, f"/v1/associations/{code}/reports/2023")
    assert report["status"] == "published"
    following = await read(api, f"/v1/associations/{code}/roadmaps/2024")
    assert following["items"]
    assert timedelta(days=160) < (TOLD_UNTIL - PLAYED_UNTIL)
