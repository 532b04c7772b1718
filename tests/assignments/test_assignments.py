"""Assignments through the API: issued without a protocol, redated, withdrawn, superseded."""

import asyncio
from uuid import uuid4

import httpx
import pytest
from sqlmodel import select

from services.assignments.domain.executions import Status
from services.assignments.models import Assignment, Execution
from shared.db import Sessions
from tests.assignments.directory import Clusters
from tests.assignments.races import store, stored_executions
from tests.assignments.stand import HELPER, ON, OWN, REASON, THIRD, Found, Stand
from tests.conftest import Tokens
from tests.factories import make_addressee, make_assignment


async def test_an_assignment_without_a_protocol_is_controlled_and_weighs_nothing(
    stand: Stand,
) -> None:
    first = await stand.issue(due_on="2023-10-22")
    second = await stand.issue(due_on=None)

    assert first["origin"] == "other"
    assert first["protocol_id"] is None
    numbers = [
        int(one["number"].removeprefix("ЦУР-").removesuffix("/2023")) for one in (first, second)
    ]
    assert numbers[1] == numbers[0] + 1
    assert (first["due"], second["due"]) == ("2023-10-20", "2023-11-02")
    [execution] = await stand.of(first)
    assert (execution["origin"], execution["status"]) == ("other", "routed")
    facts = await stand.get("/v1/executions/facts", "admin")
    assert {one["origin"] for one in facts["items"]} == {"other"}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"due_on": "2023-10-01"}, "date_invalid"),
        ({"due_on": "2019-12-31"}, "invalid_request"),
        ({"addressees": {"kind": "cluster", "clusters": [str(uuid4())]}}, "unknown_addressees"),
        ({"control": {"term": "urgent"}}, "invalid_request"),
        ({"text": " "}, "invalid_request"),
    ],
)
async def test_an_instruction_that_cannot_be_is_refused(
    stand: Stand, changes: Found, code: str
) -> None:
    await stand.issue(**changes, expect=(422, code))
    assert (await stand.get("/v1/assignments"))["items"] == []


async def test_an_instruction_to_nobody_is_refused(stand: Stand) -> None:
    stand.clusters.addressees = []
    await stand.issue(addressees={"kind": "authority"}, expect=(422, "nobody_addressed"))


async def test_the_same_key_issues_once_and_another_body_is_refused(stand: Stand) -> None:
    body = {
        "text": "Прислать контакты.",
        "priority": "planned",
        "addressees": {"kind": "cluster"},
    }
    key = {"Idempotency-Key": "k1"}
    first = await stand.post("controller", "/v1/assignments", body, expect=201, headers=key)
    again = await stand.post("controller", "/v1/assignments", body, expect=201, headers=key)
    assert first == again
    other = {**body, "priority": "urgent"}
    reused = (422, "idempotency_key_reused")
    await stand.post("controller", "/v1/assignments", other, expect=reused, headers=key)
    for who in ("coordinator", "cluster", "authority", "auditor"):
        await stand.post(who, "/v1/assignments", body, expect=(403, "permission_denied"))


async def test_the_centre_redates_either_way_and_it_counts_as_nothing(stand: Stand) -> None:
    id_ = await stand.one("acknowledged")
    internal = {"internal_due": "2023-10-18"}
    await stand.do("coordinator", id_, "delegate", internal)

    later = await stand.do("controller", id_, "redate", {"due": "2023-11-05", **REASON})
    sooner = await stand.do("controller", id_, "redate", {"due": "2023-10-13", **REASON})

    assert (later["due"], later["internal_due"]) == ("2023-11-03", "2023-10-18")
    assert (sooner["due"], sooner["internal_due"]) == ("2023-10-13", "2023-10-13")
    assert (sooner["due0"], sooner["extensions"]) == ("2023-10-20", 0)
    for due in ("2023-10-13", "2023-10-14", "2023-10-01"):
        body = {"due": due, **REASON}
        await stand.do("controller", id_, "redate", body, expect=(422, "date_invalid"))
    await stand.do(
        "controller", id_, "redate", {"due": "2023-11-01"}, expect=(422, "invalid_request")
    )
    await stand.bring(id_, "forwarded")
    body = {"due": "2023-11-01", **REASON}
    await stand.do("controller", id_, "redate", body, expect=(409, "action_not_allowed"))


async def _three(stand: Stand) -> tuple[Found, list[str]]:
    """An assignment to three clusters: one at work, one under review, one accepted."""
    everyone = {"kind": "cluster", "clusters": [str(OWN), str(HELPER), str(THIRD)]}
    assignment = await stand.issue(addressees=everyone)
    ids = [str(one["id"]) for one in await stand.of(assignment)]
    for id_, who, status in zip(
        ids, ("cluster", "helper", "third"), ("in_progress", "forwarded", "accepted"), strict=True
    ):
        found = await stand.read(id_)
        while found["status"] != status:
            acts, command = ON[found["status"]]
            found = await stand.do(who if acts == "cluster" else acts, id_, command)
    return assignment, ids


async def test_a_whole_assignment_is_redated_except_what_is_under_review(stand: Stand) -> None:
    assignment, [working, reviewed, accepted] = await _three(stand)
    path = f"/v1/assignments/{assignment['id']}/redate"
    body = {"due": "2023-11-05", **REASON}
    await stand.post(
        "controller", path, body, expect=(412, "version_mismatch"), headers={"If-Match": '"v7"'}
    )

    effect = await stand.post("controller", path, body, headers={"If-Match": '"v1"'})

    assert (effect["assignment"]["due"], effect["assignment"]["version"]) == ("2023-11-03", 2)
    outcomes = {one["execution_id"]: one for one in effect["outcomes"]["items"]}
    assert set(outcomes) == {working, reviewed}
    assert (outcomes[working]["status"], outcomes[working]["due"]) == (200, "2023-11-03")
    assert outcomes[reviewed]["code"] == "action_not_allowed"
    assert (outcomes[reviewed]["state"], outcomes[reviewed]["status"]) == ("forwarded", 409)
    assert (effect["outcomes"]["done"], effect["outcomes"]["refused"]) == (1, 1)
    assert (await stand.read(reviewed))["due"] == "2023-10-20"
    assert (await stand.read(accepted))["due"] == "2023-10-20"
    assert await stand.told(assignment["id"]) == ["issued", "changed"]
    before_issue = {"due": "2023-10-01", **REASON}
    await stand.post("controller", path, before_issue, expect=(422, "date_invalid"))


async def test_an_assignment_of_which_nothing_was_redated_keeps_its_date(stand: Stand) -> None:
    id_ = await stand.one("forwarded")
    assignment = (await stand.read(id_))["assignment_id"]
    body = {"due": "2023-11-03", **REASON}

    effect = await stand.post("controller", f"/v1/assignments/{assignment}/redate", body)

    assert (effect["outcomes"]["done"], effect["outcomes"]["refused"]) == (0, 1)
    assert (effect["assignment"]["due"], effect["assignment"]["version"]) == ("2023-10-20", 1)
    assert await stand.told(assignment) == ["issued"]


async def test_a_whole_assignment_is_withdrawn_once(stand: Stand) -> None:
    assignment, [working, reviewed, accepted] = await _three(stand)
    path = f"/v1/assignments/{assignment['id']}/withdraw"

    effect = await stand.post("controller", path, REASON)

    assert effect["assignment"]["withdrawn_at"]
    assert effect["outcomes"]["done"] == 2
    statuses = [(await stand.read(id_))["status"] for id_ in (working, reviewed, accepted)]
    assert statuses == ["withdrawn", "withdrawn", "accepted"]
    assert await stand.told(assignment["id"]) == ["issued", "withdrawn"]
    for command, body in (
        ("withdraw", REASON),
        ("redate", {"due": "2023-11-03", **REASON}),
        ("supersede", {"by": str(uuid4()), **REASON}),
    ):
        again = f"/v1/assignments/{assignment['id']}/{command}"
        await stand.post("controller", again, body, expect=(409, "assignment_over"))
    nothing = f"/v1/assignments/{uuid4()}/withdraw"
    await stand.post("controller", nothing, REASON, expect=(404, "assignment_not_found"))
    await stand.post("coordinator", path, REASON, expect=(403, "permission_denied"))


async def test_a_successor_takes_the_place_of_all_or_of_one(stand: Stand) -> None:
    assignment, [working, reviewed, _] = await _three(stand)
    gone, successor = await stand.issue(), await stand.issue()
    await stand.post("controller", f"/v1/assignments/{gone['id']}/withdraw", REASON)
    wrong = (422, "successor_invalid")
    paths = f"/v1/assignments/{assignment['id']}/supersede", f"/v1/executions/{working}/supersede"
    for path in paths:
        for by in (assignment["id"], str(uuid4()), gone["id"]):
            await stand.post("controller", path, {"by": by, **REASON}, expect=wrong)
    by = {"by": successor["id"], **REASON}

    one = await stand.post("controller", paths[1], by)
    effect = await stand.post("controller", paths[0], by)

    assert (one["status"], one["superseded_by"]) == ("superseded", successor["id"])
    assert effect["assignment"]["superseded_by"] == successor["id"]
    assert [item["execution_id"] for item in effect["outcomes"]["items"]] == [reviewed]
    assert await stand.told(assignment["id"]) == ["issued", "superseded"]
    await stand.do("controller", working, "withdraw", expect=(409, "action_not_allowed"))


async def test_a_whole_assignment_ends_while_co_executors_join_it(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens, clusters: Clusters
) -> None:
    helper = make_addressee(region="77")
    clusters.addressees = [helper]
    controller = token("cur_controller")
    for _ in range(12):
        [lead] = await stored_executions(sessions, 1, status=Status.IN_PROGRESS)

        withdrawn, joined = await asyncio.gather(
            api.post(
                f"/v1/assignments/{lead.assignment_id}/withdraw", headers=controller, json=REASON
            ),
            api.post(
                f"/v1/executions/{lead.id}/co-executors",
                headers=controller,
                json={"cluster_ids": [str(helper.cluster_id)]},
            ),
        )

        assert withdrawn.status_code == 200, withdrawn.text
        assert joined.status_code in {201, 409}, joined.text
    async with sessions() as session:
        rows = (await session.exec(select(Execution))).all()
    assert {row.status for row in rows} == {Status.WITHDRAWN}


async def test_two_assignments_cannot_supersede_each_other(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    controller = token("cur_controller")
    for _ in range(12):
        pair = [make_assignment(), make_assignment()]
        await store(sessions, *pair)

        async def supersede(one: Assignment, by: Assignment) -> int:
            answer = await api.post(
                f"/v1/assignments/{one.id}/supersede",
                headers=controller,
                json={"by": str(by.id), **REASON},
            )
            return answer.status_code

        codes = await asyncio.gather(supersede(*pair), supersede(*reversed(pair)))

        assert sorted(codes) == [200, 422]
