"""A revision sees the executions it names as corrected, and everything else as it was frozen."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.slices import Correction, as_corrected
from services.rating.models import Region, Slice, SliceRow
from services.rating.service import slices
from tests.conftest import Headers
from tests.rating.facts import OCTOBER, make_facts, number
from tests.rating.slices import LATER, add, freeze, row, told
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear, say

OCTOBER_13: Final = date(2023, 10, 13)
NOVEMBER_3: Final = date(2023, 11, 3)
NOVEMBER_8: Final = date(2023, 11, 8)
MEANWHILE: Final = datetime(2023, 11, 9, 6, tzinfo=UTC)


async def revise(session: AsyncSession, one: Slice, *corrected: Facts) -> Slice:
    corrections = [Correction(held.execution_id, held.version, "Ошибка") for held in corrected]
    return await slices.revise(
        session, one.id, "Ошибка", corrections, by="cur_admin", now=MEANWHILE
    )


async def rows(session: AsyncSession, one: Slice) -> dict[str, dict[str, Any]]:
    found = await session.exec(select(SliceRow).where(SliceRow.slice_id == one.id))
    return {line.region: line.model_dump(exclude={"slice_id"}) for line in found}


def test_what_came_after_the_month_had_not_come_at_its_end() -> None:
    handed_in = make_facts(status="forwarded")
    late = make_facts(done=NOVEMBER_8)
    assert as_corrected(late, None, OCTOBER) == replace(late, done=None)
    assert as_corrected(handed_in, None, OCTOBER) == handed_in

    returned = replace(
        handed_in, version=9, status="returned", done=None, returns=1, returned_on=NOVEMBER_3
    )
    again = replace(returned, version=10, status="forwarded", done=NOVEMBER_8, extensions=1)
    for later in (returned, again):
        seen = as_corrected(later, handed_in, OCTOBER)
        assert (seen.done, seen.status) == (handed_in.done, "forwarded")
        assert (seen.returns, seen.returned_on) == (0, None)
        assert (seen.version, seen.extensions) == (later.version, later.extensions)
    # Of an execution that nobody knew of then, nothing had come.
    unknown = as_corrected(again, None, OCTOBER)
    assert (unknown.done, unknown.returns, unknown.returned_on) == (None, 0, None)
    # What is taken back is so, whatever came before.
    gone = replace(again, version=11, status="withdrawn")
    assert as_corrected(gone, handed_in, OCTOBER) == gone


async def test_a_return_of_the_next_month_takes_nothing_out_of_the_one_revised(
    session: AsyncSession,
) -> None:
    """Its days of grace ended after the cut-off, and the whole weight left the month."""
    heavy = make_facts(weight=3, status="forwarded", extensions=3)
    await hear(session, [heavy])
    october = await freeze(session)
    assert (await row(session, october)).extensions == 3
    again = replace(
        heavy,
        version=9,
        done=NOVEMBER_8,
        returns=1,
        returned_on=NOVEMBER_3,
        extensions=0,
    )
    await say(session, again, MEANWHILE)

    revised = await row(session, await revise(session, october, again))

    assert (revised.weight, revised.executions, revised.on_time) == (3, 1, 1)
    assert (revised.returns, revised.extensions, revised.raw_bp) == (0, 0, 10000)


async def test_a_return_of_what_did_not_count_in_the_month_makes_no_debt_of_it(
    session: AsyncSession,
) -> None:
    """Handed in in September, returned in November: in October nothing was owed."""
    september = date(2023, 9, 15)
    early = make_facts(
        issued_on=date(2023, 9, 1), due=september, due0=september, done=september, extensions=2
    )
    await hear(session, [early, *FOUR[1:]])
    october = await freeze(session)
    again = replace(
        early, version=9, status="returned", done=None, returns=1, returned_on=NOVEMBER_3
    )
    await say(session, again, MEANWHILE)

    revised = await revise(session, october, again)

    assert revised.result_hash == october.result_hash


async def test_only_what_is_named_changes_whatever_was_heard_since(
    session: AsyncSession, client: httpx.AsyncClient, admin: Headers
) -> None:
    moscow = make_facts(execution_id=number(9), region="77")
    await hear(session, [*FOUR, moscow])
    october = await freeze(session)
    frozen = await rows(session, october)
    # A dead letter replayed after the freeze; a region renamed and moved, another founded.
    late = replace(moscow, version=7, status="withdrawn")
    await say(session, late, HEARD_AT)
    region = await session.get(Region, "77")
    assert region is not None
    region.name, region.timezone = "Столица", "Asia/Kamchatka"
    names = {"name": "Новый", "short_name": "Новый", "federal_district": "ЦФО"}
    session.add_all([region, Region(code="78", timezone="Europe/Moscow", version=1, **names)])
    mended = replace(FOUR[3], version=9, status="annulled")
    await say(session, mended, MEANWHILE)

    first = await revise(session, october, mended)

    revised = await rows(session, first)
    assert revised.keys() == frozen.keys()
    assert revised["16"]["raw_bp"] == 7550
    for name in ("name", "timezone", "executions", "raw_bp"):
        assert revised["77"][name] == frozen["77"][name]
    # Its line is explained as it stands; what was heard late, a replay tells.
    path = f"/v1/slices/{first.id}"
    told = (await client.get(f"{path}/regions/77/explanation", headers=admin)).json()
    assert sum(part["contribution"] for part in told["parts"]) == told["numerator"] == 10000
    verification = (await client.get(f"{path}/verification", headers=admin)).json()
    assert (verification["matches"], verification["differing"]) == (False, ["77"])

    # It can be named as well as any other.
    second = await rows(session, await revise(session, first, late))
    assert (second["77"]["executions"], second["16"]["raw_bp"]) == (0, 7550)


async def test_a_month_whose_facts_are_lost_is_not_revised(
    session: AsyncSession, client: httpx.AsyncClient, admin: Headers
) -> None:
    await hear(session, FOUR)
    october = await freeze(session)
    mended = replace(FOUR[3], version=9, status="annulled")
    await say(session, mended, LATER)
    connection = await session.connection()
    await connection.execute(
        text("delete from execution_versions where execution_id = :lost"),
        {"lost": FOUR[0].execution_id},
    )
    corrected = {"execution_id": str(mended.execution_id), "version": 9}
    refused = await client.post(
        f"/v1/slices/{october.id}/revisions",
        json={"reason": "Ошибка", "corrections": [corrected]},
        headers=admin,
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "slice_not_reproduced")
    assert len((await session.exec(select(Slice))).all()) == 1


async def test_a_revision_stands_beside_the_slice_and_says_why(
    session: AsyncSession, client: httpx.AsyncClient, admin: Headers
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    before = (await client.get(f"/v1/slices/{frozen.id}")).json()
    await add(session, replace(FOUR[3], version=9, status="annulled"), LATER)
    wanted = {
        "reason": "Поручение снято по апелляции",
        "corrections": [{"execution_id": str(FOUR[3].execution_id), "version": 9}],
    }
    path = f"/v1/slices/{frozen.id}/revisions"

    keyed = admin | {"Idempotency-Key": "one"}
    first = await client.post(path, json=wanted, headers=keyed)
    again = await client.post(path, json=wanted, headers=keyed)

    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert first.json() == again.json()
    assert (first.json()["revision"], first.json()["reason"]) == (1, wanted["reason"])
    assert (await client.get(f"/v1/slices/{frozen.id}")).json() == before
    listed = (await client.get("/v1/slices?period=2023-10")).json()["items"]
    assert [one["revision"] for one in listed] == [1, 0]
    revised = (await client.get(f"/v1/slices/{first.json()['id']}")).json()
    line = next(one for one in revised["items"] if one["region"] == "16")
    assert (line["raw_bp"], line["executions"], line["debts"]) == (7550, 3, 0)
    assert [one["version"] for one in revised["corrections"]] == [9]
    verification = await client.get(f"/v1/slices/{first.json()['id']}/verification", headers=admin)
    assert verification.json()["matches"] is True
    assert await told(session) == ["rating.slice.frozen.v1", "rating.slice.revised.v1"]

    # The next one starts from the newest, and keeps what was corrected.
    refused = await client.post(path, json=wanted, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (409, "slice_superseded")
    newest = f"/v1/slices/{first.json()['id']}/revisions"
    refused = await client.post(newest, json=wanted, headers=admin)
    assert (refused.status_code, refused.json()["code"]) == (422, "nothing_corrected")
    await add(session, replace(FOUR[1], version=9, returns=1), LATER)
    wanted["corrections"] = [{"execution_id": str(FOUR[1].execution_id), "version": 9}]
    second = await client.post(newest, json=wanted, headers=admin)
    assert second.status_code == 201
    whole = (await client.get(f"/v1/slices/{second.json()['id']}")).json()
    assert len(whole["corrections"]) == 2


@pytest.mark.parametrize(
    ("change", "status", "code", "field"),
    [
        ({"version": 77}, 422, "nothing_corrected", "body.corrections"),
        ({"execution_id": str(uuid4())}, 422, "nothing_corrected", "body.corrections"),
        ({"version": 5}, 422, "nothing_corrected", "body.corrections"),
        ({"version": 0}, 422, "invalid_request", "body.corrections.0.version"),
        ({"version": 10**30}, 422, "invalid_request", "body.corrections.0.version"),
    ],
)
async def test_a_revision_that_corrects_nothing_is_refused(
    session: AsyncSession,
    client: httpx.AsyncClient,
    admin: Headers,
    change: dict[str, Any],
    status: int,
    code: str,
    field: str,
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    one = {"execution_id": str(FOUR[3].execution_id), "version": 5, **change}
    response = await client.post(
        f"/v1/slices/{frozen.id}/revisions",
        json={"reason": "Проверка", "corrections": [one]},
        headers=admin,
    )
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    assert response.json()["errors"][0]["field"] == field
    assert len((await session.exec(select(Slice))).all()) == 1
