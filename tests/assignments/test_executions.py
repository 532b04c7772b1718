from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, Status
from services.assignments.models import Execution
from shared.tables import OutboxRecord
from tests.conftest import NOW, Tokens
from tests.factories import CLUSTER, make_assignment, make_execution

Stored = Callable[..., Awaitable[Execution]]
REPORT = {
    "text": "Исполнено.",
    "evidence": [{"kind": "link", "title": "Акт", "url": "https://example.org/akt.pdf"}],
}
REASON = {"reason": "Не приложен акт."}


@pytest.fixture
def stored(session: AsyncSession) -> Stored:
    async def store(**overrides: Any) -> Execution:
        assignment = make_assignment()
        session.add(assignment)
        await session.flush()
        execution = make_execution(assignment, **overrides)
        session.add(execution)
        await session.flush()
        session.expunge_all()
        return execution

    return store


async def _events(session: AsyncSession) -> list[str]:
    rows = await session.exec(select(OutboxRecord).order_by(col(OutboxRecord.position)))
    return [row.type for row in rows]


async def test_an_execution_goes_its_whole_way_and_every_step_is_an_event(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, stored: Stored
) -> None:
    execution = await stored()
    coordinator = token("coordinator", regions=["16"])
    cluster = token("cluster", clusters=[str(CLUSTER)])
    controller = token("cur_controller")
    way = [
        (coordinator, "acknowledge", None),
        (cluster, "start", None),
        (cluster, "submit", REPORT),
        (coordinator, "return", REASON),
        (cluster, "start", None),
        (cluster, "submit", REPORT),
        (coordinator, "forward", None),
        (controller, "return", REASON),
        (cluster, "start", None),
        (cluster, "submit", REPORT),
        (coordinator, "forward", None),
        (controller, "accept", None),
    ]
    for hour, (who, command, body) in enumerate(way):
        at = (NOW + timedelta(hours=hour)).isoformat()
        response = await client.post(
            f"/v1/executions/{execution.id}/{command}",
            headers={**who, "X-Simulated-Now": at},
            json=body,
        )
        assert response.status_code == 200, response.text

    end = response.json()
    assert end["status"] == "accepted"
    assert end["version"] == 2 + len(way)
    # The coordinator's own return is free; the hand-in that stands is the second forwarding.
    assert (end["returns"], end["returned_on"], end["done"]) == (1, "2023-10-02", "2023-10-02")
    assert await _events(session) == [
        f"assignments.execution.{verb}.v1"
        for verb in (
            "acknowledged",
            "started",
            "submitted",
            "returned",
            "started",
            "submitted",
            "forwarded",
            "returned",
            "started",
            "submitted",
            "forwarded",
            "accepted",
        )
    ]
    steps = (await client.get(f"/v1/executions/{execution.id}/steps", headers=controller)).json()[
        "items"
    ]
    assert [step["version"] for step in steps] == list(range(3, 15))
    assert steps[3]["words"] == REASON["reason"]


@pytest.mark.parametrize(
    ("zone", "at", "done"),
    [
        ("Asia/Kamchatka", datetime(2023, 10, 20, 11, 59, tzinfo=UTC), "2023-10-20"),
        ("Asia/Kamchatka", datetime(2023, 10, 20, 12, 1, tzinfo=UTC), "2023-10-21"),
        ("Europe/Kaliningrad", datetime(2023, 10, 20, 21, 59, tzinfo=UTC), "2023-10-20"),
        ("Europe/Kaliningrad", datetime(2023, 10, 20, 22, 1, tzinfo=UTC), "2023-10-21"),
        ("Europe/Moscow", datetime(2023, 10, 20, 20, 59, tzinfo=UTC), "2023-10-20"),
        ("Europe/Moscow", datetime(2023, 10, 20, 21, 1, tzinfo=UTC), "2023-10-21"),
    ],
)
async def test_a_day_ends_in_the_regions_own_zone(
    client: httpx.AsyncClient, token: Tokens, stored: Stored, zone: str, at: datetime, done: str
) -> None:
    execution = await stored(status=Status.SUBMITTED, timezone=zone)

    response = await client.post(
        f"/v1/executions/{execution.id}/forward",
        headers={**token("coordinator", regions=["16"]), "X-Simulated-Now": at.isoformat()},
    )

    assert response.json()["done"] == done


async def test_an_illegal_transition_is_refused_and_changes_nothing(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, stored: Stored
) -> None:
    execution = await stored(status=Status.ROUTED)

    response = await client.post(
        f"/v1/executions/{execution.id}/accept", headers=token("cur_controller")
    )

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["code"] == "action_not_allowed"
    assert response.json()["detail"] == "Нельзя принять: исполнение в состоянии «у координатора»."
    assert await _events(session) == []


async def test_a_command_that_is_someone_elses_is_forbidden(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    execution = await stored(status=Status.FORWARDED)
    response = await client.post(
        f"/v1/executions/{execution.id}/return",
        headers=token("coordinator", regions=["16"]),
        json=REASON,
    )
    assert (response.status_code, response.json()["code"]) == (403, "not_your_move")


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "coordinator", "regions": ["77"]},
        {"role": "cluster", "clusters": [str(uuid4())]},
        {"role": "authority_head", "regions": ["77"]},
        {"role": "association", "industries": ["other"]},
    ],
    ids=lambda claims: claims["role"],
)
async def test_a_foreign_execution_does_not_exist(
    client: httpx.AsyncClient, token: Tokens, stored: Stored, claims: dict[str, Any]
) -> None:
    execution = await stored()
    headers = token(**claims)

    read = await client.get(f"/v1/executions/{execution.id}", headers=headers)
    listed = await client.get("/v1/executions", headers=headers)

    assert (read.status_code, read.json()["code"]) == (404, "execution_not_found")
    assert listed.json() == {"items": [], "next_cursor": None}


async def test_a_stale_if_match_is_a_conflict(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    execution = await stored(status=Status.FORWARDED, version=6)
    headers = token("cur_controller")
    path = f"/v1/executions/{execution.id}/accept"

    stale = await client.post(path, headers={**headers, "If-Match": '"v5"'})
    fresh = await client.post(path, headers={**headers, "If-Match": '"v6"'})

    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (fresh.status_code, fresh.headers["ETag"]) == (200, '"v7"')


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        ({"text": "Готово", "evidence": []}, "body.evidence", "evidence_missing"),
        (
            {"text": "Гото\x00во", "evidence": REPORT["evidence"]},
            "body.text",
            "forbidden_characters",
        ),
        ({**REPORT, "score": 100}, "body.score", "extra_forbidden"),
        ({"evidence": REPORT["evidence"]}, "body.text", "missing"),
    ],
)
async def test_a_bad_report_is_refused_by_field(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    stored: Stored,
    body: dict[str, Any],
    field: str,
    code: str,
) -> None:
    execution = await stored(status=Status.IN_PROGRESS)
    response = await client.post(
        f"/v1/executions/{execution.id}/submit",
        headers=token("cluster", clusters=[str(CLUSTER)]),
        json=body,
    )
    assert response.status_code == 422
    error = response.json()["errors"][0]
    assert (error["field"], error["code"]) == (field, code)
    assert await _events(session) == []


async def test_pages_of_a_list_join_without_gap_or_double(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    assignment = make_assignment()
    session.add(assignment)
    await session.flush()
    ids = set()
    for _ in range(7):
        execution = make_execution(assignment, cluster_id=uuid4())
        session.add(execution)
        ids.add(str(execution.id))
    await session.flush()

    seen: list[str] = []
    path = "/v1/executions?limit=3"
    while path:
        response = await client.get(path, headers=token("auditor"))
        seen += [item["id"] for item in response.json()["items"]]
        path = response.links.get("next", {}).get("url", "")

    assert len(seen) == 7
    assert set(seen) == ids


async def test_overdue_is_derived_from_the_regions_date(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    await stored(timezone="Asia/Kamchatka")
    headers = token("auditor")

    def listed(at: str) -> Awaitable[httpx.Response]:
        return client.get("/v1/executions?overdue=true", headers={**headers, "X-Simulated-Now": at})

    before = await listed("2023-10-20T11:59:00Z")
    after = await listed("2023-10-20T12:01:00Z")

    assert (len(before.json()["items"]), len(after.json()["items"])) == (0, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("cursor=bm9wZQ", "query.cursor"),
        ("region=1", "query.region"),
        ("colour=red", "query.colour"),
        ("limit=1000", "query.limit"),
    ],
)
async def test_a_bad_query_names_the_parameter(
    client: httpx.AsyncClient, token: Tokens, query: str, field: str
) -> None:
    response = await client.get(f"/v1/executions?{query}", headers=token("auditor"))
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


async def test_an_authority_reports_straight_to_the_centre(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    execution = await stored(
        addressee=Addressee.AUTHORITY, cluster_id=None, status=Status.IN_PROGRESS
    )
    response = await client.post(
        f"/v1/executions/{execution.id}/submit",
        headers=token("authority_head", regions=["16"]),
        json=REPORT,
    )
    assert response.json()["status"] == "submitted"
    response = await client.post(
        f"/v1/executions/{execution.id}/accept", headers=token("cur_controller")
    )
    assert response.json()["status"] == "accepted"


async def test_facts_of_an_instant_are_the_newest_before_it(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    execution = await stored(status=Status.SUBMITTED)
    coordinator = token("coordinator", regions=["16"])
    forwarded_at = NOW + timedelta(hours=1)
    accepted_at = NOW + timedelta(hours=2)
    for who, command, at in (
        (coordinator, "forward", forwarded_at),
        (token("cur_controller"), "accept", accepted_at),
    ):
        headers = {**who, "X-Simulated-Now": at.isoformat()}
        await client.post(f"/v1/executions/{execution.id}/{command}", headers=headers)

    async def statuses(as_of: datetime) -> list[str]:
        response = await client.get(
            "/v1/executions/facts",
            params={"as_of": as_of.isoformat(), "region": "16"},
            headers=token("platform"),
        )
        return [item["status"] for item in response.json()["items"]]

    assert await statuses(NOW) == []
    assert await statuses(forwarded_at) == ["forwarded"]
    assert await statuses(accepted_at - timedelta(microseconds=1)) == ["forwarded"]
    assert await statuses(accepted_at) == ["accepted"]
