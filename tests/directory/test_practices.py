"""Practices are judged by others, and experience is passed on to those who say so."""

import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.practices import (
    TRANSITIONS,
    PracticeAction,
    PracticeActionNotAllowed,
    PracticeStatus,
    mean_hundredths,
    next_status,
)
from shared.events.directory import PracticeEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.directory.associations import HERE, NOBODY, World
from tests.directory.conftest import Create

POINTS = {"result": 5, "replicability": 4, "employers": 5, "novelty": 3}
REASON = {"reason": "Решение собрания Ассоциации"}


@pytest.mark.parametrize(
    ("status", "action"),
    sorted(
        {(status, action) for status in PracticeStatus for action in PracticeAction}
        - TRANSITIONS.keys()
    ),
)
def test_an_action_the_status_does_not_permit_is_refused(
    status: PracticeStatus, action: PracticeAction
) -> None:
    with pytest.raises(PracticeActionNotAllowed):
        next_status(status, action)


@pytest.mark.parametrize(
    ("reviews", "mean"),
    [([], None), ([{"a": 5, "b": 4}], 450), ([{"a": 1}, {"a": 1}, {"a": 0}], 67)],
)
def test_the_mean_is_of_all_points_in_hundredths(
    reviews: list[dict[str, int]], mean: int | None
) -> None:
    assert mean_hundredths(reviews) == mean


@pytest.fixture
async def clusters(world: World) -> dict[str, str]:
    """Whose practice it is, a neighbour in its region, and others elsewhere."""
    regions = {"own": "16", "neighbour": "16", "other": "74", "third": "59"}
    return {name: await world.cluster(region=region) for name, region in regions.items()}


async def nominated(world: World, cluster: str, **more: Any) -> str:
    body = {"cluster_id": cluster, "title": "Комплекс", "description": "На заводе.", **more}
    return str((await world.post(f"{HERE}/practices", body))["id"])


async def test_a_practice_is_nominated_reviewed_selected_and_replicated(
    world: World,
    session: AsyncSession,
    token: Tokens,
    metallurgy: Headers,
    clusters: dict[str, str],
    create: Create,
) -> None:
    college = (await create("organisations"))["id"]
    own = token("cluster", sub="own", clusters=[clusters["own"]])
    other = token("cluster", sub="other", clusters=[clusters["other"]])
    body = {
        "cluster_id": clusters["own"],
        "title": "Комплекс",
        "description": "На заводе.",
        "organisations": [college],
    }
    made = await world.post(f"{HERE}/practices", body, by=own)
    path = f"{HERE}/practices/{made['id']}"

    early = await world.post(f"{path}/select", REASON, by=metallurgy, ok=None)
    first = await world.post(f"{path}/reviews", {"points": POINTS}, by=other, ok=200)
    one = await world.post(f"{path}/select", REASON, by=metallurgy, ok=None)
    again = await world.post(f"{path}/reviews", {"points": POINTS}, by=other, ok=None)
    second = await world.post(
        f"{path}/reviews", {"points": dict.fromkeys(POINTS, 3)}, by=metallurgy, ok=200
    )
    selected = await world.post(f"{path}/select", REASON, by=metallurgy, ok=200)
    late = await world.post(f"{path}/reviews", {"points": POINTS}, ok=None)
    taken = {"cluster_id": clusters["other"]}
    replicated = await world.post(f"{path}/replications", taken, by=other, ok=200)
    twice = await world.post(f"{path}/replications", taken, ok=None)
    back = await world.post(f"{path}/replications", {"cluster_id": clusters["own"]}, ok=None)

    assert early == one == late == (409, "practice_action_not_allowed")
    assert again == (409, "practice_already_reviewed")
    assert (first["status"], second["status"]) == ("nominated", "reviewed")
    assert (first["mean_hundredths"], second["mean_hundredths"]) == (425, 363)
    assert "other" not in json.dumps(second["reviews"])
    assert selected["reason"] == REASON["reason"]
    assert replicated["status"] == "replicated"
    assert [one["cluster_id"] for one in replicated["replications"]] == [clusters["other"]]
    assert twice == (409, "practice_already_replicated")
    assert back == (422, "own_practice")
    statement = (
        select(OutboxRecord.type, OutboxRecord.data)
        .where(OutboxRecord.topic == PracticeEvent.topic, OutboxRecord.key == made["id"])
        .order_by(col(OutboxRecord.position))
    )
    told = [
        (kind.split(".")[2], json.loads(data)["status"], json.loads(data)["version"])
        for kind, data in (await session.exec(statement)).all()
    ]
    assert told == [
        ("nominated", "nominated", 1),
        ("reviewed", "nominated", 2),
        ("reviewed", "reviewed", 3),
        ("selected", "selected", 4),
        ("replicated", "replicated", 5),
    ]
    proposed = (await world.get("/v1/leaders?status=proposed"))["items"]
    assert [(item["kind"], item["subject"]) for item in proposed] == [("college", college)]


async def test_nobody_judges_a_practice_of_their_own_cluster_or_region(
    world: World, token: Tokens, clusters: dict[str, str]
) -> None:
    path = f"{HERE}/practices/{await nominated(world, clusters['own'])}"
    interested = [
        token("cluster", clusters=[clusters["own"]]),
        token("cluster", clusters=[clusters["neighbour"]]),
        token("cluster", clusters=[clusters["other"], clusters["own"]]),
        token("coordinator", regions=["16"]),
        token("deputy", regions=["74", "16"]),
        token("cur_admin", regions=["16"]),
    ]
    refused = [
        await world.post(f"{path}/reviews", {"points": POINTS}, by=judge, ok=None)
        for judge in interested
    ]
    vote = await world.post(
        f"{path}/decline", REASON, by=token("cur_admin", regions=["16"]), ok=None
    )
    stranger = await world.post(
        f"{path}/reviews", {"points": POINTS}, by=token("coordinator", regions=["74"]), ok=200
    )

    assert refused == [(409, "conflict_of_interest")] * len(interested)
    assert vote == (409, "conflict_of_interest")
    assert len(stranger["reviews"]) == 1


@pytest.mark.parametrize(
    "points",
    [
        {"result": 5},
        {**POINTS, "beauty": 5},
        {**POINTS, "result": 6},
        {**POINTS, "result": -1},
    ],
)
async def test_points_off_the_rubric_are_refused(
    world: World, clusters: dict[str, str], points: dict[str, int]
) -> None:
    path = f"{HERE}/practices/{await nominated(world, clusters['own'])}"
    status, _ = await world.post(f"{path}/reviews", {"points": points}, ok=None)
    assert status == 422
    assert (await world.get(path))["reviews"] == []


async def test_practices_are_of_ones_own_cluster_and_ones_own_industry(
    world: World, token: Tokens, clusters: dict[str, str]
) -> None:
    stranger = token("cluster", clusters=[await world.cluster(industry="chemistry")])
    chemistry = token("association", industries=["chemistry"])
    practice = await nominated(world, clusters["own"])
    path = f"{HERE}/practices/{practice}"
    body = {"cluster_id": clusters["own"], "title": "Комплекс", "description": "На заводе."}

    refused = [
        await world.post(f"{HERE}/practices", body, by=stranger, ok=None),
        await world.post(f"{HERE}/practices", body, by=chemistry, ok=None),
        await world.post(f"{HERE}/practices", {**body, "organisations": [NOBODY]}, ok=None),
        await world.post(f"{path}/reviews", {"points": POINTS}, by=stranger, ok=None),
        await world.post(f"{path}/select", REASON, by=chemistry, ok=None),
        await world.post(
            f"/v1/associations/chemistry/practices/{practice}/select",
            REASON,
            by=chemistry,
            ok=None,
        ),
    ]

    assert refused == [
        (422, "unknown_cluster"),
        (404, "association_not_found"),
        (422, "unknown_participant"),
        (404, "association_not_found"),
        (404, "association_not_found"),
        (404, "association_row_not_found"),
    ]
    await world.get(path, by=chemistry, ok=404)
    await world.get(path, by=stranger)


async def test_a_decision_is_on_the_version_that_was_read(
    world: World, client: httpx.AsyncClient, clusters: dict[str, str]
) -> None:
    path = f"{HERE}/practices/{await nominated(world, clusters['own'])}"
    await world.post(f"{path}/reviews", {"points": POINTS}, ok=200)
    headers = {**world.admin, "If-Match": '"v1"'}
    stale = await client.post(f"{path}/decline", headers=headers, json=REASON)
    declined = await world.post(f"{path}/decline", REASON, ok=200)
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert declined["status"] == "declined"


async def test_the_cluster_that_was_helped_confirms_the_outcome_and_nobody_for_it(
    world: World, token: Tokens, metallurgy: Headers, clusters: dict[str, str]
) -> None:
    mentor = token("cluster", clusters=[clusters["own"]])
    helped = token("cluster", clusters=[clusters["other"]])
    body = {
        "from_cluster_id": clusters["own"],
        "to_cluster_id": clusters["other"],
        "topic": "Запуск комплекса",
        "started_on": "2023-10-01",
    }
    made = await world.post(f"{HERE}/mentorships", body, by=mentor)
    path = f"{HERE}/mentorships/{made['id']}"

    early = await world.post(f"{path}/confirm", None, by=helped, ok=None)
    not_mine = await world.post(f"{path}/complete", {"outcome": "Открыт"}, by=helped, ok=None)
    completed = await world.post(f"{path}/complete", {"outcome": "Открыт"}, by=mentor, ok=200)
    again = await world.post(f"{path}/complete", {"outcome": "Ещё"}, by=metallurgy, ok=None)
    for_it = [
        await world.post(f"{path}/confirm", None, by=who, ok=None)
        for who in (mentor, metallurgy, world.admin)
    ]
    confirmed = await world.post(f"{path}/confirm", None, by=helped, ok=200)
    twice = await world.post(f"{path}/confirm", None, by=helped, ok=None)

    assert made["status"] == "agreed"
    assert early == (409, "mentorship_without_outcome")
    assert not_mine == (404, "association_row_not_found")
    assert (completed["status"], completed["outcome"]) == ("completed", "Открыт")
    assert again == (409, "mentorship_already_completed")
    assert [status for status, _ in for_it] == [404, 403, 403]
    assert (confirmed["status"], confirmed["version"]) == ("confirmed", 3)
    assert twice == (409, "mentorship_already_confirmed")


@pytest.mark.parametrize(
    ("by", "wrong", "refusal"),
    [
        ("admin", {"to_cluster_id": "own"}, (422, "same_cluster")),
        ("admin", {"to_cluster_id": "chemistry"}, (422, "cluster_of_another_industry")),
        ("admin", {"started_on": "2023-08-31"}, (409, "association_not_constituted")),
        ("other", {}, (422, "unknown_cluster")),
        ("chemistry", {}, (404, "association_not_found")),
    ],
)
async def test_a_bad_mentorship_is_refused(
    world: World,
    token: Tokens,
    clusters: dict[str, str],
    by: str,
    wrong: dict[str, str],
    refusal: tuple[int, str],
) -> None:
    known = {**clusters, "chemistry": await world.cluster(industry="chemistry")}
    actors = {
        "admin": world.admin,
        "other": token("cluster", clusters=[clusters["other"]]),
        "chemistry": token("association", industries=["chemistry"]),
    }
    body = {
        "from_cluster_id": clusters["own"],
        "to_cluster_id": clusters["other"],
        "topic": "Запуск комплекса",
        "started_on": "2023-10-01",
        **{name: known.get(value, value) for name, value in wrong.items()},
    }
    refused = await world.post(f"{HERE}/mentorships", body, by=actors[by], ok=None)
    assert refused == refusal
    assert (await world.get(f"{HERE}/mentorships"))["items"] == []
