"""Who stands how to a region or a cluster, and on which days."""

import asyncio
import json
from collections import Counter
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.relations import RULES, RelationKind, free_of
from shared.db import open_sessions
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens, serve, settings_for
from tests.directory.conftest import CLUSTER, Ask, Create

DAYS = st.integers(0, 12).map(lambda day: date(2023, 9, 1) + timedelta(days=day))
TERMS = st.tuples(DAYS, DAYS | st.none()).filter(lambda term: term[1] is None or term[0] <= term[1])


@given(wanted=TERMS, taken=st.lists(TERMS, max_size=4))
def test_what_is_free_of_a_term_is_each_day_that_is_not_taken_once(
    wanted: tuple[date, date | None], taken: list[tuple[date, date | None]]
) -> None:
    def holds(term: tuple[date, date | None], day: date) -> bool:
        return term[0] <= day <= (term[1] or date.max)

    free = free_of(*wanted, taken)

    # A day before all, and one after all that have a last day.
    for number in range(-1, 15):
        day = date(2023, 9, 1) + timedelta(days=number)
        due = holds(wanted, day) and not any(holds(term, day) for term in taken)
        assert sum(holds(term, day) for term in free) == due
    assert all(last is None or first <= last for first, last in free)


@pytest.fixture
async def company(create: Create) -> dict[str, Any]:
    return await create(
        "organisations", code="uk-1", name="УК «Первая»", kind="managing_company", region="16"
    )


@pytest.fixture
async def cluster(create: Create) -> dict[str, Any]:
    return await create("clusters", since="2023-09-01")


def _relation(company: dict[str, Any], cluster: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "kind": "managing_company",
        "organisation_id": company["id"],
        "cluster_id": cluster["id"],
        "valid_from": "2023-09-15",
        "valid_to": "2023-10-15",
        **changes,
    }


async def _told(session: AsyncSession, topic: str) -> list[tuple[str, int]]:
    statement = (
        select(OutboxRecord.type, OutboxRecord.data)
        .where(OutboxRecord.topic == topic)
        .order_by(col(OutboxRecord.position))
    )
    return [(kind, json.loads(data)["version"]) for kind, data in await session.exec(statement)]


async def test_a_managing_company_holds_from_its_first_day_to_its_last(
    ask: Ask, company: dict[str, Any], cluster: dict[str, Any], session: AsyncSession
) -> None:
    made = await ask("POST", "/v1/relations", _relation(company, cluster))

    assert made.status_code == 201, made.text
    assert made.json()["organisation_name"] == "УК «Первая»"
    path = f"/v1/clusters/{cluster['id']}"
    seen = {}
    for at in ("2023-09-14", "2023-09-15", "2023-10-15", "2023-10-16"):
        read = (await ask("GET", f"{path}?at={at}")).json()
        listed = await ask("GET", f"/v1/clusters?managing_company={company['id']}&at={at}")
        seen[at] = (read["managing_company_id"], len(listed.json()["items"]))
    held = (company["id"], 1)
    assert list(seen.values()) == [(None, 0), held, held, (None, 0)]
    assert await _told(session, "directory.clusters") == [
        ("directory.cluster.registered.v1", 1),
        ("directory.cluster.changed.v1", 2),
    ]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"valid_from": "2023-10-15", "valid_to": None}, 409, "relation_overlaps"),
        ({"valid_from": "2023-01-01", "valid_to": "2023-09-15"}, 409, "relation_overlaps"),
        ({"valid_from": "2023-10-16", "valid_to": None}, 201, None),
        ({"valid_from": "2023-10-16", "valid_to": "2023-10-15"}, 422, "dates_reversed"),
        ({"kind": "core_college"}, 422, "wrong_organisation_kind"),
        ({"organisation_id": str(uuid4())}, 422, "unknown_organisation"),
        ({"cluster_id": str(uuid4())}, 422, "unknown_cluster"),
        ({"cluster_id": None, "region": "16"}, 422, "invalid_request"),
        ({"region": "16"}, 422, "invalid_request"),
        ({"kind": "authority", "cluster_id": None, "region": "00"}, 422, "unknown_region"),
    ],
)
async def test_a_second_company_is_refused_on_the_days_of_the_first(
    ask: Ask,
    company: dict[str, Any],
    cluster: dict[str, Any],
    changes: dict[str, Any],
    status: int,
    code: str | None,
) -> None:
    await ask("POST", "/v1/relations", _relation(company, cluster))

    answer = await ask("POST", "/v1/relations", _relation(company, cluster, **changes))

    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.text
    if code == "relation_overlaps":
        assert "с 15.09.2023 по 15.10.2023" in answer.json()["detail"]
    listed = (await ask("GET", f"/v1/relations?cluster={cluster['id']}")).json()["items"]
    assert len(listed) == (2 if status == 201 else 1)


async def test_many_colleges_are_in_a_cluster_each_once(
    ask: Ask, create: Create, cluster: dict[str, Any]
) -> None:
    first = await create("organisations")
    second = await create("organisations", code="kzn-2", name="Второй колледж")
    bodies = [
        _relation(one, cluster, kind="college", valid_to=None) for one in (first, second, first)
    ]

    statuses = [(await ask("POST", "/v1/relations", body)).status_code for body in bodies]

    assert statuses == [201, 201, 409]
    named = await ask("GET", f"/v1/relations?cluster={cluster['id']}&kind=college&at=2023-10-01")
    assert {one["organisation_id"] for one in named.json()["items"]} == {first["id"], second["id"]}
    found = await ask("GET", f"/v1/clusters?college={second['id']}&at=2023-10-01")
    assert [one["id"] for one in found.json()["items"]] == [cluster["id"]]


async def test_a_relation_is_ended_once_sooner_and_told_of(
    ask: Ask, company: dict[str, Any], cluster: dict[str, Any], session: AsyncSession
) -> None:
    made = await ask("POST", "/v1/relations", _relation(company, cluster))
    path = f"/v1/relations/{made.json()['id']}"

    later = await ask("POST", f"{path}/end", {"valid_to": "2023-10-16"})
    stale = await ask("POST", f"{path}/end", {"valid_to": "2023-10-01"}, **{"If-Match": '"v9"'})
    before = await ask("POST", f"{path}/end", {"valid_to": "2023-09-14"})
    ended = await ask("POST", f"{path}/end", {"valid_to": "2023-10-01"}, **{"If-Match": '"v1"'})

    assert (later.status_code, later.json()["code"]) == (409, "relation_already_ended")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (before.status_code, before.json()["code"]) == (422, "dates_reversed")
    assert (ended.json()["valid_to"], ended.headers["ETag"]) == ("2023-10-01", '"v2"')
    assert [version for _, version in await _told(session, "directory.clusters")] == [1, 2, 3]


async def test_another_authority_takes_over_a_region_and_the_past_keeps_the_first(
    ask: Ask, create: Create, session: AsyncSession
) -> None:
    other = await create(
        "organisations", code="rais", name="Новое министерство", kind="authority", level="tactical"
    )
    held = (await ask("GET", "/v1/relations?region=16&kind=authority")).json()["items"]
    first = held[0]["organisation_name"]
    taken = {
        "kind": "authority",
        "organisation_id": other["id"],
        "region": "16",
        "valid_from": "2023-11-01",
    }

    early = await ask("POST", "/v1/relations", taken)
    await ask("POST", f"/v1/relations/{held[0]['id']}/end", {"valid_to": "2023-10-31"})
    made = await ask("POST", "/v1/relations", taken)

    assert (early.status_code, made.status_code) == (409, 201)
    named = [
        (await ask("GET", f"/v1/regions/16?at={at}")).json()["authority"]
        for at in ("2023-10-31", "2023-11-01")
    ]
    assert named == [first, "Новое министерство"]
    again = await ask("POST", "/v1/reference-data/load")
    assert again.json()["organisations"]["changed"] == 0
    assert (await ask("GET", "/v1/regions/16")).json()["version"] == 3
    told = [one for one in await _told(session, "directory.regions") if one[1] > 1]
    assert told == [("directory.region.changed.v1", 2), ("directory.region.changed.v1", 3)]


async def test_an_organisation_is_changed_and_not_taken_from_under_a_cluster(
    ask: Ask, company: dict[str, Any], cluster: dict[str, Any]
) -> None:
    path = f"/v1/organisations/{company['id']}"
    await ask("POST", "/v1/relations", _relation(company, cluster))

    outlived = await ask("PATCH", path, {"valid_to": "2023-10-14"})
    stale = await ask("PATCH", path, {"name": "УК"}, **{"If-Match": '"v2"'})
    nameless = await ask("PATCH", path, {"name": None})
    changed = await ask("PATCH", path, {"name": "УК «Новая»", "valid_to": "2023-12-31"})
    late = _relation(company, cluster, valid_from="2023-11-01", valid_to=None)
    beyond = await ask("POST", "/v1/relations", late)

    assert (outlived.status_code, outlived.json()["code"]) == (409, "organisation_in_use")
    assert (stale.status_code, nameless.status_code) == (412, 422)
    assert (changed.json()["name"], changed.headers["ETag"]) == ("УК «Новая»", '"v2"')
    assert (beyond.status_code, beyond.json()["code"]) == (422, "organisation_not_there")
    there = [
        len((await ask("GET", f"/v1/organisations?kind=managing_company&at={at}")).json()["items"])
        for at in ("2023-12-31", "2024-01-01")
    ]
    assert there == [1, 0]


def test_every_kind_of_relation_says_whom_it_joins() -> None:
    assert set(RULES) == set(RelationKind)
    alone = {kind for kind, rule in RULES.items() if rule.alone}
    assert alone == {"supervisory_board", "authority", "managing_company", "core_college"}


async def test_of_twenty_who_race_for_a_place_one_gets_it(
    app: Any, databases: dict[str, str], token: Tokens, clock: Any
) -> None:
    """Over HTTP, on twenty connections: one 201, and 19 clear refusals that name the days."""
    dsn = databases["directory"]
    connection = await asyncpg.connect(dsn)
    async with open_sessions(dsn, pool_size=20) as sessions:
        transport = serve(app, settings_for(dsn), sessions=sessions, clock=clock)
        client = httpx.AsyncClient(transport=transport, base_url="http://test")
        admin: Headers = token("cur_admin")

        async def post(path: str, body: dict[str, Any]) -> httpx.Response:
            return await client.post(path, headers=admin, json=body)

        try:
            await post("/v1/reference-data/load", {})
            person = (await post("/v1/people", {"full_name": "Анна Иванова"})).json()
            cluster = (await post("/v1/clusters", CLUSTER)).json()
            company = {"code": "uk", "name": "УК", "kind": "managing_company"}
            owner = (await post("/v1/organisations", {**company, "level": "operational"})).json()
            told = "select count(*) from outbox where topic = any($1)"
            topics = ["directory.appointments", "directory.clusters"]
            before = await connection.fetchval(told, topics)
            appointment = {
                "region": "16",
                "office": "coordinator",
                "person_id": person["id"],
                "valid_from": "2023-09-15",
            }
            relation = _relation(owner, cluster)
            answers = await asyncio.gather(
                *(post("/v1/appointments", appointment) for _ in range(20)),
                *(post("/v1/relations", relation) for _ in range(20)),
            )
            after = await connection.fetchval(told, topics)
        finally:
            await client.aclose()
            await connection.execute(
                "truncate regions, industries, organisations, people, outbox cascade"
            )
            await connection.close()

    for found, code in (
        (answers[:20], "appointment_overlaps"),
        (answers[20:], "relation_overlaps"),
    ):
        assert Counter(one.status_code for one in found) == {201: 1, 409: 19}
        refusals = [one.json() for one in found if one.status_code == 409]
        assert {one["code"] for one in refusals} == {code}
        assert all("с 15.09.2023" in one["detail"] for one in refusals)
    assert after - before == 2
