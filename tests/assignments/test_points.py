"""A report accepted in part: its points come off control one by one."""

from collections import Counter

from tests.assignments.stand import REASON, Stand, msk


async def test_points_come_off_one_by_one_and_it_is_no_return(stand: Stand) -> None:
    id_ = await stand.one("forwarded", control={"points": ["План", "График", "Смета"]})
    for points in ([4], [1, 2, 3], [1, 7]):
        body = {"points": points, **REASON}
        await stand.do("controller", id_, "accept-part", body, expect=(422, "points_invalid"))

    part = await stand.do("controller", id_, "accept-part", {"points": [2], **REASON})

    assert (part["status"], part["accepted_points"]) == ("returned", [2])
    assert (part["returns"], part["done"], part["returned_on"]) == (0, None, "2023-10-02")
    await stand.bring(id_, "forwarded")
    for points in ([2], [1, 3]):
        body = {"points": points, **REASON}
        await stand.do("controller", id_, "accept-part", body, expect=(422, "points_invalid"))
    part = await stand.do("controller", id_, "accept-part", {"points": [1], **REASON})
    assert part["accepted_points"] == [1, 2]
    await stand.bring(id_, "accepted")
    found = await stand.told(id_)
    assert Counter(found)["partly_accepted"] == 2
    assert "returned" not in found


async def test_an_assignment_without_points_is_accepted_whole(stand: Stand) -> None:
    id_ = await stand.one("forwarded")
    await stand.do("controller", id_, "accept-part", expect=(422, "points_invalid"))
    actions = (await stand.get(f"/v1/executions/{id_}/actions", "controller"))["items"]
    assert "accept_part" not in {action["command"] for action in actions}


async def test_what_is_left_after_a_partial_acceptance_has_the_days_of_a_rework(
    stand: Stand,
) -> None:
    id_ = await stand.one("forwarded", control={"points": ["План", "График"]})
    friday = msk("2023-10-20")
    await stand.do("controller", id_, "accept-part", {"points": [1], **REASON}, at=friday)
    # Three working days: Monday to Wednesday.
    await stand.days_pass(msk("2023-10-25", "23:59"))
    assert "overdue" not in await stand.told(id_)
    await stand.days_pass(msk("2023-10-26", "00:01"))
    assert (await stand.told(id_))[-1] == "overdue"
