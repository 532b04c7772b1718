"""Requests for a later date: who asks, who decides, what a grant moves, when they lapse."""

import pytest

from services.assignments.consumers import issue
from shared.db import transaction
from shared.event_router import Circumstances
from shared.events.meetings import AddresseeKind, Addressees
from tests.assignments.stand import (
    AUTHORITY,
    BODIES,
    HELPER,
    REASON,
    Stand,
    addressee,
    appointed,
    msk,
)
from tests.conftest import NOW
from tests.factories import make_item, make_protocol


async def test_an_extension_asked_in_time_moves_the_date_and_counts(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    # Saturday 4 November is a holiday: the working day before it.
    asked = {"wanted": "2023-11-04", "reason": "Поставщик опаздывает."}
    await stand.do("cluster", id_, "extensions", asked, at=msk("2023-10-20", "23:59"), expect=201)

    granted = await stand.do("controller", id_, "extensions/grant", at=msk("2023-10-24"))

    assert (granted["due0"], granted["due"]) == ("2023-10-20", "2023-11-03")
    assert (granted["extensions"], granted["control_due"]) == (1, None)
    [request] = await stand.asked(id_)
    assert (request["status"], request["in_time"]) == ("granted", True)
    assert (request["wanted"], request["granted"]) == ("2023-11-04", "2023-11-03")


async def test_an_extension_asked_late_sets_a_control_date_and_counts_nothing(
    stand: Stand,
) -> None:
    id_ = await stand.one("in_progress")
    late = msk("2023-10-21", "00:01")
    await stand.do("coordinator", id_, "extensions", at=late, expect=201)

    granted = await stand.do("controller", id_, "extensions/grant", at=late)

    assert (granted["due"], granted["control_due"]) == ("2023-10-20", "2023-11-03")
    assert granted["extensions"] == 0
    # A further one goes beyond the control date.
    await stand.do("coordinator", id_, "extensions", at=late, expect=(422, "date_invalid"))
    beyond = {"wanted": "2023-11-07", "reason": "Не успеваем."}
    await stand.do("coordinator", id_, "extensions", beyond, at=late, expect=201)
    same = {"due": "2023-11-03"}
    await stand.do(
        "controller", id_, "extensions/grant", same, at=late, expect=(422, "date_invalid")
    )
    further = await stand.do("controller", id_, "extensions/grant", {"due": "2023-11-10"}, at=late)
    assert further["control_due"] == "2023-11-10"


async def test_in_time_is_by_the_regions_own_day(stand: Stand) -> None:
    stand.clusters.addressees = [addressee(timezone="Asia/Kamchatka")]
    id_ = await stand.one("in_progress")
    # In Kamchatka the 21st has begun.
    await stand.do("cluster", id_, "extensions", at=msk("2023-10-20", "15:01"), expect=201)
    [request] = await stand.asked(id_)
    assert not request["in_time"]


async def test_a_control_date_never_lies_before_the_due_date(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    at = msk("2023-10-23")
    await stand.do("cluster", id_, "extensions", at=at, expect=201)
    await stand.do("controller", id_, "extensions/grant", at=at)
    await stand.do("controller", id_, "redate", {"due": "2023-12-01", **REASON}, at=at)
    at = msk("2023-12-04")
    wanted = {"wanted": "2023-12-20", "reason": "Не успеваем."}
    await stand.do("cluster", id_, "extensions", wanted, at=at, expect=201)

    await stand.do(
        "controller",
        id_,
        "extensions/grant",
        {"due": "2023-11-15"},
        at=at,
        expect=(422, "date_invalid"),
    )


async def test_one_request_at_a_time_and_a_new_one_after_its_refusal(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    for command in ("cancel", "grant", "refuse"):
        who = "cluster" if command == "cancel" else "controller"
        await stand.do(who, id_, f"extensions/{command}", expect=(409, "no_extension_open"))
    await stand.do("cluster", id_, "extensions", expect=201)
    await stand.do("coordinator", id_, "extensions", expect=(409, "extension_open"))
    refused = await stand.do("controller", id_, "extensions/refuse")
    assert (refused["due"], refused["extensions"]) == ("2023-10-20", 0)
    await stand.do("coordinator", id_, "extensions", expect=201)
    assert [one["status"] for one in await stand.asked(id_)] == ["refused", "open"]


async def test_only_the_side_that_asked_takes_the_request_back(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    for asks, other in (("cluster", "coordinator"), ("coordinator", "cluster")):
        await stand.do(asks, id_, "extensions", expect=201)
        await stand.do(other, id_, "extensions/cancel", expect=(403, "not_your_move"))
        await stand.do(asks, id_, "extensions/cancel")
    assert [one["status"] for one in await stand.asked(id_)] == ["cancelled"] * 2


# The 21st and the 22nd are days off: the working day before them is the present due day.
@pytest.mark.parametrize("wanted", ["2023-10-19", "2023-10-20", "2023-10-21", "2023-10-22"])
async def test_a_request_is_for_a_later_date(stand: Stand, wanted: str) -> None:
    id_ = await stand.one("in_progress")
    body = {"wanted": wanted, "reason": "…"}
    found = await stand.do("cluster", id_, "extensions", body, expect=(422, "date_invalid"))
    assert found["errors"][0]["field"] == "body.wanted"


@pytest.mark.parametrize("review", ["submitted", "forwarded"])
async def test_a_request_is_decided_while_the_report_is_reviewed_but_not_made_then(
    stand: Stand, review: str
) -> None:
    id_ = await stand.one("in_progress")
    await stand.do("cluster", id_, "extensions", expect=201)
    await stand.bring(id_, review)

    granted = await stand.do("controller", id_, "extensions/grant")

    assert (granted["due"], granted["status"]) == ("2023-11-03", review)
    await stand.do("cluster", id_, "extensions", expect=(409, "action_not_allowed"))


@pytest.mark.parametrize("end", ["accept", "withdraw", "supersede"])
async def test_a_request_lapses_when_the_execution_ends(stand: Stand, end: str) -> None:
    successor = await stand.issue()
    id_ = await stand.one("in_progress")
    await stand.do("cluster", id_, "extensions", expect=201)
    await stand.bring(id_, "forwarded")

    body = {"by": successor["id"], **REASON} if end == "supersede" else None
    await stand.do("controller", id_, end, body)

    assert [one["status"] for one in await stand.asked(id_)] == ["lapsed"]
    assert (await stand.inbox("controller"))["items"] == []


async def test_a_request_lapses_also_when_the_system_ends_the_execution(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    lead, helper = await stand.of(await stand.issue(control=control))
    await stand.do("helper", helper["id"], "extensions", expect=201)
    await stand.do("controller", lead["id"], "withdraw")
    assert [one["status"] for one in await stand.asked(helper["id"])] == ["lapsed"]

    stand.clusters.addressees = [addressee(None, **AUTHORITY, region="77", coordinator_id=None)]
    addressees = Addressees(kind=AddresseeKind.AUTHORITY)
    item = make_item(addressees=addressees, closes_on="coordinator_appointed")
    protocol = make_protocol(item)
    async with transaction(stand.sessions) as session:
        session.info[Circumstances] = Circumstances(NOW, stand.to_directory)
        await issue(session, [protocol])
    [authority] = (await stand.get("/v1/executions?region=77"))["items"]
    assert authority["status"] == "issued"
    await stand.do("head of 77", authority["id"], "extensions", at=msk("2023-10-05"), expect=201)
    await stand.hear(appointed(region="77"), at=msk("2023-10-06"))

    assert (await stand.read(authority["id"]))["status"] == "accepted"
    assert [one["status"] for one in await stand.asked(authority["id"])] == ["lapsed"]
    assert (await stand.inbox("controller"))["items"] == []


async def test_the_answer_to_a_request_says_which_version_it_is(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    headers = {
        **stand.who["cluster"],
        "X-Simulated-Now": NOW.isoformat(),
        "Idempotency-Key": "once",
    }
    path, body = f"/v1/executions/{id_}/extensions", BODIES["extensions"]
    # The repetition gets the answer of the first with its version.
    for _ in range(2):
        asked = await stand.api.post(path, headers=headers, json=body)
        assert asked.status_code == 201
        assert asked.headers["ETag"] == f'"v{asked.json()["version"]}"'
