"""A coordinator's own means: an earlier date, a pre-check, automatic forwarding, sub-tasks."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from shared.db import Sessions
from tests.assignments.races import stored_executions
from tests.assignments.stand import HELPER, OWN, Stand, msk
from tests.conftest import Tokens


async def test_a_coordinator_gives_an_earlier_date_of_its_own(stand: Stand) -> None:
    id_ = await stand.one()
    for internal in ("2023-10-01", "2023-10-21"):
        body = {"internal_due": internal}
        await stand.do("coordinator", id_, "delegate", body, expect=(422, "date_invalid"))

    body = {"internal_due": "2023-10-11", "text": "Пришлите черновик до среды."}
    given = await stand.do("coordinator", id_, "delegate", body)

    assert (given["status"], given["internal_due"]) == ("acknowledged", "2023-10-11")
    assert given["due"] == "2023-10-20"
    [line] = (await stand.inbox("cluster"))["items"]
    assert (line["until"], line["due"]) == ("2023-10-11", "2023-10-20")
    steps = (await stand.get(f"/v1/executions/{id_}/steps"))["items"]
    assert steps[-1]["details"] == {"internal_due": "2023-10-11"}
    assert steps[-1]["words"] == body["text"]
    await stand.bring(id_, "submitted")
    await stand.do("coordinator", id_, "delegate", expect=(409, "action_not_allowed"))


async def test_a_pre_check_leaves_a_remark_and_the_report_where_it_is(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    await stand.do("coordinator", id_, "pre-check", expect=(409, "action_not_allowed"))
    await stand.bring(id_, "submitted")

    checked = await stand.do("coordinator", id_, "pre-check")

    assert (checked["status"], checked["done"]) == ("submitted", None)
    steps = (await stand.get(f"/v1/executions/{id_}/steps"))["items"]
    assert (steps[-1]["command"], steps[-1]["words"]) == ("pre_check", "Всё на месте.")


@pytest.mark.usefixtures("known_region")
async def test_reports_a_coordinator_lets_pass_are_forwarded_by_themselves(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    lead, helper = await stand.of(await stand.issue(control=control))
    path = "/v1/regions/16/auto-forwarding"
    body = {"cluster_ids": [str(OWN), str(HELPER)]}
    let = await stand.post("coordinator", path, body, method="PUT")
    assert (let["region"], set(let["cluster_ids"])) == ("16", set(body["cluster_ids"]))
    assert await stand.get(path) == let
    await stand.bring(lead["id"], "in_progress")

    passed = await stand.do("cluster", lead["id"], "submit")

    assert (passed["status"], passed["done"]) == ("forwarded", "2023-10-02")
    steps = (await stand.get(f"/v1/executions/{lead['id']}/steps"))["items"]
    assert [(one["command"], one["party"]) for one in steps[-2:]] == [
        ("submit", "addressee"),
        ("forward", "system"),
    ]
    assert (await stand.told(lead["id"]))[-2:] == ["submitted", "forwarded"]
    # What is owed to a lead is the lead's to look at.
    for who, command in (("coordinator", "acknowledge"), ("helper", "start"), ("helper", "submit")):
        found = await stand.do(who, helper["id"], command)
    assert found["status"] == "submitted"
    # After a return, and no longer let pass, it waits for the coordinator again.
    await stand.do("controller", lead["id"], "return")
    await stand.post("coordinator", path, {"cluster_ids": []}, method="PUT")
    await stand.bring(lead["id"], "submitted")


@pytest.mark.usefixtures("known_region")
async def test_who_may_let_pass_whose_reports(stand: Stand) -> None:
    await stand.one()
    path = "/v1/regions/16/auto-forwarding"
    body = {"cluster_ids": [str(OWN)]}
    for who in ("deputy", "cluster", "controller", "admin"):
        await stand.post(who, path, body, method="PUT", expect=(403, "permission_denied"))
    await stand.post("elsewhere", path, body, method="PUT", expect=(404, "region_not_found"))
    stranger = {"cluster_ids": [str(uuid4())]}
    await stand.post(
        "coordinator", path, stranger, method="PUT", expect=(422, "cluster_not_of_region")
    )
    await stand.post(
        "elsewhere",
        "/v1/regions/77/auto-forwarding",
        body,
        method="PUT",
        expect=(404, "region_not_found"),
    )
    assert (await stand.get(path))["cluster_ids"] == []


async def test_a_sub_task_is_given_done_once_and_shown(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    path = f"/v1/executions/{id_}/subtasks"
    body = {"text": "Прислать черновик.", "due": "2023-10-13"}
    for who, refusal in (
        ("deputy", (403, "coordinator_present")),
        ("elsewhere", (404, "execution_not_found")),
        ("cluster", (403, "permission_denied")),
    ):
        await stand.post(who, path, body, expect=refusal)
    for due in ("2023-10-01", "2023-10-21"):
        await stand.post("coordinator", path, {**body, "due": due}, expect=(422, "date_invalid"))

    first = await stand.post("coordinator", path, body, expect=201)
    second = await stand.post("coordinator", path, {**body, "due": "2023-10-12"}, expect=201)

    [line] = (await stand.inbox("cluster"))["items"]
    assert "Подзадача координатора до 12.10.2023" in line["why"]
    assert line["until"] == "2023-10-12"
    done = {"text": "Отправлен."}
    await stand.post(
        "third", f"{path}/{first['id']}/complete", done, expect=(404, "execution_not_found")
    )
    found = await stand.post("cluster", f"{path}/{first['id']}/complete", done)
    assert (found["words"], found["version"]) == ("Отправлен.", 2)
    for who, command, given in (
        ("cluster", "complete", done),
        ("coordinator", "cancel", None),
    ):
        again = f"{path}/{first['id']}/{command}"
        await stand.post(who, again, given, expect=(409, "subtask_over"))
    await stand.post("coordinator", f"{path}/{second['id']}/cancel")
    unknown = f"{path}/{uuid4()}/cancel"
    await stand.post("coordinator", unknown, expect=(404, "subtask_not_found"))
    items = (await stand.get(path))["items"]
    assert [bool(item["completed_at"]) for item in items] == [True, False]
    [line] = (await stand.inbox("cluster"))["items"]
    assert line["why"] == ["Отчёт ещё не сдан"]
    await stand.do("controller", id_, "withdraw")
    await stand.post("coordinator", path, body, expect=(409, "execution_over"))


async def test_after_a_return_the_days_of_the_rework_are_the_coordinators_to_divide(
    stand: Stand,
) -> None:
    id_ = await stand.one("acknowledged")
    await stand.do("coordinator", id_, "delegate", {"internal_due": "2023-10-18"})
    await stand.bring(id_, "forwarded")
    # Friday the 20th: until Wednesday the 25th.
    returned = await stand.do("controller", id_, "return", at=msk("2023-10-20"))

    assert (returned["returned_on"], returned["internal_due"]) == ("2023-10-20", None)
    at = msk("2023-10-23")
    [line] = (await stand.inbox("cluster", at))["items"]
    assert line["until"] == "2023-10-25"
    path = f"/v1/executions/{id_}/subtasks"
    for due, expect in (("2023-10-26", (422, "date_invalid")), ("2023-10-25", 201)):
        body = {"text": "Прислать черновик.", "due": due}
        await stand.post("coordinator", path, body, at=at, expect=expect)
    body = {"internal_due": "2023-10-26"}
    await stand.do("coordinator", id_, "delegate", body, at=at, expect=(422, "date_invalid"))
    given = await stand.do("coordinator", id_, "delegate", {"internal_due": "2023-10-24"}, at=at)
    assert given["internal_due"] == "2023-10-24"
    [line] = (await stand.inbox("cluster", at))["items"]
    assert line["until"] == "2023-10-24"


async def test_an_internal_date_still_to_come_outlives_a_return(stand: Stand) -> None:
    id_ = await stand.one("acknowledged")
    await stand.do("coordinator", id_, "delegate", {"internal_due": "2023-10-18"})
    await stand.bring(id_, "forwarded")
    returned = await stand.do("controller", id_, "return", at=msk("2023-10-17"))
    assert returned["internal_due"] == "2023-10-18"


async def test_a_sub_task_may_be_closed_only_as_it_was_seen(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    path = f"/v1/executions/{id_}/subtasks"
    body = {"text": "Прислать черновик.", "due": "2023-10-13"}
    first, second = [await stand.post("coordinator", path, body, expect=201) for _ in range(2)]
    for who, sub, command, given in (
        ("cluster", first, "complete", {"text": "Отправлен."}),
        ("coordinator", second, "cancel", None),
    ):
        stale, seen = {"If-Match": '"v9"'}, {"If-Match": '"v1"'}
        closing = f"{path}/{sub['id']}/{command}"
        await stand.post(who, closing, given, headers=stale, expect=(412, "version_mismatch"))
        found = await stand.post(who, closing, given, headers=seen)
        assert found["version"] == 2


@pytest.mark.usefixtures("known_region")
async def test_of_lists_of_what_passes_set_at_once_one_stands_whole(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await stored_executions(sessions, 4)
    clusters = [str(row.cluster_id) for row in rows]
    lists = [clusters[:3], clusters[1:], clusters]
    path, headers = "/v1/regions/16/auto-forwarding", token("coordinator", regions=["16"])

    async def let_pass(wanted: list[str]) -> httpx.Response:
        return await api.put(path, headers=headers, json={"cluster_ids": wanted})

    answers = await asyncio.gather(*(let_pass(wanted) for wanted in lists * 4))

    assert {answer.status_code for answer in answers} == {200}
    kept = (await api.get(path, headers=headers)).json()["cluster_ids"]
    assert set(kept) in [set(wanted) for wanted in lists]
