"""A region contests a fact; ЦУР decides by an event or a note; a frozen month is revised."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.models import Appeal
from services.rating.repository import slices
from shared.db import async_url
from tests.conftest import Headers, Tokens
from tests.rating.facts import make_facts, number
from tests.rating.slices import LATER, freeze, told
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear, say

OCTOBER_20: Final = datetime(2023, 10, 20, 9, tzinfo=UTC)
DEBT: Final = FOUR[3]
WANTED: Final = {
    "execution_id": str(DEBT.execution_id),
    "contested": "addressee",
    "text": "Кластер реорганизован до выдачи поручения.",
}


@pytest.fixture
def region(token: Tokens) -> Headers:
    return token("coordinator", regions=["16"]) | {"X-Simulated-Now": OCTOBER_20.isoformat()}


@pytest.fixture
def centre(token: Tokens) -> Headers:
    return token("cur_controller") | {"X-Simulated-Now": LATER.isoformat()}


@pytest.fixture(autouse=True)
async def heard(session: AsyncSession) -> None:
    await hear(session, FOUR)


async def corrected(session: AsyncSession, one: Facts, at: datetime) -> None:
    """The event by which assignments put the execution right."""
    await say(session, one, at)


async def file(client: httpx.AsyncClient, region: Headers, **overrides: Any) -> httpx.Response:
    return await client.post("/v1/appeals", json=WANTED | overrides, headers=region)


async def test_an_appeal_upheld_by_an_event_revises_a_month_frozen_meanwhile(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    appeal = (await file(client, region)).json()
    assert (appeal["status"], appeal["region"], appeal["period"]) == ("open", "16", "2023-10")
    october = await freeze(session)
    path = f"/v1/appeals/{appeal['id']}/uphold"
    early = await client.post(path, json={"note": "Согласны"}, headers=centre)
    assert (early.status_code, early.json()["code"]) == (409, "not_corrected_yet")

    await corrected(session, replace(DEBT, version=9, status="withdrawn"), LATER)
    upheld = await client.post(path, json={"note": "Снято"}, headers=centre)

    assert upheld.status_code == 200, upheld.text
    assert (upheld.json()["status"], upheld.json()["corrected_version"]) == ("upheld", 9)
    revision = (await client.get(f"/v1/slices/{upheld.json()['slice_id']}")).json()
    assert (revision["revision"], revision["reason"]) == (1, "Апелляция региона 16: Снято")
    line = next(one for one in revision["items"] if one["region"] == "16")
    assert (line["raw_bp"], line["debts"]) == (7550, 0)
    first = (await client.get(f"/v1/slices/{october.id}")).json()
    assert next(one for one in first["items"] if one["region"] == "16")["raw_bp"] == 4314
    again = await client.post(path, json={"note": "Ещё раз"}, headers=centre)
    assert (again.status_code, again.json()["code"]) == (409, "appeal_decided")


async def test_before_the_freeze_the_event_alone_is_enough(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    appeal = (await file(client, region)).json()
    await corrected(session, replace(DEBT, version=9, status="withdrawn"), OCTOBER_20)
    path = f"/v1/appeals/{appeal['id']}/uphold"
    upheld = (await client.post(path, json={"note": "Снято"}, headers=centre)).json()
    assert (upheld["status"], upheld["slice_id"]) == ("upheld", None)
    assert (await client.get("/v1/slices")).json()["items"] == []


async def test_a_correction_that_the_month_saw_already_makes_no_revision(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    appeal = (await file(client, region)).json()
    await corrected(session, replace(DEBT, version=9, status="withdrawn"), OCTOBER_20)
    await freeze(session)
    path = f"/v1/appeals/{appeal['id']}/uphold"
    upheld = (await client.post(path, json={"note": "Снято"}, headers=centre)).json()
    assert (upheld["status"], upheld["slice_id"]) == ("upheld", None)
    assert len((await client.get("/v1/slices")).json()["items"]) == 1


async def test_a_debt_merely_handed_in_after_the_month_makes_no_revision(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    """Any newer version looks like a correction; this one leaves October what it was."""
    appeal = (await file(client, region)).json()
    october = await freeze(session)
    handed_in = replace(DEBT, version=9, status="forwarded", done=date(2023, 11, 1))
    await corrected(session, handed_in, LATER)
    path = f"/v1/appeals/{appeal['id']}/uphold"
    upheld = (await client.post(path, json={"note": "Сдано"}, headers=centre)).json()
    assert (upheld["status"], upheld["slice_id"]) == ("upheld", None)
    [only] = (await client.get("/v1/slices")).json()["items"]
    assert (only["id"], only["status"]) == (str(october.id), "frozen")
    assert await told(session) == ["rating.slice.frozen.v1"]


async def test_what_is_corrected_between_a_regions_month_end_and_the_freeze_is_revised_then(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, centre: Headers
) -> None:
    """Kamchatka's October is over nine hours before Moscow's; the month is frozen after both."""
    owed = [
        replace(DEBT, execution_id=number(40 + key), region="41", due0=day, due=day)
        for key, day in ((1, date(2023, 10, 30)), (2, date(2023, 10, 31)))
    ]
    for one in owed:
        await say(session, one, HEARD_AT)
    coordinator = token("coordinator", regions=["41"])
    coordinator |= {"X-Simulated-Now": OCTOBER_20.isoformat()}
    in_between = {"X-Simulated-Now": "2023-10-31T14:00:00Z"}
    for one in owed:
        appeal = (await file(client, coordinator, execution_id=str(one.execution_id))).json()
        await corrected(
            session,
            replace(one, version=9, status="withdrawn"),
            datetime(2023, 10, 31, 13, tzinfo=UTC),
        )
        path = f"/v1/appeals/{appeal['id']}"
        body = {"note": f"Снято {one.due}"}
        upheld = await client.post(f"{path}/uphold", json=body, headers=centre | in_between)
        assert (upheld.status_code, upheld.json()["slice_id"]) == (200, None), upheld.text

    october = await freeze(session)

    first, second = [
        (await client.get(f"/v1/slices/{one['id']}")).json()
        for one in reversed((await client.get("/v1/slices")).json()["items"])
    ]
    assert (first["id"], first["corrections"]) == (str(october.id), [])
    debts = [
        next(line["debts"] for line in one["items"] if line["region"] == "41")
        for one in (first, second)
    ]
    assert debts == [2, 0]
    assert second["reason"] == "Апелляции, удовлетворённые до заморозки среза: 41"
    reasons = [f"Апелляция региона 41: Снято {one.due}" for one in owed]
    assert [one["reason"] for one in second["corrections"]] == reasons
    seen = (await client.get(path, headers=centre)).json()
    assert (seen["slice_id"], seen["version"]) == (second["id"], upheld.json()["version"] + 1)
    assert await told(session) == ["rating.slice.frozen.v1", "rating.slice.revised.v1"]


async def test_a_decision_waits_for_the_month_that_is_being_frozen(
    client: httpx.AsyncClient,
    session: AsyncSession,
    databases: dict[str, str],
    region: Headers,
    centre: Headers,
) -> None:
    """Otherwise neither would see the other, and the correction would be in no slice."""
    appeal = (await file(client, region)).json()
    await corrected(session, replace(DEBT, version=9, status="withdrawn"), LATER)
    engine = create_async_engine(async_url(databases["rating"]), poolclass=NullPool)
    async with AsyncSession(engine) as freezing:
        assert await slices.take_turn(freezing)
        await (await session.connection()).execute(text("set local lock_timeout = '100ms'"))
        path = f"/v1/appeals/{appeal['id']}"
        refused = await client.post(f"{path}/uphold", json={"note": "Снято"}, headers=centre)
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
    await engine.dispose()
    assert (await client.get(path, headers=centre)).json()["status"] == "open"


async def test_a_note_changes_no_fact(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    appeal = (await file(client, region)).json()
    await freeze(session)
    body = {"note": "Учтём в следующей методике", "as_note": True}
    path = f"/v1/appeals/{appeal['id']}/uphold"
    upheld = (await client.post(path, json=body, headers=centre)).json()
    assert (upheld["status"], upheld["corrected_version"], upheld["slice_id"]) == (
        "upheld",
        None,
        None,
    )


async def test_rejected_and_withdrawn_ones_may_be_filed_anew(
    client: httpx.AsyncClient, region: Headers, centre: Headers
) -> None:
    first = (await file(client, region)).json()
    twice = await file(client, region)
    assert (twice.status_code, twice.json()["code"]) == (409, "appeal_open")
    stale = await client.post(
        f"/v1/appeals/{first['id']}/reject",
        json={"note": "Нет"},
        headers=centre | {"If-Match": '"v7"'},
    )
    assert stale.status_code == 412
    rejected = await client.post(
        f"/v1/appeals/{first['id']}/reject", json={"note": "Нет"}, headers=centre
    )
    assert (rejected.json()["status"], rejected.json()["decision"]) == ("rejected", "Нет")
    second = (await file(client, region)).json()
    withdrawn = await client.post(f"/v1/appeals/{second['id']}/withdraw", headers=region)
    assert withdrawn.json()["status"] == "withdrawn"
    assert (await file(client, region)).status_code == 201
    for status, count in (("open", 1), ("rejected", 1), ("withdrawn", 1), ("upheld", 0)):
        found = await client.get("/v1/appeals", params={"status": status}, headers=centre)
        assert len(found.json()["items"]) == count


async def test_each_withdraws_what_they_filed_and_the_coordinator_what_anybody_did(
    client: httpx.AsyncClient, token: Tokens, region: Headers
) -> None:
    at = {"X-Simulated-Now": OCTOBER_20.isoformat()}
    deputy, head, neighbour, elsewhere = (
        token(role, sub=sub, regions=[code]) | at
        for role, sub, code in (
            ("deputy", "deputy-16", "16"),
            ("authority_head", "authority-16", "16"),
            ("deputy", "deputy-41", "41"),
            ("coordinator", "coordinator-41", "41"),
        )
    )

    async def tried(who: Headers, appeal: Any) -> tuple[int, str]:
        answer = await client.post(f"/v1/appeals/{appeal['id']}/withdraw", headers=who)
        return answer.status_code, answer.json().get("code") or answer.json()["status"]

    not_theirs, gone = (403, "not_your_appeal"), (200, "withdrawn")
    theirs = (await file(client, region)).json()
    for who in (deputy, head):
        assert await tried(who, theirs) == not_theirs
    read = await client.get(f"/v1/appeals/{theirs['id']}", headers=region)
    assert (read.json(), theirs["status"]) == (theirs, "open")
    assert await tried(region, theirs) == gone
    # What is withdrawn already is still not theirs.
    assert await tried(deputy, theirs) == not_theirs

    of_the_deputy = (await file(client, deputy)).json()
    assert await tried(head, of_the_deputy) == not_theirs
    for who in (neighbour, elsewhere):
        assert await tried(who, of_the_deputy) == (404, "appeal_not_found")
    assert await tried(deputy, of_the_deputy) == gone

    for filer in (deputy, head):
        another_s = (await file(client, filer)).json()
        assert await tried(region, another_s) == gone


async def test_a_repeated_request_files_one_appeal(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers
) -> None:
    keyed = region | {"Idempotency-Key": "the-first"}
    answers = [await file(client, keyed) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len((await session.exec(select(Appeal))).all()) == 1


async def test_a_frozen_month_is_not_contested_and_a_debt_is_in_the_month_that_runs(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers
) -> None:
    await freeze(session)
    late = region | {"X-Simulated-Now": LATER.isoformat()}
    refused = await file(client, late, period="2023-10")
    assert (refused.status_code, refused.json()["code"]) == (409, "appeal_too_late")
    assert (await file(client, late)).json()["period"] == "2023-11"


@pytest.mark.parametrize(
    ("overrides", "status", "code", "field"),
    [
        ({"execution_id": str(uuid4())}, 404, "execution_not_found", "body.execution_id"),
        ({"execution_id": "12"}, 422, "invalid_request", "body.execution_id"),
        ({"contested": "mood"}, 422, "invalid_request", "body.contested"),
        ({"text": " "}, 422, "invalid_request", "body.text"),
        ({"period": "2023-Q4"}, 422, "invalid_request", "body.period"),
        ({"execution_id": str(number(77))}, 422, "appeal_pointless", "body.execution_id"),
        ({"execution_id": str(number(78))}, 404, "execution_not_found", "body.execution_id"),
    ],
)
async def test_what_cannot_be_contested_is_refused(
    client: httpx.AsyncClient,
    session: AsyncSession,
    region: Headers,
    overrides: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    weightless = make_facts(execution_id=number(77), origin="other", due=date(2023, 10, 13))
    foreign = make_facts(execution_id=number(78), region="77")
    for one in (weightless, foreign):
        await say(session, one, HEARD_AT)
    response = await file(client, region, **overrides)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.json()["errors"][0]["field"] == field


async def test_who_files_who_decides_and_who_sees(
    client: httpx.AsyncClient, token: Tokens, region: Headers, centre: Headers
) -> None:
    appeal = (await file(client, region)).json()
    path = f"/v1/appeals/{appeal['id']}"
    foreign = token("coordinator", regions=["77"])
    assert (await client.get(path, headers=foreign)).status_code == 404
    assert (await client.get("/v1/appeals", headers=foreign)).json()["items"] == []
    assert (await client.post(f"{path}/withdraw", headers=foreign)).status_code == 404
    assert (await client.get(path, headers=token("auditor"))).json() == appeal
    for who in (region, token("auditor"), token("cluster", regions=["16"])):
        for decision in ("uphold", "reject"):
            answer = await client.post(f"{path}/{decision}", json={"note": "Да"}, headers=who)
            assert answer.status_code == 403
    for who in (centre, token("auditor"), token("platform")):
        assert (await file(client, who)).status_code == 403
    assert (await client.get("/v1/appeals")).status_code == 401


async def test_the_longest_note_makes_a_reason_that_can_be_shown(
    client: httpx.AsyncClient, session: AsyncSession, region: Headers, centre: Headers
) -> None:
    """A slice's reason is the note and whose appeal it was."""
    appeal = (await file(client, region)).json()
    await freeze(session)
    await corrected(session, replace(DEBT, version=9, status="withdrawn"), LATER)
    body = {"note": "я" * 10_000}
    path = f"/v1/appeals/{appeal['id']}/uphold"
    upheld = await client.post(path, json=body, headers=centre)
    assert upheld.status_code == 200, upheld.text
    [revision, _] = (await client.get("/v1/slices")).json()["items"]
    assert revision["reason"].endswith(body["note"])
    whole = (await client.get(f"/v1/slices/{revision['id']}")).json()
    assert whole["corrections"][0]["reason"] == revision["reason"]
