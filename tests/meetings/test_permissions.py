"""The service's table is what it answers: every operation, every role, own and foreign rows."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.main import app
from shared.auth import Role
from shared.db import async_url
from shared.ids import new_id
from tests.conftest import Headers, Tokens
from tests.meetings import rows
from tests.meetings.factories import person_id
from tests.permissions.matrix import Operation, World, faults, operations


@pytest.fixture(scope="module")
async def session(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    """One transaction for all tests here: the rows are built once, each request undone."""
    engine = create_async_engine(async_url(databases["meetings"]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture(scope="module")
async def world(session: AsyncSession) -> World:
    return await rows.build(session)


@pytest.mark.parametrize("operation", operations(app), ids=str)
async def test_the_table_is_what_is_answered(
    operation: Operation,
    world: World,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> None:
    assert await faults(operation, world, client=client, session=session, token=token) == []


@pytest.fixture
async def undone(session: AsyncSession) -> AsyncIterator[None]:
    """What the test writes is gone after it, and the rows of all stay as they were built."""
    point = await session.begin_nested()
    yield
    await point.rollback()
    session.expunge_all()


def _stage(cluster: str) -> str:
    return f"/v1/processes/workshops/clusters/{cluster}/stages/bought"


async def _reached(client: httpx.AsyncClient, actor: Headers, world: World) -> dict[str, set[str]]:
    """Which of the three clusters each row-scoped operation on clusters reaches for the actor."""
    meeting, protocol = world.own["meeting_id"], world.own["protocol_id"]
    known = (rows.OWN_CLUSTER, rows.NEIGHBOUR, rows.FOREIGN_CLUSTER)
    states = await client.get("/v1/processes/workshops/states", headers=actor)
    seats = await client.get(f"/v1/meetings/{meeting}/participants", headers=actor)
    found = {
        "seen": {one for one in known if one in states.text},
        "invited": {one for one in known if one in seats.text},
        "extracted": set(),
        "said": set(),
        "answered": set(),
    }
    for one in known:
        said = {"participant_id": one, "answer": "yes"}
        answers = {
            "extracted": await client.get(
                f"/v1/protocols/{protocol}/extract", params={"cluster": one}, headers=actor
            ),
            "said": await client.put(_stage(one), json={"state": "in_progress"}, headers=actor),
            "answered": await client.post(f"/v1/meetings/{meeting}/rsvp", json=said, headers=actor),
        }
        for name, answer in answers.items():
            assert answer.status_code in {200, 404}, answer.text
            if answer.status_code == httpx.codes.OK:
                found[name].add(one)
    return found


@pytest.mark.usefixtures("undone")
async def test_a_cluster_reaches_itself_and_no_neighbour_of_its_region(
    client: httpx.AsyncClient, world: World, token: Tokens
) -> None:
    itself = token(Role.CLUSTER, **rows.CLAIMS[Role.CLUSTER])

    reached = await _reached(client, itself, world)

    assert set(map(frozenset, reached.values())) == {frozenset({rows.OWN_CLUSTER})}
    path = f"/v1/protocols/{world.own['protocol_id']}/extract"
    whole = await client.get(path, params={"region": "16"}, headers=itself)
    assert (whole.status_code, whole.json()["code"]) == (404, "addressee_not_found")


@pytest.mark.usefixtures("undone")
@pytest.mark.parametrize(
    ("role", "seated", "answered"),
    [
        (Role.SECRETARY, {1, 2}, [200, 200]),
        (Role.AUDITOR, {1, 2}, [403, 403]),
        (Role.COORDINATOR, {1}, [200, 404]),
        # Who sees the coordinator's seat, and has one of their own.
        (Role.DEPUTY, {1}, [403, 404]),
        (Role.CLUSTER, set(), [404, 404]),
    ],
)
async def test_a_coordinators_seat_is_their_regions_and_no_clusters(
    client: httpx.AsyncClient,
    world: World,
    token: Tokens,
    role: Role,
    seated: set[int],
    answered: list[int],
) -> None:
    actor = token(role, **rows.CLAIMS[role])
    meeting = f"/v1/meetings/{world.own['meeting_id']}"

    listed = await client.get(f"{meeting}/participants", headers=actor)
    answers = [
        await client.post(
            f"{meeting}/rsvp",
            json={"participant_id": str(person_id(number)), "answer": "yes"},
            headers=actor,
        )
        for number in (1, 2)
    ]

    assert {number for number in (1, 2) if str(person_id(number)) in listed.text} == seated
    assert [one.status_code for one in answers] == answered


@pytest.mark.usefixtures("undone")
async def test_of_several_roles_each_gives_its_own_rows_where_it_is_let_in_at_all(
    client: httpx.AsyncClient, world: World, token: Tokens
) -> None:
    own, neighbour, foreign = rows.OWN_CLUSTER, rows.NEIGHBOUR, rows.FOREIGN_CLUSTER

    def actor(*roles: Role, cluster: str) -> Headers:
        return token("several", roles=list(roles), regions=["16"], clusters=[cluster])

    coordinator = actor(Role.COORDINATOR, Role.CLUSTER, cluster=foreign)
    head = actor(Role.AUTHORITY_HEAD, Role.CLUSTER, cluster=own)
    auditor = actor(Role.AUDITOR, Role.DEPUTY, cluster=foreign)

    every, region = {own, neighbour, foreign}, {own, neighbour}
    assert set(map(frozenset, (await _reached(client, coordinator, world)).values())) == {
        frozenset(every)
    }
    # The head of an authority reads the region; only the cluster it also is may speak.
    assert await _reached(client, head, world) == {
        "seen": region,
        "invited": region,
        "extracted": region,
        "said": {own},
        "answered": {own},
    }
    # An auditor reads everything; what it changes, it changes as the deputy it also is.
    assert await _reached(client, auditor, world) == {
        "seen": every,
        "invited": every,
        "extracted": every,
        "said": region,
        "answered": region,
    }


@pytest.mark.usefixtures("undone")
@pytest.mark.parametrize("role", sorted(Role))
async def test_the_calendar_of_a_region_or_a_person_is_for_their_region_and_organisers(
    client: httpx.AsyncClient, world: World, token: Tokens, role: Role
) -> None:
    # Also one whose token names a region that its role gives it no rows of.
    actor = token(role, sub=rows.ME, regions=["16"])
    regional = {Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD, Role.CLUSTER}
    organisers = {Role.CUR_ADMIN, Role.SECRETARY}
    closed = {Role.AUDITOR, Role.PLATFORM, Role.SERVICE}
    wanted: list[dict[str, Any]] = [
        {"kind": "region", "region": "16"},
        {"kind": "person", "person_id": str(person_id(1))},
        {"kind": "person", "person_id": str(person_id(2))},
    ]

    answers = [
        (await client.post("/v1/calendar-feeds", json=one, headers=actor)).status_code
        for one in wanted
    ]

    own = 403 if role in closed else 201 if role in regional | organisers else 404
    foreign = 403 if role in closed else 201 if role in organisers else 404
    assert answers == [own, own, foreign]


async def test_a_foreign_row_is_answered_as_one_that_there_is_not(
    client: httpx.AsyncClient, world: World, token: Tokens
) -> None:
    actor = token(Role.COORDINATOR, **rows.CLAIMS[Role.COORDINATOR])
    missing = str(new_id())
    rsvp = f"/v1/meetings/{world.own['meeting_id']}/rsvp"
    extract = f"/v1/protocols/{world.own['protocol_id']}/extract"
    feeds = "/v1/calendar-feeds"

    async def told(
        id_: str, feed: str, person: str, region: str
    ) -> list[tuple[int, str, str, list[str]]]:
        answers = [
            await client.put(_stage(id_), json={"state": "in_progress"}, headers=actor),
            await client.post(rsvp, json={"participant_id": id_, "answer": "yes"}, headers=actor),
            await client.get(extract, params={"cluster": id_}, headers=actor),
            await client.get(extract, params={"region": region}, headers=actor),
            await client.post(f"{feeds}/{feed}/revoke", headers=actor),
            await client.post(feeds, json={"kind": "person", "person_id": person}, headers=actor),
        ]
        found = [(one.status_code, one.json()) for one in answers]
        return [
            (status, body["code"], body["detail"], [fault["field"] for fault in body["errors"]])
            for status, body in found
        ]

    foreign = await told(rows.FOREIGN_CLUSTER, world.foreign["feed_id"], str(person_id(2)), "63")

    assert {status for status, *_ in foreign} == {404}
    # What is not in the address is named.
    named = ["body.participant_id", "query.cluster", "query.region", "body.person_id"]
    assert [field for *_, fields in foreign for field in fields] == named
    assert foreign == await told(missing, missing, missing, "99")
