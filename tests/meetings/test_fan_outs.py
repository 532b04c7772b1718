"""What an approval would unfold into: whose executions, until when, and who is missing."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stamina
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import Role
from shared.clients.base import ServiceClient
from shared.clock import Clock
from tests.conftest import Headers, Tokens, serve, sessions_of, settings_for
from tests.meetings.factories import AFTER, cluster_id, put_item
from tests.meetings.papers import draft_with_items


class Neighbours:
    """Directory and assignments at the end of the wire; `away` is the one that does not answer."""

    def __init__(self) -> None:
        self.away: str | None = None
        self.knows_nobody = False
        self.asked: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == self.away:
            return httpx.Response(503)
        match path:
            case "/token":
                return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
            case "/v1/addressees/resolve" if self.knows_nobody:
                return httpx.Response(422, json={"code": "unknown_industry"})
            case "/v1/addressees/resolve":
                owing = [
                    {
                        "cluster_id": str(cluster_id(number)),
                        "region": region,
                        "timezone": "Europe/Moscow",
                        "cohort": 2022,
                        "industry": "himiya",
                        "coordinator_id": coordinator,
                    }
                    for number, region, coordinator in (
                        (1, "16", str(cluster_id(100))),
                        (2, "16", str(cluster_id(100))),
                        (3, "63", None),
                    )
                ]
                return httpx.Response(200, json={"items": owing})
            case _:
                assert path == "/v1/deadlines/resolve"
                body = json.loads(request.content)
                self.asked.append(body)
                if body.get("on") == "2023-10-20":
                    return httpx.Response(422, json={"code": "out_of_calendar"})
                return httpx.Response(200, json={"due": body.get("on") or "2023-11-03"})


@pytest.fixture
async def protocol_id(client: httpx.AsyncClient, session: AsyncSession, admin: Headers) -> str:
    return await draft_with_items(client, session, admin)


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours()


@pytest.fixture
async def asking(
    app: FastAPI,
    client: httpx.AsyncClient,
    session: AsyncSession,
    databases: dict[str, str],
    clock: Clock,
    neighbours: Neighbours,
) -> AsyncIterator[httpx.AsyncClient]:
    """The API over the same transaction, with somebody to ask."""
    settings = settings_for(databases["meetings"], oidc_token_url="http://issuer.test/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(neighbours)) as http:
        transport = serve(
            app,
            settings,
            sessions=sessions_of(session),
            clock=clock,
            client=ServiceClient(http, settings),
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as found:
            yield found


async def test_a_fan_out_names_regions_vacancies_and_dates(
    asking: httpx.AsyncClient, admin: Headers, protocol_id: str, neighbours: Neighbours
) -> None:
    rule = {"rule": "FREQ=MONTHLY;BYMONTHDAY=15"}
    await put_item(asking, admin, protocol_id, due_on=None, control=rule)

    answer = await asking.get(f"/v1/protocols/{protocol_id}/fan-out", headers=admin | AFTER)

    found = answer.json()
    assert answer.status_code == 200, answer.text
    assert (found["at"], found["executions"], found["regions"]) == ("2023-10-04", 12, 2)
    assert found["without_coordinator"] == ["63"]
    assert found["items"][0]["regions"] == [
        {"region": "16", "executions": 2, "has_coordinator": True},
        {"region": "63", "executions": 1, "has_coordinator": False},
    ]
    assert found["items"][0]["control"]["points"] == ["План", "Смета"]
    # A date that the calendar refuses has no due; the usual term; a series' first date.
    assert [one["due"] for one in found["items"]] == [None, "2023-11-03", None, "2023-10-15"]
    assert neighbours.asked[1] == {"term": "default", "signed_on": "2023-10-04"}


@pytest.mark.parametrize("away", ["/v1/addressees/resolve", "/v1/deadlines/resolve", "/token"])
async def test_a_neighbour_that_is_away_is_said_to_be(
    asking: httpx.AsyncClient,
    admin: Headers,
    protocol_id: str,
    neighbours: Neighbours,
    away: str,
) -> None:
    neighbours.away = away

    with stamina.set_testing(True, attempts=1):
        answer = await asking.get(f"/v1/protocols/{protocol_id}/fan-out", headers=admin)
    counts = await asking.get(f"/v1/protocols/{protocol_id}/preview", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (503, "callee_unavailable")
    assert counts.status_code == 200


async def test_addressees_the_directory_does_not_know_are_named_by_their_item(
    asking: httpx.AsyncClient, admin: Headers, protocol_id: str, neighbours: Neighbours
) -> None:
    neighbours.knows_nobody = True

    answer = await asking.get(f"/v1/protocols/{protocol_id}/fan-out", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (409, "addressees_refused")
    assert "адресатов пункта 1" in answer.json()["detail"]


@pytest.mark.parametrize("role", Role)
async def test_who_looks_at_a_fan_out(
    asking: httpx.AsyncClient, token: Tokens, admin: Headers, protocol_id: str, role: Role
) -> None:
    answer = await asking.get(f"/v1/protocols/{protocol_id}/fan-out", headers=token(role))

    allowed = {Role.SECRETARY, Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.OPERATOR, Role.AUDITOR}
    assert answer.status_code == (200 if role in allowed else 403)
