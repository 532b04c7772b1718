"""Months frozen: never changed, verified by replay, hashed alike anywhere, published once."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from hashlib import sha256
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.periods import Period
from services.rating.domain.slices import Correction, SliceStatus, inputs_hash
from services.rating.models import Slice, SliceRow
from services.rating.service import slices
from services.rating.service.methodologies import mu_of
from tests.conftest import Headers, Tokens
from tests.rating.facts import OCTOBER, make_facts, many, number
from tests.rating.slices import DECEMBER_1, LATER, NOW_AT, add, freeze, heard_through, row, told
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear

NOVEMBER: Final = Period.parse("2023-11")


async def test_late_facts_never_change_a_slice_and_a_replay_says_so(
    session: AsyncSession, client: httpx.AsyncClient, token: Tokens
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    path = f"/v1/slices/{frozen.id}"
    auditor = token("auditor")
    before = (await client.get(path)).json()
    assert (await client.get(f"{path}/verification", headers=auditor)).json()["matches"] is True

    # After the month: of no interest. Before it, which only a lost database can bring: told.
    await add(session, replace(FOUR[3], version=8, status="withdrawn"), LATER)
    assert (await client.get(f"{path}/verification", headers=auditor)).json()["matches"] is True
    await add(session, replace(FOUR[3], version=7, status="withdrawn"), HEARD_AT)
    verification = (await client.get(f"{path}/verification", headers=auditor)).json()

    assert (verification["matches"], verification["differing"]) == (False, ["16"])
    assert verification["inputs_hash"] == frozen.inputs_hash
    assert verification["inputs_hash_replayed"] != frozen.inputs_hash
    assert (await client.get(path)).json() == before


@pytest.mark.parametrize(
    "statement",
    [
        "update slice_rows set place = 1",
        "delete from slice_rows",
        "update slice_inputs set version = 1",
        "delete from slice_inputs",
        "delete from slices",
        "update slices set result_hash = repeat('0', 64)",
        "update slices set reason = 'иначе'",
        "update slices set mu_bp = 1",
    ],
)
async def test_the_database_itself_refuses_to_change_what_is_frozen(
    session: AsyncSession, statement: str
) -> None:
    await hear(session, FOUR)
    await freeze(session)
    connection = await session.connection()
    with pytest.raises(DBAPIError, match="never changes"):
        async with connection.begin_nested():
            await connection.execute(text(statement))


async def test_the_result_hash_is_what_the_documents_say_it_is(
    session: AsyncSession, client: httpx.AsyncClient
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    whole = (await client.get(f"/v1/slices/{frozen.id}")).json()
    rows = {one.region: one for one in await session.exec(select(SliceRow))}
    assert len(rows) == len(whole["items"]) == 4

    names = "region raw_bp stabilised_bp zone place numerator weight executions on_time debts"
    names += " provisional delay returns extensions"
    lines: list[Any] = [{"schema": "slice-result/1", "period": "2023-10"}]
    lines += [{name: getattr(rows[code], name) for name in names.split()} for code in sorted(rows)]
    assert sha256(canonical(lines)).hexdigest() == whole["result_hash"]


def canonical(lines: Iterable[Any]) -> bytes:
    texts = (
        json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)
        for line in lines
    )
    return "".join(f"{one}\n" for one in texts).encode()


@given(many(), st.randoms(use_true_random=False))
def test_the_inputs_hash_is_the_same_in_any_order_and_another_for_any_other_fact(
    facts: list[Facts], random: Random
) -> None:
    zones = {"16": "Europe/Moscow", "77": "Europe/Moscow"}
    found = inputs_hash(RERU_1, 8000, OCTOBER, zones, facts)
    shuffled = random.sample(facts, len(facts))
    turned = dict(reversed(zones.items()))
    assert inputs_hash(RERU_1, 8000, OCTOBER, turned, shuffled) == found
    assert inputs_hash(RERU_1, 8001, OCTOBER, zones, facts) != found
    assert inputs_hash(replace(RERU_1, kappa=4), 8000, OCTOBER, zones, facts) != found
    assert inputs_hash(RERU_1, 8000, NOVEMBER, zones, facts) != found
    if facts:
        other = [replace(facts[0], version=facts[0].version + 1), *facts[1:]]
        assert inputs_hash(RERU_1, 8000, OCTOBER, zones, other) != found


_ELSEWHERE: Final = """
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.slices import inputs_hash
from tests.rating.facts import OCTOBER
from tests.rating.test_domain import FOUR
print(inputs_hash(RERU_1, 8000, OCTOBER, {"16": "Europe/Moscow"}, FOUR))
"""


@pytest.mark.parametrize("seed", ["0", "1", "4242"])
def test_the_hash_is_the_same_in_any_process(seed: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        env={"PYTHONHASHSEED": seed, "TZ": "Asia/Kamchatka", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=True,
    )
    # Worked out once and written down, so that it holds across releases and machines, too.
    assert run.stdout.strip() == inputs_hash(RERU_1, 8000, OCTOBER, {"16": "Europe/Moscow"}, FOUR)


async def test_mu_of_a_month_is_the_national_score_of_the_slice_before_and_no_revision_moves_it(
    session: AsyncSession,
) -> None:
    await hear(session, FOUR)
    assert await mu_of(session, NOVEMBER, RERU_1) == 8000
    october = await freeze(session)
    assert await mu_of(session, NOVEMBER, RERU_1) == 4314
    assert await mu_of(session, OCTOBER, RERU_1) == 8000
    assert await mu_of(session, Period.parse("2023"), RERU_1) == 8000

    await add(session, replace(FOUR[3], version=9, status="annulled"), LATER)
    await _revise(session, october, FOUR[3].execution_id, 9)
    assert await mu_of(session, NOVEMBER, RERU_1) == 4314


async def _revise(session: AsyncSession, one: Slice, execution_id: UUID, version: int) -> Slice:
    correction = Correction(execution_id, version, "Снято по ошибке")
    return await slices.revise(
        session, one.id, "Снято по ошибке", [correction], by="admin", now=LATER
    )


async def test_the_next_slice_tells_the_change_since_the_newest_revision(
    session: AsyncSession,
) -> None:
    await hear(session, FOUR)
    october = await freeze(session)
    await add(session, replace(FOUR[3], version=9, status="annulled"), LATER)
    revised = await _revise(session, october, FOUR[3].execution_id, 9)
    # (30200 + 3 · 8000) / (4 + 3)
    assert (await row(session, revised)).stabilised_bp == 7743
    await heard_through(session, DECEMBER_1)
    november = [
        make_facts(
            execution_id=number(50 + key),
            due=date(2023, 11, 10),
            due0=date(2023, 11, 10),
            done=date(2023, 11, 10),
        )
        for key in range(3)
    ]
    for one in november:
        await add(session, one, LATER)

    frozen = await slices.advance(session, DECEMBER_1)

    assert frozen is not None
    assert (frozen.period, frozen.mu_bp) == ("2023-11", 4314)
    found = await row(session, frozen)
    # (30000 + 3 · 4314) / 6 = 7157
    assert (found.stabilised_bp, found.change_bp, found.place_before) == (7157, 7157 - 7743, 1)


async def test_the_living_month_tells_its_change_since_the_last_slice(
    session: AsyncSession, client: httpx.AsyncClient
) -> None:
    await hear(session, FOUR)
    await freeze(session)
    asked = {"period": "2023-11", "as_of": "2023-11-20T12:00:00Z"}
    found = (await client.get("/v1/ratings/regions", params=asked)).json()
    lines = {one["region"]: one for one in found["items"]}
    # The debt alone, carried on: 3 · 4314 / (3 + 3) against 5420.
    assert (lines["16"]["stabilised_bp"], lines["16"]["change_bp"]) == (2157, 2157 - 5420)
    assert (lines["16"]["place"], lines["16"]["place_before"]) == (None, 1)
    assert (lines["41"]["change_bp"], lines["41"]["place_before"]) == (None, None)
    for period in ("2023-10", "2023-Q4", "2023"):
        asked = {"period": period, "as_of": "2023-11-20T12:00:00Z"}
        whole = (await client.get("/v1/ratings/regions", params=asked)).json()
        assert {one["change_bp"] for one in whole["items"]} == {None}


async def test_the_parts_of_a_slices_score_sum_to_it(
    session: AsyncSession, client: httpx.AsyncClient, token: Tokens
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    path = f"/v1/slices/{frozen.id}/regions"
    found = (await client.get(f"{path}/16/explanation", headers=token("auditor"))).json()
    assert sum(one["contribution"] for one in found["parts"]) == found["numerator"] == 30200
    assert found["denominator"] == 7
    assert found["item"]["raw_bp"] == 4314
    foreign = token("coordinator", regions=["77"])
    assert (await client.get(f"{path}/16/explanation", headers=foreign)).status_code == 404
    assert (await client.get(f"{path}/99/explanation", headers=token("auditor"))).status_code == 404


async def test_a_slice_is_sent_and_published_once_each(
    session: AsyncSession, client: httpx.AsyncClient, admin: Headers
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    for _ in range(2):
        assert (await slices.mark_sent(session, frozen.id, now=LATER)).status is SliceStatus.SENT
    for _ in range(2):
        response = await client.post(f"/v1/slices/{frozen.id}/publish", headers=admin)
        assert (response.status_code, response.json()["status"]) == (200, "published")
    events = ["frozen", "sent", "published"]
    assert await told(session) == [f"rating.slice.{one}.v1" for one in events]


async def test_a_draft_can_be_seen_and_nothing_more(
    session: AsyncSession, client: httpx.AsyncClient, admin: Headers
) -> None:
    await hear(session, FOUR)
    await heard_through(session, HEARD_AT)
    assert await slices.advance(session, LATER) is None
    [waiting] = (await client.get("/v1/slices")).json()["items"]
    assert (waiting["status"], waiting["result_hash"]) == ("draft", None)
    path = f"/v1/slices/{waiting['id']}"
    assert (await client.get(path)).json()["items"] == []
    correction = {"execution_id": str(uuid4()), "version": 1}
    wanted = {"reason": "Рано", "corrections": [correction]}
    answers = [
        await client.get(f"{path}/verification", headers=admin),
        await client.get(f"{path}/regions/16/explanation", headers=admin),
        await client.post(f"{path}/publish", headers=admin),
        await client.post(f"{path}/revisions", headers=admin, json=wanted),
    ]
    assert {(one.status_code, one.json()["code"]) for one in answers} == {(409, "slice_not_frozen")}


@pytest.mark.parametrize("role", ["coordinator", "authority_head", "auditor", "platform"])
async def test_only_the_centres_administrator_revises_and_publishes(
    session: AsyncSession, client: httpx.AsyncClient, token: Tokens, role: str
) -> None:
    await hear(session, FOUR)
    frozen = await freeze(session)
    who = token(role, regions=["16"]) | NOW_AT
    for command in ("publish", "revisions"):
        path = f"/v1/slices/{frozen.id}/{command}"
        assert (await client.post(path, json={}, headers=who)).status_code == 403
        assert (await client.post(path, json={})).status_code == 401
    unknown = await client.get(f"/v1/slices/{uuid4()}")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "slice_not_found")
