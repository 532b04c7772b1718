"""Eight associations work, sixteen are planned; clusters join them, people are charged."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import AssociationConstitutedAlready
from services.directory.models import Association, Cluster, ClusterTenure, Industry, Membership
from services.directory.schemas.associations import Expansion
from services.directory.service import associations, memberships
from services.directory.service.reference import load_reference_data
from shared.auth import Actor, Role, Rows
from shared.db import open_sessions
from shared.events.directory import AssociationEvent
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.directory.associations import CODE, HERE, NOBODY, World


async def told(session: AsyncSession) -> list[tuple[str, dict[str, Any]]]:
    statement = (
        select(OutboxRecord)
        .where(OutboxRecord.topic == AssociationEvent.topic)
        .order_by(col(OutboxRecord.position))
    )
    return [(row.type, json.loads(row.data)) for row in (await session.exec(statement)).all()]


async def test_eight_work_sixteen_are_planned_and_all_are_there_by_the_end_of_march(
    world: World, session: AsyncSession
) -> None:
    autumn = await world.get("/v1/associations?at=2023-10-01")
    planned = [item["code"] for item in autumn["items"] if item["status"] == "planned"]
    for number, code in enumerate(planned):
        day = f"2024-0{number % 3 + 1}-15"
        await world.post(f"/v1/associations/{code}/constitute", {"constituted_on": day}, ok=200)

    found = [await world.get(f"/v1/associations?at={day}") for day in ("2023-12-31", "2024-03-31")]

    assert (autumn["constituted"], autumn["planned"]) == (8, 16)
    assert [(one["constituted"], one["planned"]) for one in found] == [(8, 16), (24, 0)]
    types = [type_ for type_, _ in await told(session)]
    assert types.count("directory.association.registered.v1") == 24
    assert types.count("directory.association.constituted.v1") == 16


async def test_an_association_is_constituted_once_and_stays_so_when_reference_data_is_loaded_again(
    world: World,
) -> None:
    path = "/v1/associations/nuclear/constitute"
    made = await world.post(path, {"constituted_on": "2024-02-01"}, ok=200)
    again = await world.post(path, {"constituted_on": "2024-03-01"}, ok=None)
    await world.post("/v1/reference-data/load", {}, ok=200)

    assert made["version"] == 2
    assert again == (409, AssociationConstitutedAlready.code)
    found = await world.get("/v1/associations/nuclear?at=2024-02-01")
    assert (found["constituted_on"], found["status"]) == ("2024-02-01", "constituted")


async def test_a_cluster_joins_leaves_and_joins_again_but_is_never_twice_a_member(
    world: World, session: AsyncSession, metallurgy: Headers
) -> None:
    body = {"cluster_id": await world.cluster(), "valid_from": "2023-09-15"}
    made = await world.post(f"{HERE}/memberships", body, by=metallurgy)
    twice = await world.post(f"{HERE}/memberships", {**body, "valid_from": "2023-10-01"}, ok=None)
    end = f"{HERE}/memberships/{made['id']}/end"
    ended = await world.post(end, {"valid_to": "2023-12-31"}, ok=200)
    later = await world.post(end, {"valid_to": "2024-01-31"}, ok=None)
    before = await world.post(end, {"valid_to": "2023-09-14"}, ok=None)
    await world.post(f"{HERE}/memberships", {**body, "valid_from": "2024-01-01"})

    assert twice == (409, "tenure_overlaps")
    assert ended["version"] == 2
    assert later == (409, "tenure_already_ended")
    assert before == (422, "dates_reversed")
    held = [
        len((await world.get(f"{HERE}/memberships?at={day}"))["items"])
        for day in ("2023-09-14", "2023-12-31", "2024-01-01")
    ]
    assert held == [0, 1, 1]
    types = [
        (type_, data["version"]) for type_, data in await told(session) if "membership" in type_
    ]
    assert types == [
        ("directory.membership.started.v1", 1),
        ("directory.membership.ended.v1", 2),
        ("directory.membership.started.v1", 1),
    ]


@pytest.mark.parametrize("what", ["memberships", "mandates", "directions"])
async def test_a_term_is_ended_by_who_has_read_it_last(
    client: httpx.AsyncClient, world: World, metallurgy: Headers, what: str
) -> None:
    about: dict[str, Any] = {
        "memberships": {"cluster_id": await world.cluster()},
        "mandates": {"kind": "expert", "person_id": await world.person(), "topic": "Сварка"},
        "directions": {"name": "Программы"},
    }[what]
    made = await world.post(
        f"{HERE}/{what}", {**about, "valid_from": "2023-09-20", "valid_to": "2023-12-31"}
    )

    async def end(day: str, version: int) -> httpx.Response:
        path, headers = f"{HERE}/{what}/{made['id']}/end", {"If-Match": f'"v{version}"'}
        return await client.post(path, headers=metallurgy | headers, json={"valid_to": day})

    ended = await end("2023-12-15", 1)
    stale = await end("2023-12-01", 1)

    assert (ended.status_code, ended.headers["ETag"]) == (200, '"v2"')
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert [one["valid_to"] for one in (await world.get(f"{HERE}/{what}"))["items"]] == [
        "2023-12-15"
    ]


async def test_who_cannot_join_is_told_why(world: World) -> None:
    mining = await world.cluster(industry="mining")
    path = "/v1/associations/{}/memberships"
    day = {"valid_from": "2023-10-01"}
    own = {"cluster_id": await world.cluster(), "valid_from": "2023-10-01"}

    refused = [
        await world.post(path.format("mining"), {"cluster_id": mining, **day}, ok=None),
        await world.post(path.format(CODE), {"cluster_id": mining, **day}, ok=None),
        await world.post(path.format(CODE), {"cluster_id": NOBODY, **day}, ok=None),
        await world.post(path.format("alchemy"), own, ok=None),
        await world.post(path.format(CODE), {**own, "valid_from": "1000-01-01"}, ok=None),
        await world.post(path.format(CODE), {**own, "valid_from": "2023-08-31"}, ok=None),
    ]

    assert refused == [
        (409, "association_not_constituted"),
        (422, "cluster_of_another_industry"),
        (422, "unknown_cluster"),
        (404, "association_not_found"),
        (422, "invalid_request"),
        (409, "association_not_constituted"),
    ]


async def test_a_cohort_joins_at_once_as_previewed_and_twice_is_the_same_as_once(
    world: World, session: AsyncSession, metallurgy: Headers
) -> None:
    joining = [await world.cluster(cohort=2023), await world.cluster(cohort=2023)]
    member = await world.cluster(cohort=2023)
    await world.post(f"{HERE}/memberships", {"cluster_id": member, "valid_from": "2023-10-01"})
    await world.cluster(cohort=2022)
    await world.cluster(cohort=2023, industry="mining")
    wanted = {"cohort": 2023, "valid_from": "2023-11-20"}

    own = await world.post("/v1/expansions/preview", wanted, by=metallurgy, ok=200)
    before = len((await world.get(f"{HERE}/memberships"))["items"])
    previewed = await world.post("/v1/expansions/preview", wanted, ok=200)
    done = await world.post("/v1/expansions", wanted, ok=200)
    again = await world.post("/v1/expansions", wanted, ok=200)

    assert [item["cluster_id"] for item in previewed["joining"]] == joining
    assert previewed["already"] == 1
    assert previewed["left_out"] == [{"association": "mining", "clusters": 1}]
    assert before == 1
    assert done == previewed
    assert (own["joining"], own["left_out"]) == (previewed["joining"], [])
    assert (again["joining"], again["already"]) == ([], 3)
    assert len((await world.get(f"{HERE}/memberships?at=2023-12-01"))["items"]) == 3
    assert sum("membership" in type_ for type_, _ in await told(session)) == 3


async def test_an_association_expands_no_other(world: World, metallurgy: Headers) -> None:
    wanted = {"cohort": 2023, "valid_from": "2023-11-20", "associations": [CODE, "chemistry"]}
    assert await world.post("/v1/expansions", wanted, by=metallurgy, ok=None) == (
        404,
        "association_not_found",
    )


async def test_two_expansions_at_once_let_each_cluster_join_once(databases: dict[str, str]) -> None:
    """Real connections, real commits."""
    admin = Actor("admin", frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))
    wanted = Expansion(cohort=2031, valid_from=NOW.date(), associations=[CODE])
    async with open_sessions(databases["directory"]) as sessions:
        async with sessions.begin() as session:
            await load_reference_data(session, now=NOW)
            for number in range(20):
                cluster = _committed_cluster(number)
                session.add(cluster)
                await session.flush()
                session.add(
                    ClusterTenure(
                        id=cluster.id,
                        cluster_id=cluster.id,
                        status=cluster.status,
                        valid_from=NOW.date(),
                    )
                )

        async def expand() -> int:
            async with sessions.begin() as session:
                return len((await memberships.expand(session, wanted, admin, now=NOW)).joining)

        joined = await asyncio.gather(*(expand() for _ in range(4)))

        async with sessions.begin() as session:
            found = (await session.exec(select(Membership))).all()
            assert sum(joined) == len(found) == 20
            await _forget_everything(session)


def _committed_cluster(number: int) -> Cluster:
    return Cluster(
        id=f"0190c5a0-0000-7000-8000-{number:012}",  # type: ignore[arg-type]
        code=f"race-{number}",
        name="Кластер",
        region="16",
        industry=CODE,
        cohort=2031,
        status="active",  # type: ignore[arg-type]
        registered_at=NOW - timedelta(days=1),
    )


async def _forget_everything(session: AsyncSession) -> None:
    """What was committed must not be seen by other tests of this worker."""
    connection = await session.connection()
    await connection.exec_driver_sql(
        "truncate regions, industries, organisations, people, outbox cascade"
    )


async def test_one_chair_at_a_time_and_one_curator_of_a_cluster_but_many_responsible(
    world: World, metallurgy: Headers
) -> None:
    anna, boris = await world.person(), await world.person("Борис Петров")
    cluster = await world.cluster()
    path = f"{HERE}/mandates"

    def mandate(kind: str, person: str, **more: str) -> dict[str, str]:
        return {"kind": kind, "person_id": person, "valid_from": "2023-09-15", **more}

    chair = await world.post(path, mandate("chair", anna), by=metallurgy)
    await world.post(path, mandate("curator", anna, cluster_id=cluster), by=metallurgy)
    await world.post(path, mandate("responsible", anna))
    await world.post(path, mandate("responsible", boris))
    await world.post(path, mandate("expert", boris, topic="Дуальное обучение"))
    refused = [
        await world.post(path, mandate("chair", boris), ok=None),
        await world.post(path, mandate("curator", boris, cluster_id=cluster), ok=None),
        await world.post(path, mandate("responsible", boris), ok=None),
        await world.post(path, mandate("expert", boris, topic="Дуальное обучение"), ok=None),
    ]
    await world.post(f"{path}/{chair['id']}/end", {"valid_to": "2023-10-31"}, ok=200)
    await world.post(path, {**mandate("chair", boris), "valid_from": "2023-11-01"})

    assert refused == [(409, "tenure_overlaps")] * 4
    chairs = [
        [item["person_id"] for item in (await world.get(f"{path}?kind=chair&at={day}"))["items"]]
        for day in ("2023-10-31", "2023-11-01")
    ]
    assert chairs == [[anna], [boris]]


@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ({"kind": "curator"}, 422, "invalid_request"),
        ({"kind": "expert"}, 422, "invalid_request"),
        ({"topic": "Сварка"}, 422, "invalid_request"),
        ({"cluster_id": NOBODY}, 422, "invalid_request"),
        ({"kind": "curator", "cluster_id": NOBODY}, 422, "unknown_cluster"),
        ({"kind": "responsible", "direction_id": NOBODY}, 404, "association_row_not_found"),
        ({"person_id": NOBODY}, 422, "unknown_person"),
        ({"valid_to": "2023-09-14"}, 422, "dates_reversed"),
        ({"valid_from": "2023-08-31"}, 409, "association_not_constituted"),
    ],
)
async def test_a_bad_mandate_is_refused_and_nobody_is_charged(
    world: World, wrong: dict[str, str], status: int, code: str
) -> None:
    body = {"kind": "chair", "person_id": await world.person(), "valid_from": "2023-09-15"}
    refused = await world.post(f"{HERE}/mandates", {**body, **wrong}, ok=None)
    assert refused == (status, code)
    assert (await world.get(f"{HERE}/mandates"))["items"] == []


async def test_coverage_tells_which_clusters_have_a_curator_on_the_day(world: World) -> None:
    since = {"since": "2023-09-01"}
    curated, alone = await world.cluster(**since), await world.cluster(**since)
    await world.cluster(industry="chemistry", **since)
    await world.post(f"{HERE}/memberships", {"cluster_id": alone, "valid_from": "2023-09-20"})
    person = await world.person()
    body = {"kind": "curator", "person_id": person, "cluster_id": curated}
    await world.post(f"{HERE}/mandates", {**body, "valid_from": "2023-10-01"})

    before = await world.get(f"{HERE}/coverage?at=2023-09-30")
    after = await world.get(f"{HERE}/coverage?at=2023-10-01")

    assert (before["total"], before["with_curator"], before["without_curator"]) == (2, 0, 2)
    assert (after["with_curator"], after["without_curator"]) == (1, 1)
    found = {item["cluster_id"]: (item["curator_id"], item["is_member"]) for item in after["items"]}
    assert found == {curated: (person, False), alone: (None, True)}


async def test_of_a_past_day_the_statuses_of_that_day_count(world: World) -> None:
    closed = await world.cluster(since="2023-09-01", cohort=2023)
    resting = await world.cluster(since="2023-09-01", cohort=2023)
    await world.cluster(since="2023-10-02", cohort=2023)
    for cluster, step in ((closed, "close"), (resting, "reorganise")):
        body = {"on": "2023-09-20", "reason": "Приказ № 1"}
        await world.post(f"/v1/clusters/{cluster}/{step}", body, ok=200)

    totals = [
        (await world.get(f"{HERE}/coverage?at={day}"))["total"]
        for day in ("2023-08-31", "2023-09-19", "2023-09-20", "2023-10-02")
    ]
    wanted = {"cohort": 2023, "valid_from": "2023-09-19"}
    previewed = await world.post("/v1/expansions/preview", wanted, ok=200)

    assert totals == [0, 2, 0, 1]
    # Who has been closed since does not join any more, not even from a day before that.
    assert [one["cluster_id"] for one in previewed["joining"]] == [resting]


async def test_an_association_sees_and_changes_its_own_and_no_other(
    client: httpx.AsyncClient, world: World, metallurgy: Headers, token: Tokens
) -> None:
    await world.post(
        f"{HERE}/directions", {"name": "Программы", "valid_from": "2023-09-20"}, by=metallurgy
    )
    chemistry = token("association", industries=["chemistry"])
    direction = (await world.get(f"{HERE}/directions"))["items"][0]["id"]

    listed = await world.get("/v1/associations", by=metallurgy)
    assert [item["code"] for item in listed["items"]] == [CODE]
    for path in ("", "/memberships", "/mandates", "/directions", "/coverage"):
        await world.get(f"{HERE}{path}", by=chemistry, ok=404)
        await world.get(f"{HERE}{path}", by=token("cluster"))
    end = {"valid_to": "2023-12-31"}
    for path in (HERE, "/v1/associations/chemistry"):
        refused = await world.post(f"{path}/directions/{direction}/end", end, by=chemistry, ok=None)
        assert refused[0] == 404
    assert (await world.get(f"{HERE}/directions"))["items"][0]["valid_to"] is None


async def test_a_direction_is_not_named_twice(world: World) -> None:
    body = {"name": "Программы", "valid_from": "2023-09-20"}
    await world.post(f"{HERE}/directions", body)
    again = await world.post(f"{HERE}/directions", {**body, "name": "ПРОГРАММЫ"}, ok=None)
    assert again == (409, "tenure_overlaps")


_CENTRE = Actor("x", frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))


async def test_the_associations_shipped_are_the_industries_and_eight_of_them_work(
    session: AsyncSession,
) -> None:
    await load_reference_data(session, now=NOW)
    found = await associations.list_associations(session, _CENTRE)
    industries = (await session.exec(select(Industry.code))).all()
    assert {row.code for row in found} == set(industries)
    assert sum(row.constituted_on is not None for row in found) == 8
    assert all(isinstance(row, Association) for row in found)


@pytest.mark.parametrize("participants", ["many", 84.0, [1], {"of": 1}, True])
async def test_a_field_is_named_as_the_client_wrote_it(
    client: httpx.AsyncClient, token: Tokens, participants: Any
) -> None:
    """Once, and without the names of the types that were tried for it."""
    wrong = await client.patch(
        "/v1/associations/metallurgy/activities/0190c5a0-0000-7000-8000-000000000001",
        json={"participants": participants},
        headers=token("cur_admin"),
    )

    assert wrong.status_code == 422
    assert [one["field"] for one in wrong.json()["errors"]] == ["body.participants"]
