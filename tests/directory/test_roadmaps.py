"""A milestone is done when every deliverable is there, and not before."""

import csv
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.directory.domain.roadmaps import (
    ActivityKind,
    Facts,
    MilestoneState,
    Plan,
    Rule,
    Term,
    a_year_on,
    done_on,
    fulfilled_on,
    state_at,
)
from services.directory.service.roadmaps import templates
from tests.conftest import Headers, Tokens
from tests.directory.associations import HERE, NOBODY, World

REFERENCE = Path(__file__).parents[2] / "services" / "directory" / "reference"
DUE = date(2023, 11, 1)
ME, GROUP, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
PLAN = Plan(ME, 2023, DUE)
DAY = date(2023, 10, 10)


def test_the_six_milestones_are_the_sources_with_its_dates() -> None:
    assert [(one.starts_on, one.due_on) for one in templates()] == [
        (None, date(2023, 10, 1)),
        (None, date(2023, 11, 1)),
        (None, date(2023, 12, 1)),
        (date(2023, 12, 1), date(2023, 12, 31)),
        (date(2024, 1, 1), date(2024, 3, 31)),
        (date(2023, 11, 1), date(2024, 3, 31)),
    ]
    assert [rule for _, rule, _ in templates()[0].deliverables] == [
        Rule.DOCUMENT,
        Rule.DIRECTIONS,
        Rule.GROUPS,
        Rule.RESPONSIBLES,
    ]
    with (REFERENCE / "roadmap.csv").open(encoding="utf-8", newline="") as file:
        titles = [line["title"] for line in csv.DictReader(file)]
    assert "(+16 Ассоциаций)" in titles[4]
    assert titles[0].startswith("Проведение совещания в формате ВКС с Председателями 8 отраслевых")


@pytest.mark.parametrize("missing", range(4))
def test_three_of_four_deliverables_leave_the_milestone_undone(missing: int) -> None:
    days: list[date | None] = [DAY, DAY, DAY, DAY + timedelta(days=1)]
    assert done_on(days) == DAY + timedelta(days=1)
    days[missing] = None
    assert done_on(days) is None


def test_a_milestone_without_deliverables_is_not_done() -> None:
    assert done_on([]) is None


@pytest.mark.parametrize(
    ("at", "state"),
    [
        (date(2023, 9, 30), MilestoneState.UPCOMING),
        (date(2023, 10, 1), MilestoneState.OPEN),
        (date(2023, 10, 18), MilestoneState.OPEN),
        (date(2023, 10, 19), MilestoneState.AT_RISK),
        (DUE, MilestoneState.AT_RISK),
        (DUE + timedelta(days=1), MilestoneState.LATE),
    ],
)
def test_what_is_not_done_is_at_risk_before_its_date_and_late_after(
    at: date, state: MilestoneState
) -> None:
    given: dict[str, Any] = {
        "starts_on": date(2023, 10, 1),
        "due_on": DUE,
        "at_risk_days": 14,
        "at": at,
    }
    assert state_at(None, **given) is state
    assert state_at(DAY, **given) is MilestoneState.DONE


def _fulfilled(rule: Rule, facts: Facts, *, at: date = DUE) -> date | None:
    return fulfilled_on(rule, PLAN, facts, document_on=None, at=at)


def test_nothing_is_there_before_its_thing_is() -> None:
    """On an empty association every rule says no; what exists counts from its day on."""
    assert {rule for rule in Rule if _fulfilled(rule, Facts(), at=DUE - timedelta(days=1))} == set()
    facts = Facts(
        constituted_on=DAY,
        directions=[Term(DAY, None)],
        groups={GROUP: Term(DAY, DUE)},
        responsibles=[Term(DAY, None)],
        reports={(ME, GROUP): DAY},
        clusters={OTHER: (2023, DAY)},
        joined={OTHER: DAY},
        activities={
            (kind, ME): DAY for kind in ActivityKind if kind.value in {rule.value for rule in Rule}
        },
        approved={2023: DAY},
        roadmaps={2024: DAY},
    )
    for rule in set(Rule) - {Rule.DOCUMENT}:
        assert _fulfilled(rule, facts) == DAY, rule
        assert _fulfilled(rule, facts, at=DAY - timedelta(days=1)) is None, rule


def test_every_group_that_worked_by_the_date_has_to_report_to_this_milestone() -> None:
    groups = {GROUP: Term(DAY, DUE), OTHER: Term(DAY, DUE)}
    facts = Facts(groups=groups, reports={(ME, GROUP): DAY, (OTHER, OTHER): DAY})
    assert _fulfilled(Rule.INTERIM_REPORTS, facts) is None
    facts.reports[ME, OTHER] = DUE
    assert _fulfilled(Rule.INTERIM_REPORTS, facts) == DUE
    facts.groups[UUID(int=9)] = Term(DUE + timedelta(days=1), date(2024, 1, 1))
    assert _fulfilled(Rule.INTERIM_REPORTS, facts) == DUE


def test_expansion_wants_every_cluster_of_the_cohort_that_there_was_by_the_date() -> None:
    facts = Facts(clusters={GROUP: (2023, DAY), OTHER: (2022, DAY)}, joined={OTHER: DAY})
    assert _fulfilled(Rule.EXPANSION, facts) is None
    facts.joined[GROUP] = DUE
    assert _fulfilled(Rule.EXPANSION, facts) == DUE
    facts.clusters[UUID(int=9)] = (2023, DUE + timedelta(days=1))
    facts.clusters[UUID(int=8)] = (2023, None)
    assert _fulfilled(Rule.EXPANSION, facts) == DUE


def test_expansion_waits_for_a_cohort_that_comes_late_and_not_for_one_that_never_does() -> None:
    late = DUE + timedelta(days=9)
    facts = Facts(clusters={OTHER: (2022, DAY)})
    assert _fulfilled(Rule.EXPANSION, facts) == DUE
    facts.clusters[GROUP] = (2023, None)
    assert _fulfilled(Rule.EXPANSION, facts, at=late) is None
    facts.clusters[GROUP] = (2023, late)
    assert _fulfilled(Rule.EXPANSION, facts, at=late) is None
    facts.joined[GROUP] = late
    assert _fulfilled(Rule.EXPANSION, facts, at=late) == late


def test_expansion_does_not_wait_for_the_closed_but_is_none_where_nobody_joined() -> None:
    facts = Facts(clusters={GROUP: (2023, DAY), OTHER: (2023, DAY)}, closed={GROUP: DUE})
    assert _fulfilled(Rule.EXPANSION, facts) is None
    facts.joined[OTHER] = DAY
    assert _fulfilled(Rule.EXPANSION, facts, at=DUE - timedelta(days=1)) is None
    assert _fulfilled(Rule.EXPANSION, facts) == DUE
    del facts.joined[OTHER]
    facts.closed[OTHER] = DAY
    assert _fulfilled(Rule.EXPANSION, facts) is None


def test_a_thing_that_ended_before_the_milestones_year_is_not_this_years() -> None:
    plan = Plan(ME, 2024, date(2024, 10, 1))
    facts = Facts(directions=[Term(DAY, date(2023, 12, 31))])
    given: dict[str, Any] = {"document_on": None, "at": date(2024, 10, 1)}
    assert fulfilled_on(Rule.DIRECTIONS, plan, facts, **given) is None
    facts.directions.append(Term(DAY, date(2024, 1, 1)))
    assert fulfilled_on(Rule.DIRECTIONS, plan, facts, **given) == DAY


def test_a_leap_day_has_its_year_on_the_day_before() -> None:
    assert a_year_on(date(2024, 2, 29)) == date(2025, 2, 28)
    assert a_year_on(date(2023, 10, 1)) == date(2024, 10, 1)


async def roadmap(world: World, at: str, path: str = HERE) -> dict[str, Any]:
    found = await world.get(f"{path}/roadmaps/2023?at={at}")
    return {item["code"]: item for item in found["items"]}


async def test_three_of_four_deliverables_leave_the_first_milestone_undone_until_the_fourth(
    world: World, metallurgy: Headers
) -> None:
    person = await world.person()
    first = (await roadmap(world, "2023-10-01"))["chairs-meeting"]
    vector = first["deliverables"][0]

    async def counted(at: str) -> tuple[int, str]:
        found = (await roadmap(world, at))["chairs-meeting"]
        return found["fulfilled"], found["state"]

    assert await counted("2023-10-01") == (0, "at_risk")
    direction = await world.post(
        f"{HERE}/directions", {"name": "Программы", "valid_from": "2023-09-20"}, by=metallurgy
    )
    await world.post(
        f"{HERE}/mandates",
        {"kind": "responsible", "person_id": person, "valid_from": "2023-09-25"},
        by=metallurgy,
    )
    await world.post(f"{HERE}/deliverables/{vector['id']}/document", {"document": "Вектор"}, ok=200)
    assert await counted("2023-10-02") == (3, "late")
    assert (await world.get(f"{HERE}/roadmaps/2023?at=2023-10-02"))["done"] == 0

    group = {
        "direction_id": direction["id"],
        "name": "Группа",
        "lead_id": person,
        "members": [person],
        "valid_from": "2023-09-28",
        "valid_to": "2024-06-30",
    }
    await world.post(f"{HERE}/groups", group, by=metallurgy)

    assert await counted("2023-10-02") == (4, "done")
    found = (await roadmap(world, "2023-10-02"))["chairs-meeting"]
    # The vector came on the day of the test, a day after the date.
    assert (found["done_on"], found["was_late"]) == ("2023-10-02", True)
    assert await counted("2023-10-01") == (3, "at_risk")


async def test_expansion_waits_for_who_acted_by_its_date_until_they_join_or_are_closed(
    world: World,
) -> None:
    async def state(at: str) -> str:
        return str((await roadmap(world, at))["expansion"]["state"])

    none_at_all = await state("2024-01-10")
    planned = await world.cluster(cohort=2023, status="planned")
    none_acts = await state("2024-01-10")
    acting, closing = await world.cluster(cohort=2023), await world.cluster(cohort=2023)
    await world.post(f"{HERE}/memberships", {"cluster_id": acting, "valid_from": "2023-10-03"})
    one_is_missing = await state("2024-01-10")
    await world.post(f"/v1/clusters/{closing}/close", {"reason": "Приказ № 1"}, ok=200)

    assert (none_at_all, none_acts, one_is_missing) == ("done", "late", "late")
    assert await state("2024-01-10") == "done"
    assert (await world.get(f"/v1/clusters/{planned}"))["status"] == "planned"


async def test_a_document_stands_in_for_nothing_that_tells_itself(
    world: World, client: httpx.AsyncClient
) -> None:
    first = (await roadmap(world, "2023-10-01"))["chairs-meeting"]
    vector, directions, *_ = first["deliverables"]
    path = f"{HERE}/deliverables/{{}}/document"

    derived = await world.post(path.format(directions["id"]), {"document": "Перечень"}, ok=None)
    empty = await world.post(path.format(vector["id"]), {}, ok=None)
    nobody = await world.post(path.format(NOBODY), {"document": "Вектор"}, ok=None)
    foreign = await world.post(
        f"/v1/associations/chemistry/deliverables/{vector['id']}/document",
        {"document": "Вектор"},
        ok=None,
    )
    headers = {**world.admin, "If-Match": '"v7"'}
    stale = await client.post(path.format(vector["id"]), headers=headers, json={"document": "В"})

    assert derived == (409, "deliverable_is_derived")
    assert empty == (422, "invalid_request")
    assert nobody == foreign == (404, "association_row_not_found")
    assert (stale.status_code, stale.json()["code"]) == (412, "version_mismatch")
    assert (await roadmap(world, "2023-12-31"))["chairs-meeting"]["fulfilled"] == 0


async def test_interim_results_are_a_session_and_a_report_of_every_group(
    world: World, metallurgy: Headers
) -> None:
    person = await world.person()
    direction = await world.post(
        f"{HERE}/directions", {"name": "Программы", "valid_from": "2023-09-20"}
    )
    milestone = (await roadmap(world, "2023-10-02"))["interim-results"]["id"]
    group = {
        "direction_id": direction["id"],
        "lead_id": person,
        "members": [person],
        "valid_from": "2023-09-28",
        "valid_to": "2024-06-30",
    }
    groups = [await world.post(f"{HERE}/groups", {**group, "name": f"Группа {n}"}) for n in (1, 2)]
    session = {
        "kind": "session",
        "title": "Заседание членов Ассоциации",
        "starts_on": "2023-10-02",
        "ends_on": "2023-10-02",
        "milestone_id": milestone,
        "participants": 20,
    }
    await world.post(f"{HERE}/activities", session, by=metallurgy)
    report = {"milestone_id": milestone, "summary": "Согласованы программы."}
    states = []
    for one in groups:
        path = f"{HERE}/groups/{one['id']}/reports"
        await world.post(path, report, by=metallurgy)
        states.append((await roadmap(world, "2023-11-01"))["interim-results"]["state"])
    again = await world.post(path, report, ok=None)

    assert states == ["at_risk", "done"]
    assert again == (409, "group_already_reported")
    assert len((await world.get(path))["items"]) == 1


async def test_planned_associations_have_the_one_milestone_of_their_founding(world: World) -> None:
    nuclear = "/v1/associations/nuclear"
    before = await roadmap(world, "2024-03-31", nuclear)
    await world.post(f"{nuclear}/constitute", {"constituted_on": "2024-02-14"}, ok=200)
    half = (await roadmap(world, "2024-03-31", nuclear))["new-associations"]
    held = {
        "kind": "in_person_session",
        "title": "Очное заседание в Общественной палате",
        "starts_on": "2024-03-01",
        "ends_on": "2024-03-01",
        "milestone_id": half["id"],
    }
    await world.post(f"{nuclear}/activities", held)
    after = await roadmap(world, "2024-03-31", nuclear)
    summary = await world.get("/v1/roadmaps/2023?at=2024-03-31")

    assert list(before) == ["new-associations"]
    assert (half["fulfilled"], half["state"]) == (1, "at_risk")
    assert after["new-associations"]["state"] == "done"
    founding = next(item for item in summary["items"] if item["code"] == "new-associations")
    assert (founding["associations"], founding["done"]) == (24, 1)
    assert "nuclear" not in founding["not_done"]


async def test_a_new_association_gets_the_milestones_of_its_year_that_are_still_to_come(
    world: World,
) -> None:
    for code, day in (
        ("nuclear", "2024-02-14"),
        ("mining", "2024-11-15"),
        ("robotics", "2022-05-01"),
    ):
        path = f"/v1/associations/{code}"
        await world.post(f"{path}/constitute", {"constituted_on": day}, ok=200)
    found = [
        (await world.get(f"/v1/associations/{code}/roadmaps/2024"))["items"]
        for code in ("nuclear", "mining")
    ]
    assert [[item["code"] for item in items] for items in found] == [
        ["chairs-meeting", "interim-results", "expansion", "annual-report", "strategic-sessions"],
        ["expansion", "annual-report", "strategic-sessions"],
    ]
    assert found[0][2]["deliverables"][0]["title"].endswith("2024 г. в составе Ассоциации")
    await world.get("/v1/associations/robotics/roadmaps/2024", ok=404)


async def test_a_roadmap_is_read_by_its_own_and_where_there_is_one(
    world: World, token: Tokens, metallurgy: Headers
) -> None:
    chemistry = token("association", industries=["chemistry"])
    await world.get(f"{HERE}/roadmaps/2023", by=chemistry, ok=404)
    await world.get(f"{HERE}/roadmaps/2050", ok=404)
    await world.get(f"{HERE}/roadmaps/2022", ok=422)
    assert (await world.get("/v1/association-policy?at=2021-12-31", ok=404))["code"] == (
        "association_policy_not_found"
    )
    assert (await world.get("/v1/association-policy"))["document"]["at_risk_days"] == 14
    own = await world.get("/v1/roadmaps/2023", by=metallurgy)
    assert {item["associations"] for item in own["items"]} == {1}


async def test_a_group_and_an_activity_are_changed_by_who_has_read_them_last(
    client: httpx.AsyncClient, world: World, metallurgy: Headers
) -> None:
    person = await world.person()
    direction = await world.post(
        f"{HERE}/directions", {"name": "Программы", "valid_from": "2023-09-20"}
    )
    group = await world.post(
        f"{HERE}/groups",
        {
            "direction_id": direction["id"],
            "name": "Группа",
            "lead_id": person,
            "members": [person],
            "valid_from": "2023-09-28",
            "valid_to": "2024-06-30",
        },
    )
    activity = await world.post(
        f"{HERE}/activities",
        {"kind": "event", "title": "Неделя", "starts_on": "2023-11-13", "ends_on": "2023-11-17"},
    )
    boris = await world.person("Борис Петров")

    async def patch(path: str, body: dict[str, Any], version: int) -> httpx.Response:
        headers = {**metallurgy, "If-Match": f'"v{version}"'}
        return await client.patch(f"{HERE}/{path}", headers=headers, json=body)

    named = {"lead_id": boris, "members": [boris, boris]}
    changed = await patch(f"groups/{group['id']}", named, 1)
    reach = await patch(f"activities/{activity['id']}", {"participants": 340}, 1)
    refused = [
        await patch(f"groups/{group['id']}", {"lead_id": person}, 1),
        await patch(f"groups/{group['id']}", {"lead_id": NOBODY}, 2),
        await patch(f"groups/{group['id']}", {"valid_to": "2023-09-27"}, 2),
        await patch(f"groups/{group['id']}", {"lead_id": None}, 2),
        await patch(f"activities/{activity['id']}", {"starts_on": "2023-11-18"}, 2),
        await patch(f"activities/{activity['id']}", {"participants": -1}, 2),
    ]

    assert (changed.json()["lead_id"], changed.headers["ETag"]) == (boris, '"v2"')
    assert changed.json()["members"] == [boris]
    assert (reach.json()["participants"], reach.json()["audience"]) == (340, 0)
    assert [(one.status_code, one.json()["code"]) for one in refused] == [
        (412, "version_mismatch"),
        (422, "unknown_person"),
        (422, "dates_reversed"),
        (422, "invalid_request"),
        (422, "dates_reversed"),
        (422, "invalid_request"),
    ]
