"""Control of execution as people meet it: through the API, each thing with its refusals."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import col, select

from services.assignments.consumers import hear, issue
from services.assignments.domain.executions import Status
from services.assignments.models import Execution, KnownRegion
from services.assignments.service import overdue, recurrences, routing
from shared.clients.base import ServiceClient
from shared.clients.directory import Addressee
from shared.db import Sessions, transaction
from shared.event_router import Circumstances
from shared.events.directory import AppointmentEnded, AppointmentEvent, AppointmentMade
from shared.events.meetings import AddresseeKind, Addressees, Control
from shared.tables import OutboxRecord
from tests.assignments.conftest import Clusters
from tests.conftest import NOW, Headers, Tokens, settings_for
from tests.factories import (
    make_addressee,
    make_assignment,
    make_execution,
    make_item,
    make_protocol,
)

OWN, HELPER, THIRD = (UUID(int=number) for number in (21, 22, 23))
PERSON, NEXT_PERSON = uuid4(), uuid4()
REASON = {"reason": "Так решено."}
SUCCESSOR: Final = UUID(int=1)
BODIES: Final[dict[str, dict[str, Any]]] = {
    "delegate": {"internal_due": "2023-10-18"},
    "submit": {
        "text": "Исполнено.",
        "evidence": [{"kind": "link", "title": "Акт", "url": "https://example.org/a"}],
    },
    "pre-check": {"text": "Всё на месте."},
    "return": {"reason": "Не приложен акт."},
    "accept-part": {"points": [1], "reason": "По пункту 2 нет акта."},
    "redate": {"due": "2023-11-03", "reason": "Решение комитета."},
    "withdraw": {"reason": "Выдано ошибочно."},
    "supersede": {"by": str(SUCCESSOR), "reason": "Уточнён состав."},
    "extensions": {"wanted": "2023-11-03", "reason": "Поставщик опаздывает."},
    "extensions/grant": {},
    "extensions/refuse": {"reason": "Срок достаточный."},
}
REPORT = BODIES["submit"]
Found = dict[str, Any]
# The way on: who does what to leave the status.
ON: Final = {
    "routed": ("coordinator", "acknowledge"),
    "acknowledged": ("cluster", "start"),
    "in_progress": ("cluster", "submit"),
    "submitted": ("coordinator", "forward"),
    "forwarded": ("controller", "accept"),
    "returned": ("cluster", "start"),
}


def msk(day: str, clock: str = "12:00") -> datetime:
    """The instant at which clocks in Moscow show this."""
    return datetime.fromisoformat(f"{day}T{clock}:00+03:00").astimezone(UTC)


class Stand:
    """Everyone at work on assignments, and the jobs that look at the calendar."""

    def __init__(
        self,
        api: httpx.AsyncClient,
        sessions: Sessions,
        clusters: Clusters,
        to_directory: ServiceClient,
        token: Tokens,
    ) -> None:
        self.api, self.sessions, self.clusters = api, sessions, clusters
        self.to_directory = to_directory
        self.who: dict[str, Headers] = {
            "admin": token("cur_admin"),
            "controller": token("cur_controller", sub="controller"),
            "another": token("cur_controller", sub="another"),
            "coordinator": token("coordinator", regions=["16"]),
            "elsewhere": token("coordinator", regions=["77"]),
            "deputy": token("deputy", regions=["16"]),
            "cluster": token("cluster", clusters=[str(OWN)]),
            "helper": token("cluster", clusters=[str(HELPER)]),
            "third": token("cluster", clusters=[str(THIRD)]),
            "authority": token("authority_head", regions=["16"]),
            "head of 77": token("authority_head", regions=["77"]),
            "auditor": token("auditor"),
        }

    async def post(
        self,
        who: str,
        path: str,
        body: Any = None,
        *,
        at: datetime = NOW,
        expect: int | tuple[int, str] = 200,
        method: str = "POST",
        headers: Headers | None = None,
    ) -> Found:
        wanted = expect if isinstance(expect, tuple) else (expect, None)
        answer = await self.api.request(
            method,
            path,
            headers={**self.who[who], "X-Simulated-Now": at.isoformat(), **(headers or {})},
            json=body,
        )
        found: Found = answer.json()
        assert (answer.status_code, found.get("code")) == wanted, answer.text
        return found

    async def get(self, path: str, who: str = "auditor", at: datetime = NOW) -> Found:
        return await self.post(who, path, at=at, method="GET")

    async def do(self, who: str, id_: str, command: str, body: Any = None, **how: Any) -> Found:
        given = BODIES.get(command) if body is None else body
        return await self.post(who, f"/v1/executions/{id_}/{command}", given, **how)

    async def issue(self, *, at: datetime = NOW, expect: Any = 201, **changes: Any) -> Found:
        body = {
            "text": "Представить план загрузки мастерских.",
            "priority": "important",
            "due_on": "2023-10-20",
            "addressees": {"kind": "cluster", "clusters": [str(OWN)]},
            **changes,
        }
        return await self.post("admin", "/v1/assignments", body, at=at, expect=expect)

    async def of(self, assignment: Found) -> list[Found]:
        found = await self.get(f"/v1/executions?assignment_id={assignment['id']}")
        return sorted(found["items"], key=lambda one: (one["role"] == "co", one["cluster_id"]))

    async def one(self, status: str = "routed", *, at: datetime = NOW, **changes: Any) -> str:
        """The lead's execution of a new assignment, brought to the status."""
        [lead, *_] = await self.of(await self.issue(at=at, **changes))
        await self.bring(lead["id"], status, at=at)
        return str(lead["id"])

    async def bring(self, id_: str, status: str, *, at: datetime = NOW) -> None:
        found = await self.read(id_)
        while found["status"] != status:
            who, command = ON[found["status"]]
            found = await self.do(who, id_, command, at=at)

    async def read(self, id_: str) -> Found:
        return await self.get(f"/v1/executions/{id_}")

    async def asked(self, id_: str) -> list[Found]:
        found = await self.get(f"/v1/executions/{id_}/extensions")
        items: list[Found] = found["items"]
        return items

    async def inbox(self, who: str, at: datetime = NOW) -> Found:
        return await self.get("/v1/inbox", who, at)

    async def told(self, key: object) -> list[str]:
        """The verbs of the aggregate's events."""
        async with self.sessions() as session:
            statement = (
                select(OutboxRecord.type)
                .where(col(OutboxRecord.key) == str(key))
                .order_by(col(OutboxRecord.position))
            )
            return [kind.split(".")[2] for kind in await session.exec(statement)]

    async def hear(self, *events: AppointmentEvent, at: datetime = NOW) -> None:
        async with transaction(self.sessions) as session:
            session.info[Circumstances] = Circumstances(at, self.to_directory)
            await hear(session, events)

    async def appoint(self, person: UUID = PERSON, **facts: Any) -> None:
        await self.hear(appointed(person, **facts))

    async def days_pass(self, at: datetime) -> None:
        async with transaction(self.sessions) as session:
            await routing.reroute(session, now=at)
        async with transaction(self.sessions) as session:
            await overdue.expire(session, now=at, after=None)

    async def months_pass(self, at: datetime) -> int:
        async with transaction(self.sessions) as session:
            return await recurrences.issue_recurring(session, self.to_directory, now=at)


def appointed(
    person: UUID = PERSON, *, kind: type[AppointmentEvent] = AppointmentMade, **facts: Any
) -> AppointmentEvent:
    given = {
        "version": 1,
        "occurred_at": NOW,
        "appointment_id": uuid4(),
        "region": "16",
        "office": "coordinator",
        "person_id": person,
        "valid_from": date(2023, 9, 1),
        "valid_to": None,
        **facts,
    }
    return kind(**given)


def addressee(cluster: UUID | None = OWN, **facts: Any) -> Addressee:
    return make_addressee(**{"cluster_id": cluster, "coordinator_id": PERSON, **facts})


AUTHORITY: Final[Found] = {"cohort": None, "industry": None}


@pytest.fixture
async def stand(
    api: httpx.AsyncClient,
    sessions: Sessions,
    clusters: Clusters,
    to_directory: ServiceClient,
    token: Tokens,
) -> Stand:
    found = Stand(api, sessions, clusters, to_directory, token)
    clusters.addressees = [
        addressee(),
        addressee(HELPER),
        addressee(THIRD),
        addressee(None, **AUTHORITY),
    ]
    await found.appoint()
    return found


# Extensions


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
    await stand.do("coordinator", id_, "extensions", at=late, expect=201)
    await stand.do("controller", id_, "extensions/grant", at=late, expect=(422, "date_invalid"))
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


@pytest.mark.parametrize("wanted", ["2023-10-20", "2023-10-19"])
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


# Dates, ends


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


# Points, delegation, pre-check


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


# Co-executors


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


# Automatic forwarding, sub-tasks


@pytest.fixture
async def known_region(sessions: Sessions) -> None:
    names = dict.fromkeys(("name", "short_name", "federal_district"), "x")
    async with transaction(sessions) as session:
        session.add(KnownRegion(code="16", timezone="Europe/Moscow", version=1, **names))


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


# Absences, deputies, coordinators who come and go


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


async def test_work_changes_hands_with_the_coordinator_as_days_pass(stand: Stand) -> None:
    stand.clusters.addressees = [
        addressee(region="41", timezone="Asia/Kamchatka", coordinator_id=None)
    ]
    [found] = await stand.of(await stand.issue())
    id_ = found["id"]
    assert found["status"] == "issued"
    old = appointed(region="41", valid_from=date(2023, 10, 3))
    await stand.hear(old, at=msk("2023-10-02"))
    # In Kamchatka the 3rd begins at 15:00 in Moscow.
    await stand.days_pass(msk("2023-10-02", "14:59"))
    assert (await stand.read(id_))["status"] == "issued"
    await stand.days_pass(msk("2023-10-02", "15:01"))
    routed = await stand.read(id_)
    assert (routed["status"], routed["coordinator_id"]) == ("routed", str(PERSON))

    facts = {**old.model_dump(), "version": 2, "valid_to": date(2023, 10, 10)}
    await stand.hear(AppointmentEnded(**facts), at=msk("2023-10-05"))
    following = appointed(NEXT_PERSON, region="41", valid_from=date(2023, 10, 12))
    await stand.hear(following, at=msk("2023-10-05"))
    # Where the office is vacant, the work stays with whoever had it.
    await stand.days_pass(msk("2023-10-11"))
    assert (await stand.read(id_))["coordinator_id"] == str(PERSON)
    await stand.days_pass(msk("2023-10-12"))
    await stand.days_pass(msk("2023-10-13"))
    assert (await stand.read(id_))["coordinator_id"] == str(NEXT_PERSON)
    assert await stand.told(id_) == ["issued", "routed", "rerouted"]


async def test_what_has_ended_stays_with_its_coordinator(stand: Stand) -> None:
    id_ = await stand.one("accepted")
    async with stand.sessions() as session:
        version = (await session.get_one(Execution, UUID(id_))).version
    await stand.hear(appointed(region="77"))
    await stand.days_pass(msk("2023-10-12"))
    assert (await stand.read(id_))["version"] == version


# Series


def _monthly(day: int) -> Found:
    return {"due_on": None, "control": {"term": "monthly", "monthly_day": day}}


async def test_monthly_until_the_31st_is_issued_once_a_month(stand: Stand) -> None:
    await stand.issue(**_monthly(31))
    dues = []
    day = datetime(2023, 10, 2, 9, tzinfo=UTC)
    while day < datetime(2024, 4, 20, tzinfo=UTC):
        issued = await stand.months_pass(day)
        # A second look in the same hour has nothing to issue.
        assert issued in {0, 1}
        assert await stand.months_pass(day + timedelta(hours=1)) == 0
        day += timedelta(days=1)
    items = (await stand.get("/v1/assignments"))["items"]
    dues = [(one["occurrence"], one["issued_on"], one["due"]) for one in items]
    assert dues == [
        (1, "2023-10-02", "2023-10-31"),
        (2, "2023-11-01", "2023-11-30"),
        (3, "2023-12-01", "2023-12-29"),
        (4, "2024-01-01", "2024-01-31"),
        (5, "2024-02-01", "2024-02-29"),
        (6, "2024-03-01", "2024-03-29"),
        (7, "2024-04-01", "2024-04-27"),
    ]
    assert items[1]["number"].endswith("(2)")
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert (series["issued"], series["next_on"]) == (7, "2024-05-01")
    executions = (await stand.get("/v1/executions"))["items"]
    assert len(executions) == 7


async def test_a_rule_says_the_dates_and_what_was_missed_is_made_up_for(stand: Stand) -> None:
    rule = "FREQ=WEEKLY;BYDAY=WE;UNTIL=20231025"
    await stand.issue(due_on=None, control={"rule": rule})
    # The worker was away for a month: one occurrence at a time until none is left.
    late = msk("2023-11-10")
    made = [await stand.months_pass(late) for _ in range(5)]
    assert made == [1, 1, 1, 0, 0]
    items = (await stand.get("/v1/assignments"))["items"]
    assert [one["due"] for one in items] == [
        "2023-10-04",
        "2023-10-11",
        "2023-10-18",
        "2023-10-25",
    ]
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert series["next_on"] is None


async def test_a_series_the_directory_refuses_says_so_and_holds_up_no_other(
    stand: Stand, databases: dict[str, str]
) -> None:
    for _ in range(2):
        await stand.issue(**_monthly(5))
    november = msk("2023-11-01")

    async def refuse(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x"})
        return httpx.Response(422, json={"code": "forbidden"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(refuse)) as http:
        settings = settings_for(databases["assignments"], oidc_token_url="http://issuer/token")
        refusing = ServiceClient(http, settings)
        async with transaction(stand.sessions) as session:
            await recurrences.issue_recurring(session, refusing, now=november)
    for series in (await stand.get("/v1/recurrences"))["items"]:
        assert (series["issued"], series["next_on"]) == (1, "2023-10-06")
        assert "422" in series["trouble"]

    # Let be for a while; then the directory is itself again.
    assert await stand.months_pass(november + timedelta(minutes=5)) == 0
    assert await stand.months_pass(november + timedelta(minutes=11)) == 2
    for series in (await stand.get("/v1/recurrences"))["items"]:
        assert (series["issued"], series["trouble"]) == (2, None)


async def test_a_series_of_every_third_year_goes_on(stand: Stand) -> None:
    await stand.issue(due_on=None, control={"rule": "FREQ=YEARLY;INTERVAL=3;BYMONTH=12"})
    [series] = (await stand.get("/v1/recurrences"))["items"]
    assert series["next_on"] is not None


async def test_a_protocols_item_may_recur_and_hearing_it_again_adds_nothing(stand: Stand) -> None:
    item = make_item(due_on=None, control=Control(rule="FREQ=MONTHLY;BYMONTHDAY=5"))
    protocol = make_protocol(item)
    for _ in range(2):
        async with transaction(stand.sessions) as session:
            session.info[Circumstances] = Circumstances(NOW, stand.to_directory)
            await issue(session, [protocol])
    assert await stand.months_pass(msk("2023-10-06")) == 1
    items = (await stand.get(f"/v1/assignments?protocol_id={protocol.protocol_id}"))["items"]
    # 5 November is a Sunday before a transferred holiday.
    assert [one["due"] for one in items] == ["2023-10-05", "2023-11-03"]
    assert {one["origin"] for one in items} == {"protocol"}


async def test_a_series_is_ended_once_and_what_was_issued_stays(stand: Stand) -> None:
    await stand.issue(**_monthly(5))
    [series] = (await stand.get("/v1/recurrences"))["items"]
    path = f"/v1/recurrences/{series['id']}/end"
    await stand.post("coordinator", path, REASON, expect=(403, "permission_denied"))
    await stand.post(
        "controller", f"/v1/recurrences/{uuid4()}/end", REASON, expect=(404, "recurrence_not_found")
    )

    ended = await stand.post("controller", path, REASON)

    assert (ended["ended_why"], ended["next_on"]) == (REASON["reason"], None)
    assert await stand.months_pass(msk("2024-01-10")) == 0
    assert len((await stand.get("/v1/executions?status=routed"))["items"]) == 1
    await stand.post("controller", path, REASON, expect=(409, "recurrence_ended"))


async def test_a_series_goes_on_through_a_month_with_nobody_addressed(stand: Stand) -> None:
    await stand.issue(**_monthly(5), addressees={"kind": "cluster", "cohorts": [2022]})
    everyone, stand.clusters.addressees = stand.clusters.addressees, []
    assert await stand.months_pass(msk("2023-10-06")) == 1
    stand.clusters.addressees = everyone
    assert await stand.months_pass(msk("2023-11-06")) == 1
    items = (await stand.get("/v1/assignments"))["items"]
    assert [one["executions"] for one in items] == [3, 0, 3]


@pytest.mark.parametrize(
    ("control", "code"),
    [
        ({"rule": "FREQ=DAILY"}, "invalid_request"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=99"}, "invalid_request"),
        ({"rule": "завтра"}, "invalid_request"),
        ({"rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "invalid_request"),
        ({"rule": "FREQ=MONTHLY;BYMONTHDAY=5", "term": "urgent"}, "invalid_request"),
        ({"term": "monthly"}, "invalid_request"),
        ({"monthly_day": 5}, "invalid_request"),
        ({"term": "monthly", "monthly_day": 32}, "invalid_request"),
    ],
)
async def test_a_rule_that_says_nothing_useful_is_refused(
    stand: Stand, control: Found, code: str
) -> None:
    await stand.issue(due_on=None, control=control, expect=(422, code))
    assert (await stand.get("/v1/recurrences"))["items"] == []


# Without a protocol


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


# Controllers


async def test_the_controller_named_the_deputy_and_the_admin_decide_and_nobody_else(
    stand: Stand, token: Tokens
) -> None:
    stand.who["stand-in"] = token("cur_controller", sub="stand-in")
    control = {"controller": "controller", "controller_deputy": "stand-in"}
    for who in ("controller", "stand-in", "admin"):
        id_ = await stand.one("forwarded", control=control)
        await stand.do("another", id_, "accept", expect=(403, "not_your_move"))
        whole = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/withdraw"
        await stand.post("another", whole, REASON, expect=(403, "not_the_controller"))
        joining = f"/v1/executions/{id_}/co-executors"
        body = {"cluster_ids": [str(HELPER)]}
        await stand.post("another", joining, body, expect=(403, "not_the_controller"))
        assert (await stand.inbox("another"))["items"] == []
        assert (await stand.inbox(who))["total"] == 1
        await stand.do(who, id_, "accept")


async def test_the_admin_names_another_controller(stand: Stand) -> None:
    id_ = await stand.one("forwarded")
    path = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/controller"
    body = {"controller": "another"}
    await stand.post("controller", path, body, method="PUT", expect=(403, "permission_denied"))
    stale = {"If-Match": '"v9"'}
    await stand.post(
        "admin", path, body, method="PUT", expect=(412, "version_mismatch"), headers=stale
    )

    named = await stand.post("admin", path, body, method="PUT")

    assert (named["controller"], named["version"]) == ("another", 2)
    await stand.do("controller", id_, "accept", expect=(403, "not_your_move"))
    await stand.do("another", id_, "accept")


async def test_a_deputy_named_without_a_controller_restricts_nobody(stand: Stand) -> None:
    id_ = await stand.one("forwarded", control={"controller_deputy": "stand-in"})
    assert (await stand.inbox("another"))["total"] == 1
    whole = f"/v1/assignments/{(await stand.read(id_))['assignment_id']}/withdraw"
    await stand.post("another", whole, REASON)


# Inbox


async def _follow(stand: Stand, names: list[str], at: datetime) -> list[tuple[str, str]]:
    """Whoever has something waiting does what the inbox says, until nothing waits."""
    done: list[tuple[str, str]] = []
    bodies = {**BODIES, "submit": REPORT}
    for _ in range(60):
        for who in names:
            lines = (await stand.inbox(who, at))["items"]
            following = [line["next_action"] for line in lines if line["next_action"]]
            if following:
                path = following[0]["href"]
                name = path.split("/", 4)[4]
                await stand.post(who, path, bodies.get(name), at=at)
                done.append((who, following[0]["command"]))
                break
        else:
            return done
    raise AssertionError(done)


async def test_whoever_follows_the_inbox_brings_every_execution_to_its_end(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    lead, helper = await stand.of(await stand.issue(control=control))
    [authority] = await stand.of(await stand.issue(addressees={"kind": "authority"}))
    everyone = ["helper", "coordinator", "cluster", "authority", "controller"]
    # The lead starts only when its helper is done, so as not to end what still hangs on it.
    done = await _follow(stand, everyone, NOW)

    for one in (lead, authority):
        assert (await stand.read(one["id"]))["status"] == "accepted"
    assert (await stand.read(helper["id"]))["status"] in {"accepted", "withdrawn"}
    commands = {(who, command) for who, command in done}
    assert {
        ("coordinator", "acknowledge"),
        ("coordinator", "forward"),
        ("cluster", "start"),
        ("cluster", "submit"),
        ("authority", "acknowledge"),
        ("authority", "submit"),
        ("controller", "accept"),
    } <= commands
    for who in everyone:
        found = await stand.inbox(who)
        assert (found["total"], found["items"]) == (0, [])


async def test_the_inbox_says_why_until_when_and_what_next(stand: Stand) -> None:
    id_ = await stand.one(due_on="2023-10-20")

    async def line(who: str, at: datetime = NOW) -> tuple[Any, ...]:
        found = await stand.inbox(who, at)
        assert (found["total"], len(found["items"])) == (1, 1)
        [item] = found["items"]
        following = item["next_action"] and item["next_action"]["command"]
        return item["why"], item["until"], following, item["overdue"]

    new = ["Новое исполнение: примите к сведению"]
    assert await line("coordinator") == (new, "2023-10-03", "acknowledge", False)
    await stand.bring(id_, "acknowledged")
    wait = ["Поручение ждёт начала работы"]
    assert await line("cluster") == (wait, "2023-10-20", "start", False)
    await stand.bring(id_, "in_progress")
    assert await line("cluster") == (["Отчёт ещё не сдан"], "2023-10-20", "submit", False)
    late = msk("2023-10-21", "00:01")
    assert await line("cluster", late) == (["Отчёт ещё не сдан"], "2023-10-20", "submit", True)
    chase = ["Просрочено у кластера: поторопите"]
    assert await line("coordinator", late) == (chase, "2023-10-20", None, True)
    assert (await stand.inbox("coordinator", msk("2023-10-20", "23:59")))["items"] == []
    await stand.do("cluster", id_, "extensions", expect=201)
    asked = ["Просят продлить срок до 03.11.2023"]
    assert await line("controller") == (asked, "2023-10-05", "grant_extension", False)
    await stand.do("controller", id_, "extensions/grant")
    await stand.bring(id_, "submitted")
    check = ["Отчёт кластера ждёт вашей проверки"]
    assert await line("coordinator") == (check, "2023-11-03", "forward", False)
    await stand.bring(id_, "forwarded")
    decide = ["Отчёт ждёт решения ЦУР"]
    assert await line("controller") == (decide, "2023-10-05", "accept", False)
    assert await line("admin") == (decide, "2023-10-05", "accept", False)
    for who in ("elsewhere", "third", "authority"):
        assert (await stand.inbox(who))["items"] == []
    await stand.post("auditor", "/v1/inbox", method="GET", expect=(403, "permission_denied"))


async def test_days_of_rework_are_not_overdue_in_anyones_inbox(stand: Stand) -> None:
    id_ = await stand.one("forwarded", due_on="2023-10-20")
    # Returned on Friday the 20th: the days of rework end on Wednesday the 25th.
    await stand.do("controller", id_, "return", at=msk("2023-10-20"))
    during, after = msk("2023-10-25", "23:59"), msk("2023-10-26", "00:01")
    assert (await stand.inbox("coordinator", during))["items"] == []
    [item] = (await stand.inbox("cluster", during))["items"]
    assert (item["until"], item["overdue"]) == ("2023-10-25", False)
    [item] = (await stand.inbox("coordinator", after))["items"]
    assert (item["why"], item["overdue"]) == (["Просрочено у кластера: поторопите"], True)


async def test_pages_of_an_inbox_join(stand: Stand) -> None:
    ids = {await stand.one(due_on=f"2023-10-{day}") for day in (20, 18, 19, 18, 17)}
    seen: list[Found] = []
    path = "/v1/inbox?limit=2"
    while path:
        found = await stand.get(path, "coordinator")
        assert found["total"] == 5
        seen += found["items"]
        cursor = found["next_cursor"]
        path = f"/v1/inbox?limit=2&cursor={cursor}" if cursor else ""
    assert {one["execution_id"] for one in seen} == ids
    assert [one["due"] for one in seen] == sorted(one["due"] for one in seen)
    assert len(seen) == 5


# Bulk


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


# Forms


FORM: Final = [
    {"code": "note", "title": "Примечание", "kind": "text", "required": False},
    {"code": "workshops", "title": "Мастерских", "kind": "integer", "required": True},
    {"code": "share", "title": "Доля", "kind": "number", "required": False},
    {"code": "ready", "title": "Готово", "kind": "boolean", "required": False},
    {"code": "since", "title": "С какого дня", "kind": "date", "required": False},
]


async def test_a_report_answers_the_form(stand: Stand) -> None:
    id_ = await stand.one("in_progress", control={"form": FORM})
    wrong: list[tuple[Found, str]] = [
        ({}, "workshops"),
        ({"workshops": None}, "workshops"),
        ({"workshops": ""}, "workshops"),
        ({"workshops": 4.5}, "workshops"),
        ({"workshops": True}, "workshops"),
        ({"workshops": "4"}, "workshops"),
        ({"workshops": 10**16}, "workshops"),
        ({"workshops": 4, "share": True}, "share"),
        ({"workshops": 4, "share": "0,5"}, "share"),
        ({"workshops": 4, "ready": 1}, "ready"),
        ({"workshops": 4, "ready": "да"}, "ready"),
        ({"workshops": 4, "since": "2023-02-30"}, "since"),
        ({"workshops": 4, "since": "20231001"}, "since"),
        ({"workshops": 4, "note": 7}, "note"),
        ({"workshops": 4, "colour": "red"}, "colour"),
    ]
    for fields, field in wrong:
        found = await stand.do(
            "cluster",
            id_,
            "submit",
            {**REPORT, "fields": fields},
            expect=(422, "report_fields_invalid"),
        )
        assert found["errors"][0]["field"] == f"body.fields.{field}", fields
    before = await stand.read(id_)
    assert before["status"] == "in_progress"
    answers = {"workshops": 4, "share": 0.5, "ready": False, "since": "2023-10-01", "note": "Да"}

    await stand.do("cluster", id_, "submit", {**REPORT, "fields": answers})

    steps = (await stand.get(f"/v1/executions/{id_}/steps"))["items"]
    assert steps[-1]["details"] == {"fields": answers}


async def test_zero_and_false_are_answers_and_blanks_are_not(stand: Stand) -> None:
    fields = [{**field, "required": True} for field in FORM[:4]]
    id_ = await stand.one("in_progress", control={"form": fields})
    answers: Found = {"note": "Да", "workshops": 0, "share": 0, "ready": False}
    blank = {**REPORT, "fields": {**answers, "note": "  "}}
    await stand.do("cluster", id_, "submit", blank, expect=(422, "report_fields_invalid"))
    await stand.do("cluster", id_, "submit", {**REPORT, "fields": answers})


async def test_an_assignment_may_demand_a_kind_of_evidence(stand: Stand) -> None:
    wants_file = await stand.one("in_progress", control={"evidence": "file"})
    await stand.do("cluster", wants_file, "submit", expect=(422, "evidence_missing"))
    wants_link = await stand.one("in_progress", control={"evidence": "link"})
    await stand.do("cluster", wants_link, "submit")


async def test_a_form_with_one_code_twice_is_refused(stand: Stand) -> None:
    control = {"form": [FORM[0], FORM[0]]}
    await stand.issue(control=control, expect=(422, "invalid_request"))


# Policies and deadlines


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


# Overdue


async def test_overdue_is_told_once_for_every_due_date(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    for day, clock in (("2023-10-20", "23:59"), ("2023-10-21", "00:01"), ("2023-10-30", "12:00")):
        await stand.days_pass(msk(day, clock))
    assert (await stand.told(id_)).count("overdue") == 1
    at = msk("2023-10-30", "13:00")
    await stand.do("controller", id_, "redate", {"due": "2023-11-10", **REASON}, at=at)
    await stand.days_pass(msk("2023-11-10", "23:59"))
    assert (await stand.told(id_)).count("overdue") == 1
    await stand.days_pass(msk("2023-11-11", "00:01"))
    await stand.days_pass(msk("2023-11-12"))
    assert (await stand.told(id_)).count("overdue") == 2


async def test_what_is_handed_in_is_not_overdue_and_what_waits_for_the_coordinator_is(
    stand: Stand,
) -> None:
    handed_in, waiting, ended = [
        await stand.one(status) for status in ("forwarded", "submitted", "accepted")
    ]
    await stand.days_pass(msk("2023-10-21"))
    assert "overdue" not in await stand.told(handed_in)
    assert "overdue" not in await stand.told(ended)
    assert (await stand.told(waiting))[-1] == "overdue"


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("Asia/Kamchatka", datetime(2023, 10, 20, 11, 59, tzinfo=UTC)),
        ("Europe/Kaliningrad", datetime(2023, 10, 20, 21, 59, tzinfo=UTC)),
    ],
)
async def test_a_due_day_ends_where_the_cluster_is(stand: Stand, zone: str, last: datetime) -> None:
    stand.clusters.addressees = [addressee(timezone=zone)]
    id_ = await stand.one()
    await stand.days_pass(last)
    assert "overdue" not in await stand.told(id_)
    await stand.days_pass(last + timedelta(minutes=2))
    assert (await stand.told(id_))[-1] == "overdue"
