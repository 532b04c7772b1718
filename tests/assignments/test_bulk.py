"""One command for many executions, each with an outcome of its own."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.assignments.domain.executions import ExecutorRole, Status
from services.assignments.models import Execution
from shared.db import Sessions, transaction
from tests.assignments.races import check_histories, store, stored_executions
from tests.assignments.stand import HELPER, OWN, REASON, Found, Stand
from tests.conftest import Headers, Tokens
from tests.factories import make_assignment, make_execution


async def test_a_thousand_at_once_each_with_an_outcome_of_its_own(stand: Stand) -> None:
    assignment = make_assignment(executions=900)
    kinds: list[tuple[int, Found, tuple[int, str | None]]] = [
        (500, {}, (200, None)),
        (200, {"status": Status.IN_PROGRESS}, (409, "action_not_allowed")),
        (100, {"region": "77"}, (404, "execution_not_found")),
        (100, {"version": 5}, (412, "version_mismatch")),
    ]
    expected: dict[str, tuple[int, str | None]] = {
        str(uuid4()): (404, "execution_not_found") for _ in range(100)
    }
    async with transaction(stand.sessions) as session:
        session.add(assignment)
        await session.flush()
        for count, facts, outcome in kinds:
            for _ in range(count):
                row = make_execution(assignment, cluster_id=uuid4(), **facts)
                session.add(row)
                expected[str(row.id)] = outcome
    items = [{"execution_id": id_, "version": 2} for id_ in expected]
    body = {"command": "acknowledge", "items": items}

    found = await stand.post("coordinator", "/v1/executions/bulk", body)

    assert (found["done"], found["refused"]) == (500, 500)
    assert [one["execution_id"] for one in found["items"]] == list(expected)
    for one in found["items"]:
        assert (one["status"], one["code"]) == expected[one["execution_id"]]
        assert one["done"] == (one["status"] == 200)
        assert (one["detail"] is None) == one["done"]
        known = one["status"] != 404
        assert (one["version"] is not None) == known
    done = [one for one in found["items"] if one["done"]]
    assert {(one["state"], one["version"]) for one in done} == {("acknowledged", 3)}


async def test_a_refusal_tells_what_has_come_of_it_with_its_lead(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    lead, helper = await stand.of(await stand.issue(control=control))
    await stand.do("coordinator", helper["id"], "acknowledge")
    items = [{"execution_id": lead["id"]}, {"execution_id": helper["id"], "version": 1}]
    body = {"command": "withdraw", "reason": "Выдано ошибочно.", "items": items}

    found = await stand.post("controller", "/v1/executions/bulk", body)

    # The order itself was stale; the co-executor's part ended with its lead all the same.
    told = found["items"][1]
    assert (told["done"], told["status"], told["code"]) == (False, 412, "version_mismatch")
    now = await stand.read(helper["id"])
    assert now["status"] == "withdrawn"
    assert (told["state"], told["version"]) == (now["status"], now["version"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"command": "return"}, "bulk_incomplete"),
        ({"command": "redate", "reason": "Так решено."}, "bulk_incomplete"),
        ({"command": "accept", "on": "2023-11-03"}, "bulk_incomplete"),
        ({"items": [{"execution_id": str(OWN)}] * 2}, "bulk_incomplete"),
        ({"items": []}, "invalid_request"),
        ({"items": [{"execution_id": str(uuid4())} for _ in range(1001)]}, "invalid_request"),
        ({"command": "submit"}, "invalid_request"),
    ],
)
async def test_a_bulk_command_that_is_incomplete_is_refused_whole(
    stand: Stand, changes: Found, code: str
) -> None:
    body = {"command": "accept", "items": [{"execution_id": str(OWN)}], **changes}
    await stand.post("controller", "/v1/executions/bulk", body, expect=(422, code))


async def _bulk(
    api: httpx.AsyncClient, headers: Headers, command: str, ids: Sequence[UUID], **says: Any
) -> dict[str, Any]:
    items = [{"execution_id": str(id_)} for id_ in ids]
    random.Random(command).shuffle(items)
    body = {"command": command, "items": items, **says}
    answer = await api.post("/v1/executions/bulk", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_opposite_bulk_commands_in_any_order_do_not_deadlock_and_add_up(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await stored_executions(sessions, 500, status=Status.FORWARDED)
    ids = [row.id for row in rows]
    one, two = (token("cur_controller", sub=sub) for sub in ("one", "two"))

    accepted, returned = await asyncio.gather(
        _bulk(api, one, "accept", ids), _bulk(api, two, "return", ids, **REASON)
    )

    assert accepted["done"] + returned["done"] == 500
    assert accepted["refused"] + returned["refused"] == 500
    won = {item["execution_id"] for item in accepted["items"] if item["done"]}
    assert won.isdisjoint(item["execution_id"] for item in returned["items"] if item["done"])
    statuses = Counter(row.status for row in (await check_histories(sessions)).values())
    assert statuses[Status.ACCEPTED] == accepted["done"]
    assert statuses[Status.RETURNED] == returned["done"]


async def test_what_ends_leads_and_what_redates_co_executors_do_not_deadlock(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    controllers = [token("cur_controller", sub=sub) for sub in ("one", "two")]
    for _ in range(8):
        leads = await stored_executions(sessions, 20, status=Status.IN_PROGRESS)
        helpers = [
            Execution(
                **{
                    **lead.model_dump(exclude={"id"}),
                    "id": uuid4(),
                    "role": ExecutorRole.CO,
                    "lead_id": lead.id,
                    "lead_cluster_id": lead.cluster_id,
                    "cluster_id": uuid4(),
                }
            )
            for lead in leads
        ]
        await store(sessions, *helpers)
        everyone = [row.id for row in (*leads, *helpers)]

        found = await asyncio.gather(
            _bulk(api, controllers[0], "withdraw", [row.id for row in leads], **REASON),
            _bulk(api, controllers[1], "redate", everyone, on="2023-11-03", **REASON),
        )

        assert found[0]["done"] == 20
    for row in (await check_histories(sessions)).values():
        assert row.status is Status.WITHDRAWN
