"""Absences of a coordinator, and the deputy who acts on their days."""

import pytest

from tests.assignments.stand import Stand, msk


@pytest.mark.usefixtures("known_region")
async def test_a_deputy_acts_on_the_days_of_an_absence_and_the_step_says_so(stand: Stand) -> None:
    id_ = await stand.one()
    not_now = (403, "coordinator_present")
    await stand.do("deputy", id_, "acknowledge", expect=not_now)
    body = {
        "region": "16",
        "away_from": "2023-10-09",
        "away_to": "2023-10-10",
        "reason": "Отпуск",
    }
    for who, refusal in (
        ("elsewhere", (404, "region_not_found")),
        ("deputy", (403, "permission_denied")),
        ("controller", (403, "permission_denied")),
    ):
        await stand.post(who, "/v1/absences", body, expect=refusal)
    reversed_ = {**body, "away_to": "2023-10-08"}
    await stand.post("coordinator", "/v1/absences", reversed_, expect=(422, "days_reversed"))
    absence = await stand.post("coordinator", "/v1/absences", body, expect=201)

    await stand.do("deputy", id_, "acknowledge", at=msk("2023-10-08", "23:59"), expect=not_now)
    assert (await stand.inbox("deputy", msk("2023-10-08")))["items"] == []
    [line] = (await stand.inbox("deputy", msk("2023-10-09")))["items"]
    assert line["next_action"]["command"] == "acknowledge"
    await stand.do("deputy", id_, "acknowledge", at=msk("2023-10-09", "00:01"))
    steps = (await stand.get(f"/v1/executions/{id_}/steps"))["items"]
    assert (steps[-1]["deputy"], steps[-1]["party"]) == (True, "coordinator")
    given = {"internal_due": "2023-10-18"}
    await stand.do("deputy", id_, "delegate", given, at=msk("2023-10-10", "23:59"))
    await stand.do("deputy", id_, "delegate", given, at=msk("2023-10-11", "00:01"), expect=not_now)

    path = f"/v1/absences/{absence['id']}/end"
    await stand.post("elsewhere", path, expect=(404, "absence_not_found"))
    early = msk("2023-10-10", "10:00")
    await stand.post("coordinator", path, at=early)
    await stand.do("deputy", id_, "delegate", given, at=msk("2023-10-10", "11:00"), expect=not_now)
    await stand.post("coordinator", path, expect=(409, "absence_over"))
    assert [one["id"] for one in (await stand.get("/v1/absences", "coordinator"))["items"]] == [
        absence["id"]
    ]
    assert (await stand.get("/v1/absences", "elsewhere"))["items"] == []
