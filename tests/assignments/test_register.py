"""The register's rows, pages and counters, and that nobody gets another's."""

from datetime import date
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, ExecutorRole, Status
from services.assignments.domain.register import Sort
from tests.assignments.register import OTHER, PATH, day, found, hour, place
from tests.conftest import Tokens
from tests.factories import CLUSTER, make_assignment, make_execution

pytestmark = pytest.mark.usefixtures("furnished")


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
