from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import effective_due
from services.assignments.domain.executions import Addressee, ExecutorRole, Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.policies import FIRST
from services.assignments.domain.register import Sort
from services.assignments.models import ControlPolicy, Execution, Extension
from shared.ids import new_id
from shared.workdays import working_days_between
from tests.assignments.register import OTHER, day, furnish, hour, place
from tests.conftest import NOW, Headers, Tokens
from tests.factories import CLUSTER, make_assignment, make_execution

PATH = "/v1/executions"
MEETING = UUID("0190c5a0-0000-7000-8000-0000000000d1")
COORDINATOR = UUID("0190c5a0-0000-7000-8000-0000000000c1")
PROTOCOL = UUID("0190c5a0-0000-7000-8000-0000000000e1")


@pytest.fixture(autouse=True)
async def world(session: AsyncSession) -> None:
    await furnish(session)


async def found(
    client: httpx.AsyncClient, headers: Headers, params: Mapping[str, Any], path: str = PATH
) -> set[str]:
    response = await client.get(path, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return {item["id"] for item in response.json()["items"]}


async def test_a_row_names_what_people_know(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    known = await place(session, assignment={"number": "5/2023 п. 2"})
    unknown = await place(session, region="99", cluster_id=uuid4())

    response = await client.get(PATH, headers=token("auditor"))

    rows = {row["id"]: row for row in response.json()["items"]}
    row = rows[str(known.id)]
    assert (row["assignment_number"], row["region_name"]) == ("5/2023 п. 2", "Татарстан")
    assert row["assignment_text"] == "Представить план загрузки мастерских"
    assert row["cluster_name"] == "Кластер «Машиностроение» № 1"
    assert (row["overdue"], row["due_soon"], row["awaiting_review"]) == (False, False, False)
    assert row["due"] == "2023-10-20"
    nameless = rows[str(unknown.id)]
    assert (nameless["region_name"], nameless["cluster_name"]) == (None, None)


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
    ("q", "finds"),
    [
        ("загрузка мастерской", True),
        ("ЗАГРУЗКУ МАСТЕРСКИХ", True),
        ("мастерская кластера машиностроения", True),
        ("отчет о мастерских", True),
        ("5/2023", True),
        ("№ 5/2023", True),
        ("5/2023 п. 2", True),
        ("мастерские 5/2023", True),
        ("машиностроение", True),
        ("«Машиностроение»", True),
        ("мастерские -лаборатории", True),
        ("мастерские -машиностроение", False),
        ('"план загрузки"', True),
        ('"загрузки план"', False),
        ("лаборатории", False),
        ("6/2023", False),
        ("/2023", False),
        ("и", False),
        ("%", False),
        ("лёгкая", False),
    ],
)
async def test_words_are_found_as_russian_has_them(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, q: str, finds: bool
) -> None:
    wanted = await place(
        session,
        assignment={
            "number": "5/2023 п. 2",
            "text": "План загрузки мастерских; отчёт о нём",
        },
    )
    other = await place(
        session,
        assignment={"number": "15/2024 п. 2", "text": "Назначить куратора"},
        cluster_id=OTHER,
    )

    rows = await found(client, token("auditor"), {"q": q})

    assert (str(wanted.id) in rows) is finds
    assert (str(other.id) in rows) is (q == "лёгкая")


@pytest.mark.parametrize(
    "q", ["\\", "'", "& | !", "((", ":*", "a:b", "<->", "!!!", "1" * 200, "''"]
)
async def test_absurd_words_find_nothing_and_break_nothing(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, q: str
) -> None:
    await place(session)
    assert await found(client, token("auditor"), {"q": q}) == set()


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


async def _many(session: AsyncSession) -> set[str]:
    """Executions that tie in every order."""
    assignment = make_assignment()
    session.add(assignment)
    await session.flush()
    rows = [
        make_execution(
            assignment,
            cluster_id=uuid4(),
            region=("16", "77")[number % 2],
            weight=number % 3 + 1,
            due=day(20 + number % 2),
            occurred_at=hour(number % 2),
        )
        for number in range(13)
    ]
    session.add_all(rows)
    await session.flush()
    session.expunge_all()
    return {str(row.id) for row in rows}


_KEYS: dict[str, Any] = {
    "due": lambda row: row["due"],
    "-due": lambda row: row["due"],
    "priority": lambda row: (-row["weight"], row["due"]),
    "region": lambda row: (row["region"], row["due"]),
    "updated": lambda row: row["occurred_at"],
    "-updated": lambda row: row["occurred_at"],
}


@pytest.mark.parametrize("sort", [sort.value for sort in Sort])
@pytest.mark.parametrize("limit", [1, 4])
async def test_pages_over_ties_give_every_row_once_and_in_order(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, sort: str, limit: int
) -> None:
    ids = await _many(session)
    seen: list[dict[str, Any]] = []
    path = f"{PATH}?limit={limit}&sort={sort}&role=lead"
    while path:
        response = await client.get(path, headers=token("auditor"))
        seen += response.json()["items"]
        path = response.links.get("next", {}).get("url", "")

    assert len(seen) == len(ids)
    assert {row["id"] for row in seen} == ids
    keys = [_KEYS[sort](row) for row in seen]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@pytest.mark.parametrize("sort", [sort.value for sort in Sort])
async def test_a_cursor_of_another_order_is_refused(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, sort: str
) -> None:
    await _many(session)
    headers = token("auditor")
    first = await client.get(PATH, params={"limit": 1, "sort": sort}, headers=headers)
    cursor = first.json()["next_cursor"]
    for other in (one.value for one in Sort if one.value != sort):
        params = {"sort": other, "cursor": cursor}
        response = await client.get(PATH, params=params, headers=headers)
        assert (response.status_code, response.json()["code"]) == (422, "bad_cursor"), other


SCOPES: list[tuple[dict[str, Any], set[str]]] = [
    ({"role": "coordinator", "regions": ["16"]}, {"lead", "authority"}),
    ({"role": "deputy", "regions": ["16"]}, {"lead", "authority"}),
    ({"role": "authority_head", "regions": ["77"]}, {"foreign", "co"}),
    ({"role": "cluster", "clusters": [str(CLUSTER)]}, {"lead", "co"}),
    ({"role": "cluster", "clusters": [str(OTHER)]}, {"foreign", "co"}),
    ({"role": "association", "industries": ["agriculture"]}, {"foreign"}),
    ({"role": "auditor"}, {"lead", "authority", "foreign", "co"}),
    ({"role": "coordinator", "regions": []}, set()),
]


@pytest.mark.parametrize(("claims", "sees"), SCOPES)
async def test_nobody_sees_or_counts_what_is_not_theirs(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    claims: dict[str, Any],
    sees: set[str],
) -> None:
    lead = await place(session)
    placed = {
        "lead": lead,
        "authority": await place(
            session, addressee=Addressee.AUTHORITY, cluster_id=None, industry=None
        ),
        "foreign": await place(session, region="77", cluster_id=OTHER, industry="agriculture"),
        "co": await place(
            session,
            region="77",
            cluster_id=OTHER,
            role=ExecutorRole.CO,
            lead_id=lead.id,
            lead_cluster_id=CLUSTER,
        ),
    }
    headers = token(**claims)
    names = {str(execution.id): name for name, execution in placed.items()}

    assert {names[key] for key in await found(client, headers, {})} == sees
    counters = (await client.get(f"{PATH}/counters", headers=headers)).json()
    assert counters["total"] == counters["open"] == len(sees)
    assert sum(counters["by_status"].values()) == len(sees)
    if claims["role"] in ("auditor", "association"):
        assert sum(region["total"] for region in counters["by_region"]) == len(sees)
    else:
        assert counters["by_region"] is None


async def test_counters_count_states_and_regions(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await place(session, due=date(2023, 9, 29))
    await place(session, due=day(4))
    await place(session, region="77", status=Status.FORWARDED, done=day(1))
    await place(session, region="77", status=Status.ACCEPTED, done=day(1))

    answer = (await client.get(f"{PATH}/counters", headers=token("cur_controller"))).json()

    assert (answer["total"], answer["open"]) == (4, 3)
    assert (answer["overdue"], answer["due_soon"], answer["awaiting_review"]) == (1, 1, 1)
    assert answer["by_status"] == {"routed": 2, "forwarded": 1, "accepted": 1}
    assert [
        (one["region"], one["name"], one["total"], one["open"], one["overdue"])
        for one in answer["by_region"]
    ] == [("16", "Татарстан", 2, 2, 1), ("77", "Москва", 2, 1, 0)]


@pytest.mark.parametrize("path", [PATH, f"{PATH}/counters", "/v1/charts/executions-by-region"])
async def test_the_number_of_statements_does_not_grow_with_the_rows(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, path: str
) -> None:
    said: list[str] = []
    connection = (await session.connection()).sync_connection
    assert connection is not None

    def keep(*args: Any) -> None:
        if args[2].lstrip().lower().startswith(("select", "with")):
            said.append(args[2])

    event.listen(connection, "before_cursor_execute", keep)
    counts = []
    for _ in range(2):
        await _many(session)
        said.clear()
        assert (await client.get(path, headers=token("auditor"))).status_code == 200
        counts.append(len(said))
    event.remove(connection, "before_cursor_execute", keep)

    assert counts[0] == counts[1] <= 4


async def _save(
    client: httpx.AsyncClient, headers: Headers, filter: dict[str, Any], **more: Any
) -> httpx.Response:
    body = {"name": "Моё", "filter": filter, **more}
    return await client.post("/v1/views", json=body, headers=headers)


async def test_a_saved_order_is_used_and_what_is_said_wins(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    late = await place(session, region="77", status=Status.RETURNED, due=day(25))
    early = await place(session, region="77", status=Status.RETURNED, due=day(24))
    other = await place(session, status=Status.RETURNED)
    headers = token("auditor")
    filter = {"region": "77", "status": ["returned", "routed"]}
    saved = await _save(client, headers, filter, sort="-due")
    assert saved.status_code == 201, saved.text
    assert (saved.json()["filter"], saved.json()["sort"]) == (filter, "-due")
    view = saved.json()["id"]

    def listed(**params: Any) -> Any:
        return client.get(PATH, params={"view": view, **params}, headers=headers)

    rows = [row["id"] for row in (await listed()).json()["items"]]
    assert rows == [str(late.id), str(early.id)]
    rows = [row["id"] for row in (await listed(region="16")).json()["items"]]
    assert rows == [str(other.id)]
    rows = [row["id"] for row in (await listed(sort="due")).json()["items"]]
    assert rows == [str(early.id), str(late.id)]
    first = await listed(limit=1)
    following = await client.get(first.links["next"]["url"], headers=headers)
    assert [row["id"] for row in following.json()["items"]] == [str(early.id)]
    counters = await client.get(f"{PATH}/counters", params={"view": view}, headers=headers)
    assert counters.json()["total"] == 2


async def test_a_saved_order_is_its_owners_alone(client: httpx.AsyncClient, token: Tokens) -> None:
    mine, other = token("auditor", sub="a"), token("auditor", sub="b")
    view = (await _save(client, mine, {"overdue": True})).json()["id"]

    used = await client.get(PATH, params={"view": view}, headers=other)
    deleted = await client.delete(f"/v1/views/{view}", headers=other)
    listed = await client.get("/v1/views", headers=other)
    same_name = await _save(client, other, {})

    assert (used.status_code, used.json()["code"]) == (404, "view_not_found")
    assert (deleted.status_code, deleted.json()["code"]) == (404, "view_not_found")
    assert listed.json() == {"items": []}
    assert same_name.status_code == 201
    assert [one["id"] for one in (await client.get("/v1/views", headers=mine)).json()["items"]] == [
        view
    ]
    assert (await client.delete(f"/v1/views/{view}", headers=mine)).status_code == 204
    assert (await client.get("/v1/views", headers=mine)).json() == {"items": []}


async def test_a_saved_name_is_unique_and_a_repetition_is_answered_alike(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    headers = token("auditor")
    once = {**headers, "Idempotency-Key": "k1"}
    first = await _save(client, once, {})
    again = await _save(client, once, {})
    taken = await _save(client, headers, {"overdue": True})

    assert first.json() == again.json()
    assert (taken.status_code, taken.json()["code"]) == (409, "view_name_taken")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "filter": {}}, "body.name"),
        ({"name": "я" * 101, "filter": {}}, "body.name"),
        ({"name": "x", "filter": {"colour": "red"}}, "body.filter.colour"),
        ({"name": "x", "filter": {"region": "1"}}, "body.filter.region"),
        ({"name": "x", "filter": {"q": "\x00"}}, "body.filter.q"),
        ({"name": "x", "filter": {}, "sort": "name"}, "body.sort"),
        ({"name": "x"}, "body.filter"),
    ],
)
async def test_a_saved_filter_is_checked_like_any(
    client: httpx.AsyncClient, token: Tokens, body: dict[str, Any], field: str
) -> None:
    response = await client.post("/v1/views", json=body, headers=token("auditor"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
