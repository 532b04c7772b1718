"""Co-executors: what they owe to the lead, until when, and what ends with it."""

from uuid import uuid4

import pytest

from tests.assignments.stand import HELPER, OWN, THIRD, Stand, msk


async def test_co_executors_owe_their_part_to_the_lead_by_the_first_half(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    # Half of 2 to 30 October is Monday the 16th; of 2 to 31 Monday the 16th too.
    assignment = await stand.issue(due_on="2023-10-30", control=control)
    lead, helper = await stand.of(assignment)
    assert (helper["role"], helper["lead_id"]) == ("co", lead["id"])
    assert (helper["due"], helper["internal_due"]) == ("2023-10-30", "2023-10-16")

    await stand.do("coordinator", helper["id"], "acknowledge")
    await stand.do("helper", helper["id"], "start")
    submitted = await stand.do("helper", helper["id"], "submit")
    assert submitted["done"] == "2023-10-02"
    for who in ("coordinator", "controller"):
        if who == "controller":
            await stand.do(who, helper["id"], "accept", expect=(403, "not_your_move"))
        await stand.do(who, helper["id"], "return", expect=(403, "not_your_move"))
    returned = await stand.do("cluster", helper["id"], "return")
    assert (returned["status"], returned["returns"], returned["done"]) == ("returned", 0, None)
    await stand.do("helper", helper["id"], "start")
    await stand.do("helper", helper["id"], "submit")
    accepted = await stand.do("cluster", helper["id"], "accept")
    assert accepted["status"] == "accepted"
    assert (await stand.read(lead["id"]))["status"] == "routed"


async def test_a_half_that_ends_on_a_day_off_moves_to_the_working_day_before(
    stand: Stand,
) -> None:
    # Half of 2 to 26 October is Saturday the 14th.
    control = {"co_executors": [str(HELPER)]}
    _, helper = await stand.of(await stand.issue(due_on="2023-10-26", control=control))
    assert helper["internal_due"] == "2023-10-13"


@pytest.mark.parametrize("end", ["accepted", "withdrawn"])
async def test_what_co_executors_owe_ends_with_the_lead(stand: Stand, end: str) -> None:
    control = {"co_executors": [str(HELPER), str(THIRD)]}
    lead, done, helper = await stand.of(await stand.issue(control=control))
    for who, command in (
        ("coordinator", "acknowledge"),
        ("helper", "start"),
        ("helper", "submit"),
        ("cluster", "accept"),
    ):
        await stand.do(who, done["id"], command)
    if end == "accepted":
        await stand.bring(lead["id"], end)
    else:
        await stand.do("controller", lead["id"], "withdraw")

    assert (await stand.read(done["id"]))["status"] == "accepted"
    assert (await stand.read(helper["id"]))["status"] == "withdrawn"
    assert (await stand.told(helper["id"]))[-1] == "withdrawn"


async def test_co_executors_join_an_open_lead_and_only_once(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    path = f"/v1/executions/{id_}/co-executors"
    body = {"cluster_ids": [str(HELPER)]}
    # Half of 12 to 20 October is the 16th: a date that has not passed.
    at = msk("2023-10-12")
    await stand.post(
        "another", path, {"cluster_ids": [str(uuid4())]}, expect=(422, "unknown_addressees")
    )

    made = await stand.post("controller", path, body, at=at, expect=201)

    [helper] = made["items"]
    assert (helper["status"], helper["internal_due"]) == ("routed", "2023-10-16")
    twice = (409, "co_executor_twice")
    await stand.post("controller", path, body, at=at, expect=twice)
    await stand.post("controller", path, {"cluster_ids": [str(OWN)]}, at=at, expect=twice)
    of_helper = f"/v1/executions/{helper['id']}/co-executors"
    third = {"cluster_ids": [str(THIRD)]}
    await stand.post("controller", of_helper, third, at=at, expect=(409, "no_co_executors_here"))
    await stand.do("controller", id_, "withdraw", at=at)
    await stand.post("controller", path, third, at=at, expect=(409, "execution_over"))
    await stand.post("coordinator", path, third, at=at, expect=(403, "permission_denied"))


async def test_co_executors_need_one_lead(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    for addressees in (
        {"kind": "cluster", "clusters": [str(OWN), str(THIRD)]},
        {"kind": "authority"},
    ):
        await stand.issue(addressees=addressees, control=control, expect=(422, "lead_ambiguous"))


@pytest.mark.parametrize(
    ("asked_on", "moved"),
    [("2023-10-25", "due"), ("2023-10-31", "control_due")],
    ids=["in time", "late"],
)
async def test_a_date_granted_to_a_co_executor_is_the_one_it_works_to(
    stand: Stand, asked_on: str, moved: str
) -> None:
    control = {"co_executors": [str(HELPER)]}
    _, helper = await stand.of(await stand.issue(due_on="2023-10-30", control=control))
    assert helper["internal_due"] == "2023-10-16"
    at = msk(asked_on)
    await stand.do("helper", helper["id"], "extensions", at=at, expect=201)

    granted = await stand.do("controller", helper["id"], "extensions/grant", at=at)

    assert (granted[moved], granted["internal_due"]) == ("2023-11-03", None)


async def test_a_co_executor_redated_has_half_of_what_is_left_of_its_term(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    _, helper = await stand.of(await stand.issue(due_on="2023-10-30", control=control))
    # Half of 6 October to 17 November is the 27th.
    body = {"due": "2023-11-17", "reason": "Решение комитета."}
    redated = await stand.do("controller", helper["id"], "redate", body, at=msk("2023-10-06"))
    assert (redated["due"], redated["internal_due"]) == ("2023-11-17", "2023-10-27")
    # A term cut short to what has passed ends with its due date.
    body = {"due": "2023-10-11", "reason": "Решение комитета."}
    redated = await stand.do("controller", helper["id"], "redate", body, at=msk("2023-10-16"))
    assert (redated["due"], redated["internal_due"]) == ("2023-10-11", "2023-10-11")
