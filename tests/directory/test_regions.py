import asyncio
from typing import Any

import asyncpg
import httpx
import pytest
from sqlmodel import col, select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.addressees import MAX_ADDRESSEES
from services.directory.domain.clusters import ClusterStatus
from services.directory.models import Cluster, ClusterTenure, Region
from services.directory.service import reference as service
from shared.db import open_sessions, transaction
from shared.events.directory import RegionEvent
from shared.ids import new_id
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.directory.conftest import Create


async def _events(session: AsyncSession, topic: str) -> list[OutboxRecord]:
    statement = select(OutboxRecord).where(OutboxRecord.topic == topic)
    rows = await session.exec(statement.order_by(col(OutboxRecord.position)))
    return list(rows.all())


async def test_loading_enters_everything_once_and_tells_of_each_region(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, loaded: dict[str, Any]
) -> None:
    again = (await client.post("/v1/reference-data/load", headers=admin)).json()

    assert loaded["regions"] == {"created": 89, "changed": 0, "unchanged": 0}
    assert loaded["industries"]["created"] == 24
    assert again["regions"] == {"created": 0, "changed": 0, "unchanged": 89}
    assert again["organisations"]["created"] == again["industries"]["created"] == 0
    assert len(await _events(session, RegionEvent.topic)) == 89


async def test_a_region_that_differs_is_mended_and_told_of(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, loaded: dict[str, Any]
) -> None:
    region = await session.get(Region, "16")
    assert region is not None
    region.timezone = "Europe/Samara"
    session.add(region)
    await session.flush()

    again = (await client.post("/v1/reference-data/load", headers=admin)).json()

    read = (await client.get("/v1/regions/16", headers=admin)).json()
    assert again["regions"] == {"created": 0, "changed": 1, "unchanged": 88}
    assert (read["timezone"], read["version"]) == ("Europe/Moscow", 2)
    newest = (await _events(session, RegionEvent.topic))[-1]
    assert (newest.type, newest.key) == ("directory.region.changed.v1", "16")


async def test_two_loads_at_once_enter_everything_once(databases: dict[str, str]) -> None:
    """Real connections, real commits: the second waits for the first and finds nothing to do."""
    async with open_sessions(databases["directory"]) as sessions:

        async def load() -> tuple[int, int, int]:
            async with transaction(sessions) as session:
                counts = await service.load_reference_data(session, now=NOW)
            return (
                counts.regions.created,
                counts.industries.created,
                counts.organisations.created,
            )

        created = await asyncio.gather(load(), load())

    connection = await asyncpg.connect(databases["directory"])
    told = await connection.fetchval(
        "select count(*) from outbox where topic = $1", RegionEvent.topic
    )
    await connection.execute("truncate regions, industries, organisations, outbox cascade")
    await connection.close()
    assert (sorted(created), told) == ([(0, 0, 0), (89, 24, 96)], 89)


async def test_regions_are_listed_as_people_order_names(
    client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any]
) -> None:
    seen: list[str] = []
    path = "/v1/regions?limit=40"
    while path:
        response = await client.get(path, headers=admin)
        seen += [item["short_name"] for item in response.json()["items"]]
        path = response.links.get("next", {}).get("url", "")
    assert len(seen) == 89
    assert seen == sorted(seen, key=lambda name: name.casefold().replace("ё", "е"))


async def test_coverage_counts_coordinators_on_the_date(
    client: httpx.AsyncClient, admin: Headers, create: Create
) -> None:
    person = await create("people")
    body = {
        "region": "16",
        "office": "coordinator",
        "person_id": person["id"],
        "valid_from": "2023-09-15",
        "valid_to": "2023-10-15",
    }
    await client.post("/v1/appointments", headers=admin, json=body)

    async def appointed(at: str) -> tuple[int, int, int]:
        found = (await client.get(f"/v1/regions/coverage?at={at}", headers=admin)).json()
        assert len(found["vacant_regions"]) == found["vacant"]
        return found["total"], found["appointed"], found["vacant"]

    assert await appointed("2023-09-14") == (89, 0, 89)
    assert await appointed("2023-09-15") == (89, 1, 88)
    assert await appointed("2023-10-15") == (89, 1, 88)
    assert await appointed("2023-10-16") == (89, 0, 89)


async def test_loading_is_for_the_administrator(
    client: httpx.AsyncClient, token: Tokens, session: AsyncSession
) -> None:
    response = await client.post(
        "/v1/reference-data/load", headers=token("coordinator", regions=["16"])
    )
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert (await (await session.connection()).execute(text("select * from regions"))).all() == []


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"kind": "cluster"}, ["16-2022-01", "16-2023-01", "77-2022-01"]),
        ({"kind": "cluster", "regions": ["16"]}, ["16-2022-01", "16-2023-01"]),
        ({"kind": "cluster", "cohorts": [2022]}, ["16-2022-01", "77-2022-01"]),
        ({"kind": "cluster", "regions": ["16"], "cohorts": [2022]}, ["16-2022-01"]),
        ({"kind": "cluster", "industries": ["metallurgy"]}, ["16-2023-01"]),
        ({"kind": "cluster", "regions": ["01"]}, []),
    ],
)
async def test_a_selector_restricts_by_all_it_names(
    client: httpx.AsyncClient,
    admin: Headers,
    create: Create,
    query: dict[str, Any],
    codes: list[str],
) -> None:
    industries = (await client.get("/v1/industries", headers=admin)).json()["items"]
    assert {"mechanical-engineering", "metallurgy"} <= {item["code"] for item in industries}
    await create("clusters")
    await create("clusters", code="16-2023-01", cohort=2023, industry="metallurgy")
    await create("clusters", code="77-2022-01", region="77")
    await create("clusters", code="77-2024-01", region="77", cohort=2024, status="planned")

    response = await client.post(
        "/v1/addressees/resolve", headers=admin, json={**query, "at": "2023-10-04"}
    )

    assert [item["cluster_code"] for item in response.json()["items"]] == codes


async def test_named_clusters_are_still_filtered(
    client: httpx.AsyncClient, admin: Headers, create: Create
) -> None:
    first = await create("clusters")
    second = await create("clusters", code="77-2023-01", region="77", cohort=2023)
    planned = await create("clusters", code="77-2024-01", region="77", status="planned")
    await create("clusters", code="16-2022-02")
    named = [planned["id"], second["id"], first["id"], first["id"]]

    async def resolved(**selector: Any) -> list[str]:
        body = {"kind": "cluster", "clusters": named, "at": "2023-10-04", **selector}
        response = await client.post("/v1/addressees/resolve", headers=admin, json=body)
        return [item["cluster_code"] for item in response.json()["items"]]

    assert await resolved() == ["16-2022-01", "77-2023-01"]
    assert await resolved(cohorts=[2023]) == ["77-2023-01"]
    assert await resolved(cohorts=[2023], regions=["16"]) == []


async def test_more_addressees_than_an_instruction_may_have_are_refused(
    client: httpx.AsyncClient, session: AsyncSession, admin: Headers, loaded: dict[str, Any]
) -> None:
    query = {"kind": "cluster", "at": "2023-10-04"}
    await _enter_clusters(session, 0, MAX_ADDRESSEES)
    most = await client.post("/v1/addressees/resolve", headers=admin, json=query)
    await _enter_clusters(session, MAX_ADDRESSEES, 1)
    more = await client.post("/v1/addressees/resolve", headers=admin, json=query)

    assert len(most.json()["items"]) == MAX_ADDRESSEES
    assert (more.status_code, more.json()["code"]) == (422, "too_many_addressees")


async def _enter_clusters(session: AsyncSession, first: int, count: int) -> None:
    clusters = [
        Cluster(
            id=new_id(),
            code=f"16-{number}",
            name="Кластер",
            region="16",
            industry="metallurgy",
            cohort=2022,
            status=ClusterStatus.ACTIVE,
            registered_at=NOW,
        )
        for number in range(first, first + count)
    ]
    session.add_all(clusters)
    await session.flush()
    session.add_all(
        ClusterTenure(id=new_id(), cluster_id=one.id, status=one.status, valid_from=NOW.date())
        for one in clusters
    )
    await session.flush()


@pytest.mark.parametrize(
    "selector", [{"clusters": [str(new_id())]}, {"cohorts": [2022]}, {"industries": ["metallurgy"]}]
)
async def test_a_selector_of_clusters_says_nothing_of_authorities(
    client: httpx.AsyncClient, admin: Headers, loaded: dict[str, Any], selector: dict[str, Any]
) -> None:
    body = {"kind": "authority", "at": "2023-10-04", **selector}
    response = await client.post("/v1/addressees/resolve", headers=admin, json=body)
    assert (response.status_code, response.json()["code"]) == (422, "selector_not_for_authorities")


async def test_an_authority_is_addressed_once_per_region_with_its_leaders_of_the_date(
    client: httpx.AsyncClient, admin: Headers, token: Tokens, create: Create
) -> None:
    head = await create("people")
    body = {
        "region": "16",
        "office": "authority_head",
        "person_id": head["id"],
        "valid_from": "2023-09-15",
    }
    await client.post("/v1/appointments", headers=admin, json=body)

    async def resolved(at: str) -> list[dict[str, Any]]:
        response = await client.post(
            "/v1/addressees/resolve",
            headers=token("service"),
            json={"kind": "authority", "at": at},
        )
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    before, after = await resolved("2023-09-14"), await resolved("2023-09-15")
    assert len(before) == len(after) == 89
    tatarstan = [next(i for i in items if i["region"] == "16") for items in (before, after)]
    assert [item["authority_head_id"] for item in tatarstan] == [None, head["id"]]
    assert tatarstan[1]["timezone"] == "Europe/Moscow"


@pytest.mark.parametrize(
    ("wrong", "field", "code"),
    [
        ({"regions": ["00"]}, "body.regions", "unknown_region"),
        ({"industries": ["alchemy"]}, "body.industries", "unknown_industry"),
        (
            {"clusters": ["0190c5a0-0000-7000-8000-000000000012"]},
            "body.clusters",
            "unknown_cluster",
        ),
    ],
)
async def test_addressing_the_unknown_is_refused_by_field(
    client: httpx.AsyncClient,
    admin: Headers,
    loaded: dict[str, Any],
    wrong: dict[str, Any],
    field: str,
    code: str,
) -> None:
    response = await client.post(
        "/v1/addressees/resolve",
        headers=admin,
        json={"kind": "cluster", "at": "2023-10-04", **wrong},
    )
    assert (response.status_code, response.json()["code"]) == (422, code)
    assert response.json()["errors"][0]["field"] == field
