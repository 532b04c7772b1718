"""Clusters: rated by the same formula, in pages of one instant, looked into by whom it concerns."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Cluster
from tests.conftest import Headers, Tokens
from tests.rating.facts import make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import hear, say

URL: Final = "/v1/ratings/clusters"
AS_OF: Final = "2023-10-31T20:00:00Z"
OTHER: Final = UUID(int=300)
IDLE: Final = UUID(int=400)
KNOWN: Final = UUID(int=200)


@pytest.fixture
async def world(session: AsyncSession) -> None:
    """The worked example's cluster, a perfect one of another region, and one without work."""
    perfect = [
        make_facts(
            execution_id=number(20 + key),
            region="41",
            cluster_id=OTHER,
            industry="food",
            cohort=2023,
        )
        for key in range(3)
    ]
    await hear(session, [*FOUR, *perfect])
    for cluster_id, status in ((IDLE, "active"), (UUID(int=500), "closed")):
        session.add(
            Cluster(
                cluster_id=cluster_id,
                code=f"16-{status}",
                name=f"Кластер {status}",
                region="16",
                industry="food",
                cohort=2024,
                status=status,
                version=1,
            )
        )
    await session.flush()


async def read(
    client: httpx.AsyncClient, headers: Headers, path: str = URL, **query: Any
) -> dict[str, Any]:
    response = await client.get(path, params={"as_of": AS_OF} | query, headers=headers)
    assert response.status_code == 200, response.text
    return dict(response.json())


async def test_all_clusters_are_rated_and_those_without_work_have_no_score(
    client: httpx.AsyncClient, world: None, token: Tokens
) -> None:
    found = await read(client, token("cluster", clusters=[str(KNOWN)]))

    assert [(one["cluster_id"], one["place"], one["raw_bp"]) for one in found["items"]] == [
        (str(OTHER), 1, 10000),
        (str(KNOWN), 2, 4314),
        (str(IDLE), None, None),
    ]
    assert (found["total"], found["next_cursor"]) == (3, None)
    assert [one["code"] for one in found["items"]] == [None, "16-2022-01", "16-active"]


@pytest.mark.parametrize(
    ("query", "clusters"),
    [
        ({"region": "16"}, [KNOWN, IDLE]),
        ({"industry": "food"}, [OTHER, IDLE]),
        ({"cohort": 2023}, [OTHER]),
        ({"q": "машиностр"}, [KNOWN]),
        ({"q": "16-ACT"}, [IDLE]),
        ({"zone": "red"}, [KNOWN]),
        ({"sort": "-name"}, [KNOWN, IDLE, OTHER]),
        ({"min_executions": 4}, [KNOWN]),
    ],
)
async def test_clusters_are_filtered_and_sorted(
    client: httpx.AsyncClient,
    world: None,
    token: Tokens,
    query: dict[str, Any],
    clusters: list[UUID],
) -> None:
    found = await read(client, token("auditor"), **query)
    assert [one["cluster_id"] for one in found["items"]] == [str(one) for one in clusters]


async def test_places_are_among_the_region_industry_or_cohort_only(
    client: httpx.AsyncClient, world: None, token: Tokens
) -> None:
    [first, _] = (await read(client, token("auditor"), region="16"))["items"]
    [second] = (await read(client, token("auditor"), zone="red"))["items"]
    assert (first["cluster_id"], first["place"]) == (second["cluster_id"], 1)
    assert second["place"] == 2


async def test_pages_are_of_one_instant_whatever_happens_between(
    client: httpx.AsyncClient, session: AsyncSession, world: None, token: Tokens
) -> None:
    headers = token("auditor") | {"X-Simulated-Now": "2023-10-20T09:00:00Z"}
    first = await client.get(URL, params={"limit": 1}, headers=headers)
    body = first.json()
    assert [one["cluster_id"] for one in body["items"]] == [str(OTHER)]
    late = replace(
        make_facts(execution_id=number(20), region="41", cluster_id=OTHER, done=None), version=9
    )
    moment = datetime(2023, 10, 20, 10, tzinfo=UTC)
    await say(session, late, moment)

    later = token("auditor") | {"X-Simulated-Now": "2023-10-20T11:00:00Z"}
    link = first.links["next"]["url"]
    second = (await client.get(link, headers=later)).json()

    assert second["as_of"] == body["as_of"]
    assert [one["cluster_id"] for one in second["items"]] == [str(KNOWN)]
    third = await client.get(
        URL, params={"limit": 1, "cursor": second["next_cursor"]}, headers=later
    )
    assert [one["cluster_id"] for one in third.json()["items"]] == [str(IDLE)]
    assert third.json()["next_cursor"] is None
    wrong = await client.get(URL, params={"cursor": "W10"}, headers=later)
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize("period", ["2023-10", "2023-Q4", "2023"])
async def test_a_clusters_parts_sum_to_its_score(
    client: httpx.AsyncClient, world: None, token: Tokens, period: str
) -> None:
    auditor = token("auditor")
    line = await read(client, auditor, f"{URL}/{KNOWN}", period=period)
    why = await read(client, auditor, f"{URL}/{KNOWN}/explanation", period=period)

    assert (line["period"], line["item"]["place"]) == (period, 2)
    assert line["item"] == why["item"]
    assert why["numerator"] == sum(part["contribution"] for part in why["parts"])
    assert why["denominator"] == sum(one["weight"] for one in why["parts"] if one["counts"])
    assert round(why["numerator"] / why["denominator"]) == line["item"]["raw_bp"] == 4314
    assert {part["cluster_id"] for part in why["parts"]} == {str(KNOWN)}


@pytest.mark.parametrize(
    ("role", "claims", "status"),
    [
        ("auditor", {}, 200),
        ("cluster", {"clusters": [str(KNOWN)]}, 200),
        ("cluster", {"clusters": [str(OTHER)]}, 404),
        ("coordinator", {"regions": ["16"]}, 200),
        ("deputy", {"regions": ["41"]}, 404),
        ("authority_head", {"regions": ["16"]}, 200),
        ("association", {"industries": ["mechanical-engineering"]}, 200),
        ("association", {"industries": ["food"]}, 404),
    ],
)
async def test_a_cluster_is_looked_into_by_whom_it_concerns(
    client: httpx.AsyncClient,
    world: None,
    token: Tokens,
    role: str,
    claims: dict[str, Any],
    status: int,
) -> None:
    headers = token(role, **claims)
    why = await client.get(f"{URL}/{KNOWN}/explanation?as_of={AS_OF}", headers=headers)
    line = await client.get(f"{URL}/{KNOWN}?as_of={AS_OF}", headers=headers)
    assert (why.status_code, line.status_code) == (status, 200)


async def test_an_unknown_cluster_is_not_found_and_nobody_is_refused(
    client: httpx.AsyncClient, world: None, token: Tokens
) -> None:
    unknown = await client.get(f"{URL}/{UUID(int=999)}", headers=token("auditor"))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "cluster_not_found")
    assert (await client.get(URL)).status_code == 401
    assert (await client.get(f"{URL}/{KNOWN}/explanation")).status_code == 401
