"""Control policies and the deadlines they give, through the API."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlmodel import col, select

from services.assignments.models import ControlPolicy
from shared.db import Sessions
from tests.assignments.stand import Found, Stand, msk
from tests.conftest import Tokens


async def _document(stand: Stand, **changes: Any) -> Found:
    [first] = (await stand.get("/v1/policies"))["items"]
    return {**first["document"], **changes}


async def test_a_policy_applies_from_its_day_to_what_is_issued_from_then_on(stand: Stand) -> None:
    document = await _document(stand, rework_working_days=6, default_months=2)
    body = {"effective_from": "2023-10-10", "note": "Больше времени.", "document": document}
    adopted = await stand.post("admin", "/v1/policies", body, expect=201)
    assert adopted["version"] == 2

    before = await stand.issue(at=msk("2023-10-09", "23:59"), due_on=None)
    after = await stand.issue(at=msk("2023-10-10", "00:01"), due_on=None)

    assert (before["policy_version"], before["due"]) == (1, "2023-11-09")
    # 10 December is a Sunday.
    assert (after["policy_version"], after["due"]) == (2, "2023-12-08")
    [old], [new] = await stand.of(before), await stand.of(after)
    for one in (old, new):
        await stand.bring(one["id"], "forwarded", at=msk("2023-10-11"))
        friday = msk("2023-12-08")
        await stand.do("controller", one["id"], "return", at=friday)
    await stand.days_pass(msk("2023-12-14"))
    assert "overdue" in await stand.told(old["id"])
    assert "overdue" not in await stand.told(new["id"])
    lines = (await stand.inbox("cluster", msk("2023-12-14")))["items"]
    assert {line["execution_id"]: (line["until"], line["overdue"]) for line in lines} == {
        old["id"]: ("2023-12-13", True),
        new["id"]: ("2023-12-18", False),
    }
    await stand.days_pass(msk("2023-12-19"))
    assert "overdue" in await stand.told(new["id"])


async def test_a_policy_is_never_retroactive(stand: Stand) -> None:
    document = await _document(stand)
    body = {"effective_from": "2023-10-10", "note": "…", "document": document}
    await stand.post("controller", "/v1/policies", body, expect=(403, "permission_denied"))
    early = {**body, "effective_from": "2023-10-01"}
    await stand.post("admin", "/v1/policies", early, expect=(422, "effective_too_early"))
    await stand.post("admin", "/v1/policies", body, expect=201)
    for day in ("2023-10-10", "2023-10-09"):
        same = {**body, "effective_from": day}
        await stand.post("admin", "/v1/policies", same, expect=(422, "effective_too_early"))
    twice = {**document, "reminders": [document["reminders"][0]] * 2}
    for wrong in (twice, {**document, "urgent_days": -1}, {**document, "colour": "red"}):
        invalid = {**body, "effective_from": "2023-12-01", "document": wrong}
        await stand.post("admin", "/v1/policies", invalid, expect=(422, "invalid_request"))
    assert len((await stand.get("/v1/policies"))["items"]) == 2


@pytest.mark.usefixtures("known_region")
async def test_a_deadline_is_resolved_with_its_reasons(stand: Stand) -> None:
    path = "/v1/deadlines/resolve"
    asked = {"term": "date", "on": "2023-11-04", "signed_on": "2023-10-04", "region": "16"}

    found = await stand.post("cluster", path, asked)

    assert (found["nominal"], found["due"]) == ("2023-11-04", "2023-11-03")
    assert found["ends_at"] == "2023-11-03T21:00:00Z"
    assert (found["policy_version"], len(found["why"])) == (1, 3)
    assert "срок на предшествующий рабочий: 03.11.2023" in found["why"][1]
    terms: list[tuple[Found, str]] = [
        ({"term": "urgent"}, "2023-10-06"),
        ({"term": "prompt"}, "2023-10-13"),
        ({"term": "default"}, "2023-11-03"),
        ({"term": "monthly", "day": 31}, "2023-10-31"),
    ]
    for term, due in terms:
        found = await stand.post("cluster", path, {"signed_on": "2023-10-04", **term})
        assert (found["due"], found["ends_at"]) == (due, None)
    refused: list[tuple[Found, tuple[int, str]]] = [
        ({"term": "date"}, (422, "invalid_request")),
        ({"term": "monthly"}, (422, "invalid_request")),
        ({"term": "urgent", "on": "2023-11-04"}, (422, "invalid_request")),
        ({"term": "urgent", "region": "99"}, (404, "region_not_found")),
        ({"term": "urgent", "signed_on": "2021-10-04"}, (404, "policy_not_found")),
    ]
    for term, refusal in refused:
        await stand.post("cluster", path, {"signed_on": "2023-10-04", **term}, expect=refusal)


async def test_policies_adopted_at_once_are_versions_one_after_another(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    admin = token("cur_admin")
    document = (await api.get("/v1/policies", headers=admin)).json()["items"][0]["document"]

    async def adopt(number: int) -> httpx.Response:
        body = {
            "effective_from": f"2023-11-{number:02}",
            "note": f"Версия {number}",
            "document": document,
        }
        return await api.post("/v1/policies", headers=admin, json=body)

    answers = await asyncio.gather(*(adopt(number) for number in range(1, 9)))

    won = [answer.json() for answer in answers if answer.status_code == 201]
    lost = [answer for answer in answers if answer.status_code != 201]
    assert {answer.json()["code"] for answer in lost} <= {"effective_too_early"}
    assert sorted(read["version"] for read in won) == list(range(2, 2 + len(won)))
    async with sessions() as session:
        kept = await session.exec(select(ControlPolicy).order_by(col(ControlPolicy.version)))
        since = [row.effective_from for row in kept]
    assert since == sorted(set(since))
