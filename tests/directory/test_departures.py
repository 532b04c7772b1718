"""Clusters leave their association without a word of their own: closed, merged, or corrected."""

import json
from typing import Any

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.directory import MembershipEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers
from tests.directory.associations import HERE, World
from tests.directory.conftest import Ask
from tests.directory.lists import commit, csv_of, upload

REASON = {"reason": "Приказ № 1"}


async def _joined(world: World, cluster: str, **day: str) -> str:
    """A member with a curator, both from the day on; the membership's id."""
    day = {"valid_from": "2023-09-10"} | day
    body = {"kind": "curator", "person_id": await world.person(), "cluster_id": cluster, **day}
    await world.post(f"{HERE}/mandates", body)
    made = await world.post(f"{HERE}/memberships", {"cluster_id": cluster, **day})
    return str(made["id"])


async def _terms(world: World, what: str, cluster: str) -> list[tuple[str, str | None]]:
    items = (await world.get(f"{HERE}/{what}"))["items"]
    return [(x["valid_from"], x["valid_to"]) for x in items if x["cluster_id"] == cluster]


async def _told(session: AsyncSession, membership: str) -> list[tuple[str, Any, int]]:
    statement = (
        select(OutboxRecord)
        .where(OutboxRecord.topic == MembershipEvent.topic, OutboxRecord.key == membership)
        .order_by(col(OutboxRecord.position))
    )
    rows = (await session.exec(statement)).all()
    return [
        (row.type.split(".")[2], json.loads(row.data)["valid_to"], json.loads(row.data)["version"])
        for row in rows
    ]


@pytest.mark.parametrize(
    "how", ["closed", "merged", "closed by a list", "of another industry", "both"]
)
async def test_who_goes_is_no_member_and_has_no_curator_from_the_day_on(
    client: httpx.AsyncClient, world: World, session: AsyncSession, ask: Ask, how: str
) -> None:
    gone, heir = await world.cluster(since="2023-09-01"), await world.cluster(since="2023-09-01")
    membership = await _joined(world, gone)
    due = await _joined(world, await world.cluster(since="2023-09-01"))
    code = (await world.get(f"/v1/clusters/{gone}"))["code"]

    path = f"/v1/clusters/{gone}"
    if how == "closed":
        done = await ask("POST", f"{path}/close", {"on": "2023-09-20", **REASON})
    elif how == "merged":
        done = await ask("POST", f"{path}/merge", {"into": heir, "on": "2023-09-20", **REASON})
    else:
        row = (
            code, "Кластер № 1", "16",
            "Металлургия" if how == "closed by a list" else "Машиностроение", 2022,
            "действует" if how == "of another industry" else "закрыт", "",
        )  # fmt: skip
        made = (await upload(client, world.admin, csv_of([row]).encode())).json()
        assert made["problems"] == []
        done = await commit(client, world.admin, made)
    assert done.status_code == 200, done.text

    last = "2023-09-19" if how in ("closed", "merged") else "2023-10-01"
    assert await _terms(world, "memberships", gone) == [("2023-09-10", last)]
    assert await _terms(world, "mandates", gone) == [("2023-09-10", last)]
    assert await _terms(world, "memberships", heir) == []
    assert await _told(session, membership) == [("started", None, 1), ("ended", last, 2)]
    assert await _told(session, due) == [("started", None, 1)]


async def test_what_would_have_begun_after_the_closing_never_was(
    world: World, session: AsyncSession, ask: Ask
) -> None:
    cluster = await world.cluster(since="2023-09-01")
    membership = await _joined(world, cluster, valid_from="2023-11-01")
    past = {"cluster_id": cluster, "valid_from": "2023-09-05", "valid_to": "2023-09-09"}
    before = await world.post(f"{HERE}/memberships", past)

    await ask("POST", f"/v1/clusters/{cluster}/close", {"on": "2023-09-20", **REASON})

    assert await _terms(world, "memberships", cluster) == [("2023-09-05", "2023-09-09")]
    assert await _terms(world, "mandates", cluster) == []
    assert await _told(session, membership) == [
        ("started", None, 1),
        ("ended", "2023-10-31", 2),
    ]
    assert len(await _told(session, before["id"])) == 1


async def test_what_was_before_a_correction_of_the_industry_is_read_and_carried_on(
    client: httpx.AsyncClient, world: World, metallurgy: Headers
) -> None:
    """The cluster of the past is another association's today: of either nothing breaks."""
    cluster, other = (
        await world.cluster(cohort=2023, since="2023-09-01"),
        await world.cluster(region="74"),
    )
    membership = await _joined(world, cluster)
    practice = await world.post(
        f"{HERE}/practices", {"cluster_id": cluster, "title": "Комплекс", "description": "Цех."}
    )
    named = {"from_cluster_id": cluster, "to_cluster_id": other, "topic": "Запуск"}
    await world.post(f"{HERE}/mentorships", {**named, "started_on": "2023-10-01"})
    row = ("c-1", "Кластер № 1", "16", "Машиностроение", 2023, "действует", "")
    made = (await upload(client, world.admin, csv_of([row]).encode())).json()
    assert (await commit(client, world.admin, made)).status_code == 200

    report = (await world.post(f"{HERE}/reports/2023/assemble", None, ok=200))["content"]
    end = f"{HERE}/memberships/{membership}/end"
    ended = await world.post(end, {"valid_to": "2023-09-15"}, ok=200)
    declined = await world.post(
        f"{HERE}/practices/{practice['id']}/decline", REASON, by=metallurgy, ok=200
    )

    assert [one["cluster"] for one in report["membership"]["joined"]] == ["c-1"]
    assert [one["on"] for one in report["membership"]["left"]] == ["2023-10-01"]
    assert [one["cluster"] for one in report["practices"]] == ["c-1"]
    assert [(one["from"], one["to"]) for one in report["mentorships"]] == [("c-1", "c-2")]
    assert (ended["valid_to"], declined["status"]) == ("2023-09-15", "declined")
    # In the history of that day it is no member of the association that it has now.
    there = await world.get("/v1/associations/mechanical-engineering/coverage?at=2023-09-12")
    assert [(one["is_member"], one["curator_id"]) for one in there["items"]] == [(False, None)]
    wanted = {"cohort": 2023, "valid_from": "2023-09-12"}
    joining = await world.post("/v1/expansions/preview", wanted, ok=200)
    assert (joining["already"], len(joining["joining"])) == (0, 1)


async def test_a_closed_cluster_gets_nothing_new(
    world: World, ask: Ask, metallurgy: Headers
) -> None:
    closed, other = await world.cluster(since="2023-09-01"), await world.cluster()
    practice = {"title": "Комплекс", "description": "На заводе."}
    taken = await world.post(f"{HERE}/practices", {**practice, "cluster_id": other})
    await ask("POST", f"/v1/clusters/{closed}/close", {"on": "2023-09-20", **REASON})
    since = {"cluster_id": closed, "valid_from": "2023-09-10"}
    curator = {"kind": "curator", "person_id": await world.person(), **since}
    help_ = {"topic": "Запуск", "started_on": "2023-10-01"}

    refused = [
        await world.post(f"{HERE}/{path}", body, by=metallurgy, ok=None)
        for path, body in (
            ("memberships", since),
            ("memberships", {**since, "valid_to": "2023-09-20"}),
            ("mandates", curator),
            ("practices", {**practice, "cluster_id": closed}),
            (f"practices/{taken['id']}/replications", {"cluster_id": closed}),
            ("mentorships", {**help_, "from_cluster_id": closed, "to_cluster_id": other}),
            ("mentorships", {**help_, "from_cluster_id": other, "to_cluster_id": closed}),
        )
    ]

    assert refused == [(409, "cluster_closed")] * 7
    # What was before the closing may be entered late, and shortened.
    late = await world.post(f"{HERE}/memberships", {**since, "valid_to": "2023-09-19"})
    end = f"{HERE}/memberships/{late['id']}/end"
    assert (await world.post(end, {"valid_to": "2023-09-15"}, ok=200))["valid_to"] == "2023-09-15"
