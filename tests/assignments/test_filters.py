"""What each filter of the register includes and excludes, and which it refuses."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import effective_due
from services.assignments.domain.executions import Addressee, ExecutorRole, Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.policies import FIRST
from services.assignments.models import ControlPolicy, Execution, Extension
from shared.ids import new_id
from shared.workdays import working_days_between
from tests.assignments.register import OTHER, PATH, day, found, hour, place
from tests.conftest import NOW, Tokens

pytestmark = pytest.mark.usefixtures("furnished")

MEETING = UUID("0190c5a0-0000-7000-8000-0000000000d1")
COORDINATOR = UUID("0190c5a0-0000-7000-8000-0000000000c1")
PROTOCOL = UUID("0190c5a0-0000-7000-8000-0000000000e1")

# What is placed, what is placed beside it, and the query that finds only the first.
FILTERS: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({"region": "77"}, {}, {"region": "77"}),
    ({"region": "77"}, {}, {"federal_district": "ЦФО"}),
    ({"cluster_id": OTHER}, {}, {"cluster_id": str(OTHER)}),
    ({"cohort": 2023}, {}, {"cohort": 2023}),
    ({"industry": "agriculture"}, {}, {"industry": "agriculture"}),
    ({"protocol_id": PROTOCOL}, {}, {"protocol_id": str(PROTOCOL)}),
    ({"assignment": {"meeting_id": MEETING}}, {}, {"meeting_id": str(MEETING)}),
    ({"weight": 3}, {"weight": 1}, {"priority": 3}),
    ({"status": Status.RETURNED}, {}, {"status": "returned"}),
    ({"status": Status.RETURNED}, {}, {"status": ["returned", "accepted"]}),
    ({"addressee": Addressee.AUTHORITY}, {}, {"addressee": "authority"}),
    ({"role": ExecutorRole.CO}, {}, {"role": "co"}),
    ({"coordinator_id": COORDINATOR}, {}, {"coordinator_id": str(COORDINATOR)}),
    ({"due": day(25)}, {"due": day(24)}, {"due_from": "2023-10-25"}),
    ({"due": day(10)}, {"due": day(11)}, {"due_to": "2023-10-10"}),
    ({"status": Status.FORWARDED}, {"status": Status.SUBMITTED}, {"awaiting_review": True}),
    (
        {"status": Status.SUBMITTED, "addressee": Addressee.AUTHORITY},
        {"status": Status.SUBMITTED, "role": ExecutorRole.CO},
        {"awaiting_review": True},
    ),
    ({"occurred_at": hour(1)}, {"occurred_at": NOW}, {"inactive_since": "2023-10-02"}),
    # In Moscow it is the next day already.
    (
        {"occurred_at": datetime(2023, 9, 30, 20, 59, tzinfo=UTC)},
        {"occurred_at": datetime(2023, 9, 30, 21, tzinfo=UTC)},
        {"inactive_since": "2023-10-01"},
    ),
    (
        {"occurred_at": hour(1)},
        {"occurred_at": hour(1), "status": Status.ACCEPTED},
        {"inactive_since": "2023-10-02"},
    ),
    ({"due": date(2023, 9, 29)}, {"due": day(2)}, {"overdue": True}),
    ({"due": date(2023, 9, 29)}, {"due": date(2023, 9, 29), "done": day(1)}, {"overdue": True}),
    (
        {"due": date(2023, 9, 29)},
        {"due": date(2023, 9, 29), "status": Status.WITHDRAWN},
        {"overdue": True},
    ),
    # Three working days from Wednesday the 27th end on Monday, from Tuesday on Friday.
    (
        {"due": date(2023, 9, 20), "returned_on": date(2023, 9, 26)},
        {"due": date(2023, 9, 20), "returned_on": date(2023, 9, 27)},
        {"overdue": True},
    ),
    ({"due": day(5)}, {"due": day(6)}, {"due_soon": True}),
    ({"due": day(2)}, {"due": date(2023, 9, 29)}, {"due_soon": True}),
    (
        {"due": date(2023, 9, 20), "returned_on": date(2023, 9, 27)},
        {"due": day(4), "returned_on": day(4)},
        {"due_soon": True},
    ),
]


@pytest.mark.parametrize(("inside", "outside", "query"), FILTERS)
async def test_a_filter_includes_and_excludes(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    inside: dict[str, Any],
    outside: dict[str, Any],
    query: dict[str, Any],
) -> None:
    wanted = await place(session, **inside)
    await place(session, **outside)
    headers = token("auditor")

    assert await found(client, headers, query) == {str(wanted.id)}
    counters = await client.get(f"{PATH}/counters", params=query, headers=headers)
    assert counters.json()["total"] == 1
    for flag in ("overdue", "due_soon", "awaiting_review"):
        if flag in query:
            assert counters.json()[flag] == 1
            [row] = (await client.get(PATH, params=query, headers=headers)).json()["items"]
            assert row[flag] is True


async def test_one_assignment_is_a_filter(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    wanted = await place(session)
    await place(session)
    query = {"assignment_id": str(wanted.assignment_id)}
    assert await found(client, token("auditor"), query) == {str(wanted.id)}


async def test_an_open_request_for_a_later_date_is_a_filter(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    asking, refused = await place(session), await place(session)
    for execution, status in ((asking, ExtensionStatus.OPEN), (refused, ExtensionStatus.REFUSED)):
        session.add(
            Extension(
                id=new_id(),
                execution_id=execution.id,
                status=status,
                party=Party.ADDRESSEE,
                asked_by="x",
                asked_at=NOW,
                due=day(20),
                wanted=day(27),
                reason="Поставка",
                in_time=True,
            )
        )
    await session.flush()

    query = {"extension_requested": True}
    assert await found(client, token("auditor"), query) == {str(asking.id)}


async def test_overdue_and_due_soon_agree_with_the_domain_on_every_day(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    """The dates compared in SQL are those of `effective_due`, around weekends and holidays."""
    placed: dict[str, Execution] = {}
    start = date(2023, 10, 27)
    for zone in ("Asia/Kamchatka", "Europe/Kaliningrad"):
        for due in range(0, 14, 2):
            for returned in (None, *range(0, 12, 2)):
                returned_on = None if returned is None else start + timedelta(days=returned)
                execution = await place(
                    session,
                    timezone=zone,
                    due=start + timedelta(days=due),
                    returned_on=returned_on,
                )
                placed[str(execution.id)] = execution
    for at in (
        datetime(2023, 11, 1, 11, 59, tzinfo=UTC),
        datetime(2023, 11, 3, 12, 1, tzinfo=UTC),
        datetime(2023, 11, 7, 22, 30, tzinfo=UTC),
    ):
        headers = {**token("auditor"), "X-Simulated-Now": at.isoformat()}
        today = {
            "Asia/Kamchatka": (at + timedelta(hours=12)).date(),
            "Europe/Kaliningrad": (at + timedelta(hours=2)).date(),
        }
        overdue, soon = set(), set()
        for key, row in placed.items():
            standing = effective_due(row.due, row.returned_on, FIRST)
            here = today[row.timezone]
            if standing < here:
                overdue.add(key)
            elif working_days_between(here, standing) <= FIRST.due_soon_days:
                soon.add(key)
        assert await found(client, headers, {"overdue": True, "limit": 200}) == overdue
        assert await found(client, headers, {"due_soon": True, "limit": 200}) == soon
        assert overdue
        assert soon


async def test_the_days_of_a_rework_are_those_of_the_assignments_policy(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    document = FIRST.model_copy(update={"rework_working_days": 10}).model_dump(mode="json")
    session.add(
        ControlPolicy(
            version=2,
            effective_from=day(1),
            document=document,
            note="Дольше",
            created_by="x",
            created_at=NOW,
        )
    )
    dates: dict[str, Any] = {"due": date(2023, 9, 15), "returned_on": date(2023, 9, 22)}
    old = await place(session, **dates)
    new = await place(session, assignment={"policy_version": 2}, **dates)

    overdue = await found(client, token("auditor"), {"overdue": True})

    assert overdue == {str(old.id)}
    assert new.id != old.id


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"q": "a\x00b"}, "query.q"),
        ({"q": "x" * 301}, "query.q"),
        ({"q": "   "}, "query.q"),
        ({"priority": 4}, "query.priority"),
        ({"priority": 10**30}, "query.priority"),
        ({"status": "done"}, "query.status.0"),
        ({"sort": "name"}, "query.sort"),
        ({"inactive_since": "soon"}, "query.inactive_since"),
        ({"federal_district": "\x00"}, "query.federal_district"),
        ({"view": "mine"}, "query.view"),
        ({"limit": 0}, "query.limit"),
        ({"sorted": "due"}, "query.sorted"),
    ],
)
async def test_absurd_parameters_are_refused_by_name(
    client: httpx.AsyncClient, token: Tokens, params: dict[str, Any], field: str
) -> None:
    response = await client.get(PATH, params=params, headers=token("auditor"))
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"] == field
