"""A cluster's life: which step follows which, from which day, and how it reads afterwards."""

import json
from itertools import product
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import (
    TRANSITIONS,
    ClusterAction,
    ClusterActionNotAllowed,
    ClusterStatus,
    next_status,
)
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.directory.conftest import Ask, Create

FORBIDDEN = sorted(set(product(ClusterStatus, ClusterAction)) - TRANSITIONS.keys())
REASON = {"reason": "Приказ № 12"}


@pytest.mark.parametrize(("status", "action"), FORBIDDEN)
def test_a_step_the_status_does_not_permit_is_refused(
    status: ClusterStatus, action: ClusterAction
) -> None:
    with pytest.raises(ClusterActionNotAllowed):
        next_status(status, action)


def test_what_is_closed_stays_closed() -> None:
    assert not [pair for pair in TRANSITIONS if pair[0] is ClusterStatus.CLOSED]


async def _told(session: AsyncSession) -> list[dict[str, Any]]:
    statement = (
        select(OutboxRecord.type, OutboxRecord.data)
        .where(OutboxRecord.topic == "directory.clusters")
        .order_by(col(OutboxRecord.position))
    )
    return [{"type": kind, **json.loads(data)} for kind, data in await session.exec(statement)]


async def _codes(client: httpx.AsyncClient, headers: Headers, at: str) -> list[str]:
    answer = await client.post(
        "/v1/addressees/resolve", headers=headers, json={"kind": "cluster", "at": at}
    )
    return [one["cluster_code"] for one in answer.json()["items"]]


async def test_a_whole_life_is_read_as_of_any_day_and_addressed_while_active(
    client: httpx.AsyncClient, admin: Headers, ask: Ask, create: Create, session: AsyncSession
) -> None:
    path = f"/v1/clusters/{(await create('clusters', status='planned', since='2023-09-01'))['id']}"

    steps = [
        await ask("POST", f"{path}/activate", {"on": "2023-09-15"}, at="2023-10-02"),
        await ask("POST", f"{path}/reorganise", REASON, at="2023-10-20"),
        await ask("POST", f"{path}/activate", {}, at="2023-11-01"),
        await ask("POST", f"{path}/close", REASON, at="2023-12-01"),
    ]

    assert [(one.status_code, one.json()["status"]) for one in steps] == [
        (200, "active"),
        (200, "reorganised"),
        (200, "active"),
        (200, "closed"),
    ]
    assert steps[-1].headers["ETag"] == '"v5"'
    expected = {
        "2023-09-01": "planned",
        "2023-09-14": "planned",
        "2023-09-15": "active",
        "2023-10-19": "active",
        "2023-10-20": "reorganised",
        "2023-11-01": "active",
        "2023-11-30": "active",
        "2023-12-01": "closed",
    }
    seen, addressed = {}, []
    for at in expected:
        seen[at] = (await ask("GET", f"{path}?at={at}")).json()["status"]
        addressed += [at] if await _codes(client, admin, at) else []
        listed = (await ask("GET", f"/v1/clusters?at={at}&status={seen[at]}")).json()["items"]
        assert len(listed) == 1
    assert seen == expected
    assert addressed == [at for at, status in expected.items() if status == "active"]
    unborn = await ask("GET", f"{path}?at=2023-08-31")
    assert (unborn.status_code, unborn.json()["code"]) == (404, "cluster_not_found")
    assert [(one["type"].split(".")[2], one["version"]) for one in await _told(session)] == [
        ("registered", 1),
        ("activated", 2),
        ("reorganised", 3),
        ("activated", 4),
        ("closed", 5),
    ]


@pytest.mark.parametrize(
    ("step", "body", "status", "code", "field"),
    [
        ("close", {"on": "2023-10-03", **REASON}, 422, "effective_in_future", "body.on"),
        ("close", {"on": "2023-08-31", **REASON}, 409, "effective_too_early", "body.on"),
        ("close", {}, 422, "invalid_request", "body.reason"),
        ("reorganise", {"reason": " "}, 422, "invalid_request", "body.reason"),
        ("activate", {}, 409, "cluster_action_not_allowed", None),
        ("close", {"on": "вчера", **REASON}, 422, "invalid_request", "body.on"),
    ],
)
async def test_a_refused_step_names_its_cause_and_changes_nothing(
    ask: Ask,
    create: Create,
    session: AsyncSession,
    step: str,
    body: dict[str, Any],
    status: int,
    code: str,
    field: str | None,
) -> None:
    path = f"/v1/clusters/{(await create('clusters', since='2023-09-01'))['id']}"

    refused = await ask("POST", f"{path}/{step}", body)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert [one["field"] for one in refused.json()["errors"]] == ([field] if field else [])
    assert (await ask("GET", path)).json()["version"] == 1
    assert len(await _told(session)) == 1


async def test_a_step_on_the_day_of_the_last_one_takes_its_place(ask: Ask, create: Create) -> None:
    path = f"/v1/clusters/{(await create('clusters', status='planned'))['id']}"

    await ask("POST", f"{path}/activate", {})
    closed = await ask("POST", f"{path}/close", REASON)

    assert (closed.json()["status"], closed.json()["status_since"]) == ("closed", "2023-10-02")
    kinds = [one["kind"] for one in (await ask("GET", f"{path}/timeline")).json()["items"]]
    assert kinds == ["registered", "activated", "closed"]


async def test_closing_ends_what_the_cluster_had_and_nothing_new_begins(
    ask: Ask, create: Create
) -> None:
    college = await create("organisations")
    cluster = await create("clusters", since="2023-09-01", core_college_id=college["id"])
    path = f"/v1/clusters/{cluster['id']}"

    await ask("POST", f"{path}/close", {"on": "2023-10-01", **REASON})

    relations = (await ask("GET", f"/v1/relations?cluster={cluster['id']}")).json()["items"]
    assert [(one["valid_from"], one["valid_to"]) for one in relations] == [
        ("2023-09-01", "2023-09-30")
    ]
    after = {
        "kind": "college",
        "organisation_id": college["id"],
        "cluster_id": cluster["id"],
        "valid_from": "2023-09-05",
    }
    late = await ask("POST", "/v1/relations", after)
    in_time = await ask("POST", "/v1/relations", {**after, "valid_to": "2023-09-30"})
    assert (late.status_code, late.json()["code"]) == (409, "cluster_closed")
    assert in_time.status_code == 201


async def test_a_merged_cluster_names_its_heir_who_gets_its_members(
    client: httpx.AsyncClient, admin: Headers, ask: Ask, create: Create, session: AsyncSession
) -> None:
    core = await create("organisations")
    works = await create("organisations", code="kamaz", name="Завод", kind="enterprise")
    heir = await create("clusters", code="16-2022-02", since="2023-09-01")
    gone = await create("clusters", since="2023-09-01", core_college_id=core["id"])
    joined = {"kind": "enterprise", "organisation_id": works["id"], "valid_from": "2023-09-01"}
    await ask("POST", "/v1/relations", {**joined, "cluster_id": gone["id"]})

    merged = await ask("POST", f"/v1/clusters/{gone['id']}/merge", {"into": heir["id"], **REASON})

    assert (merged.json()["status"], merged.json()["merged_into"]) == ("closed", heir["id"])
    before = (await ask("GET", f"/v1/clusters/{gone['id']}?at=2023-10-01")).json()
    assert (before["status"], before["merged_into"]) == ("active", None)
    members = (await ask("GET", f"/v1/relations?cluster={heir['id']}&at=2023-10-02")).json()
    assert {(one["kind"], one["organisation_id"]) for one in members["items"]} == {
        ("college", core["id"]),
        ("enterprise", works["id"]),
    }
    *_, last, changed = await _told(session)
    assert (last["type"], last["status"]) == ("directory.cluster.merged.v1", "closed")
    assert last["merged_into"] == heir["id"]
    assert (changed["cluster_id"], changed["version"]) == (heir["id"], 2)
    assert await _codes(client, admin, "2023-10-02") == ["16-2022-02"]
    texts = (await ask("GET", f"/v1/clusters/{heir['id']}/timeline")).json()["items"]
    assert texts[1]["text"] == "Принял кластер 16-2022-01 «Кластер «Машиностроение» № 1»"
    back = await ask("POST", f"/v1/clusters/{heir['id']}/merge", {"into": gone["id"], **REASON})
    assert (back.status_code, back.json()["code"]) == (422, "merge_impossible")


def _terms(relations: list[dict[str, Any]], organisation: dict[str, Any]) -> list[Any]:
    return sorted(
        (one["valid_from"], one["valid_to"])
        for one in relations
        if one["organisation_id"] == organisation["id"]
    )


async def test_an_heir_gets_what_it_has_not_on_the_days_that_it_has_it_not(
    ask: Ask, create: Create
) -> None:
    works = await create("organisations", code="kamaz", name="Завод", kind="enterprise")
    college = await create("organisations")
    heir = await create("clusters", code="16-2022-02", since="2023-09-01")
    gone = await create("clusters", since="2023-09-01", core_college_id=college["id"])
    for cluster, organisation, kind, first, last in (
        (heir, works, "enterprise", "2023-09-01", "2023-12-31"),
        (heir, works, "enterprise", "2024-06-01", "2024-06-30"),
        (gone, works, "enterprise", "2023-09-01", None),
        # Core college and college besides: one and the same place of the heir's.
        (gone, college, "college", "2024-02-01", None),
        (heir, college, "college", "2024-01-01", "2024-01-31"),
    ):
        body = {"kind": kind, "organisation_id": organisation["id"], "cluster_id": cluster["id"]}
        made = await ask("POST", "/v1/relations", body | {"valid_from": first, "valid_to": last})
        assert made.status_code == 201, made.text

    merged = await ask(
        "POST", f"/v1/clusters/{gone['id']}/merge", {"into": heir["id"], **REASON}, at="2023-12-01"
    )

    assert merged.status_code == 200, merged.text
    held = (await ask("GET", f"/v1/relations?cluster={heir['id']}")).json()["items"]
    assert _terms(held, works) == [
        ("2023-09-01", "2023-12-31"),
        ("2024-01-01", "2024-05-31"),
        ("2024-06-01", "2024-06-30"),
        ("2024-07-01", None),
    ]
    assert _terms(held, college) == [
        ("2023-12-01", "2023-12-31"),
        ("2024-01-01", "2024-01-31"),
        ("2024-02-01", None),
    ]
    told = (await ask("GET", f"/v1/clusters/{heir['id']}/timeline?limit=200")).json()["items"]
    gained = [one for one in told if one["kind"] == "related"]
    assert len(gained) == 3 + 4


@pytest.mark.parametrize("into", ["itself", "another region's", "nobody"])
async def test_a_cluster_is_merged_into_another_of_its_region_only(
    ask: Ask, create: Create, into: str
) -> None:
    cluster = await create("clusters")
    foreign = await create("clusters", code="77-2022-01", region="77")
    nobody = "0190c5a0-0000-7000-8000-000000000012"
    heirs = {"itself": cluster["id"], "another region's": foreign["id"], "nobody": nobody}

    refused = await ask(
        "POST", f"/v1/clusters/{cluster['id']}/merge", {"into": heirs[into], **REASON}
    )

    code = "unknown_cluster" if into == "nobody" else "merge_impossible"
    assert (refused.status_code, refused.json()["code"]) == (422, code)
    assert refused.json()["errors"][0]["field"] == "body.into"
    assert (await ask("GET", f"/v1/clusters/{cluster['id']}")).json()["status"] == "active"


async def test_a_cluster_moves_under_another_company_and_the_days_meet(
    ask: Ask, create: Create, session: AsyncSession
) -> None:
    companies = [
        await create("organisations", code=code, name=code, kind="managing_company")
        for code in ("uk-1", "uk-2", "uk-3")
    ]
    first, second, third = (one["id"] for one in companies)
    cluster = await create("clusters", since="2023-09-01")
    path = f"/v1/clusters/{cluster['id']}"

    await ask("POST", f"{path}/move", {"managing_company_id": first, "on": "2023-09-10"})
    await ask("POST", f"{path}/move", {"managing_company_id": second, "on": "2023-11-01"})
    same = await ask("POST", f"{path}/move", {"managing_company_id": first})
    between = await ask("POST", f"{path}/move", {"managing_company_id": third})
    instead = await ask("POST", f"{path}/move", {"managing_company_id": third, "on": "2023-11-01"})

    listed = (await ask("GET", f"/v1/relations?cluster={cluster['id']}")).json()["items"]
    assert [(one["organisation_id"], one["valid_from"], one["valid_to"]) for one in listed] == [
        (first, "2023-09-10", "2023-10-31"),
        (third, "2023-11-01", None),
    ]
    assert (same.status_code, same.json()["version"]) == (200, 3)
    assert (between.status_code, between.json()["code"]) == (409, "relation_overlaps")
    assert "с 01.11.2023 бессрочно" in between.json()["detail"]
    assert instead.json()["version"] == 4
    assert [one["version"] for one in await _told(session)] == [1, 2, 3, 4]


async def test_the_timeline_is_in_order_in_pages_and_says_who_and_why(
    ask: Ask, create: Create
) -> None:
    college = await create("organisations")
    path = f"/v1/clusters/{(await create('clusters', since='2023-09-01'))['id']}"
    await ask("PATCH", path, {"name": "Кластер № 2", "core_college_id": college["id"]})
    await ask("PATCH", path, {"core_college_id": None}, at="2023-10-10")
    await ask("POST", f"{path}/close", {"on": "2023-10-05", **REASON}, at="2023-10-12")

    found: list[dict[str, Any]] = []
    following = f"{path}/timeline?limit=2"
    while following:
        answer = await ask("GET", following)
        found += answer.json()["items"]
        following = answer.links.get("next", {}).get("url", "")

    assert [(one["effective_on"], one["text"]) for one in found] == [
        ("2023-09-01", "Внесён в справочник: «Кластер «Машиностроение» № 1», действует"),
        ("2023-10-02", "Переименован: было «Кластер «Машиностроение» № 1», стало «Кластер № 2»"),
        ("2023-10-02", "Теперь базовый колледж: Казанский колледж"),
        ("2023-10-05", "Закрыт"),
        ("2023-10-05", "Больше не базовый колледж: Казанский колледж"),
        ("2023-10-10", "Больше не базовый колледж: Казанский колледж"),
    ]
    assert (found[3]["reason"], found[3]["recorded_by"]) == ("Приказ № 12", "cur_admin")
    assert (await ask("GET", f"{path}?at=2023-10-04")).json()["core_college_id"] == college["id"]
    assert (await ask("GET", f"{path}?at=2023-10-05")).json()["core_college_id"] is None


async def test_a_stale_command_is_refused(ask: Ask, create: Create) -> None:
    path = f"/v1/clusters/{(await create('clusters'))['id']}"
    await ask("PATCH", path, {"name": "Кластер № 2"})
    stale = await ask("POST", f"{path}/close", REASON, **{"If-Match": '"v1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")


async def test_the_coverage_names_what_is_missing(
    client: httpx.AsyncClient, token: Tokens, ask: Ask, create: Create
) -> None:
    company = await create("organisations", code="uk", name="УК", kind="managing_company")
    cluster = await create("clusters", since="2023-09-01")
    lacking = await create("clusters", code="16-2022-02", since="2023-09-01")
    await create("clusters", code="16-2022-03", status="planned", since="2023-09-01")
    moved = {"managing_company_id": company["id"], "on": "2023-09-10"}
    await ask("POST", f"/v1/clusters/{cluster['id']}/move", moved)
    head = {
        "region": "16",
        "office": "authority_head",
        "person_id": (await create("people"))["id"],
        "valid_from": "2023-09-10",
    }
    await ask("POST", "/v1/appointments", head)

    async def gaps(at: str) -> dict[str, dict[str, Any]]:
        path = f"/v1/regions/coverage?at={at}"
        answer = await client.get(path, headers=token("auditor"))
        return {gap["kind"]: gap for gap in answer.json()["gaps"]}

    before, after = await gaps("2023-09-09"), await gaps("2023-09-10")
    counts = {kind: (gap["missing"], gap["total"]) for kind, gap in after.items()}
    assert counts == {
        "coordinator": (89, 89),
        "deputy": (89, 89),
        "authority": (0, 89),
        "authority_head": (88, 89),
        "supervisory_board": (89, 89),
        "managing_company": (1, 2),
        "core_college": (2, 2),
        "curator": (2, 2),
    }
    assert (before["authority_head"]["missing"], before["managing_company"]["missing"]) == (89, 2)
    assert "16" not in {one["region"] for one in after["authority_head"]["items"]}
    assert [one["code"] for one in after["managing_company"]["items"]] == [lacking["code"]]
    listed = await ask("GET", "/v1/clusters?without=managing_company&status=active&at=2023-09-10")
    assert [one["id"] for one in listed.json()["items"]] == [lacking["id"]]
