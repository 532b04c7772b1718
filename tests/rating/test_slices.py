"""Months frozen: when, of what, never changed, verified by replay, revised in sight."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
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
from services.rating.domain.slices import (
    Correction,
    SliceStatus,
    cut_off,
    inputs_hash,
)
from services.rating.models import Slice, SliceRow
from services.rating.service import slices
from services.rating.service.methodologies import mu_of
from shared.events.assignments import ExecutionEvent
from shared.events.base import PARTITIONS
from shared.events.directory import RegionEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers, Tokens
from tests.rating.facts import OCTOBER, make_facts, many, number
from tests.rating.test_domain import FOUR
from tests.rating.world import HEARD_AT, hear, say

# The world of these tests ends each day last in Moscow: 31 October ends there at 21:00 UTC.
ENDED: Final = datetime(2023, 10, 31, 21, tzinfo=UTC)
LATER: Final = datetime(2023, 11, 1, 6, tzinfo=UTC)
NOVEMBER: Final = Period.parse("2023-11")
DECEMBER_1: Final = datetime(2023, 12, 1, 6, tzinfo=UTC)
NOW_AT: Final = {"X-Simulated-Now": LATER.isoformat()}


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin") | NOW_AT


async def heard_through(
    session: AsyncSession,
    instant: datetime | None,
    *topics: str,
    partitions: Iterable[int] = range(PARTITIONS),
) -> None:
    connection = await session.connection()
    await connection.execute(
        text(
            "insert into consumer_positions (topic, partition, seq, broker_offset, through)"
            " select topic, n, 1, 1, :through"
            " from unnest(cast(:numbers as int[])) as n, unnest(cast(:topics as text[])) as topic"
            " on conflict (topic, partition) do update set through = excluded.through"
        ),
        {
            "topics": list(topics or (ExecutionEvent.topic, RegionEvent.topic)),
            "numbers": list(partitions),
            "through": instant,
        },
    )


async def add(session: AsyncSession, one: Facts, at: datetime) -> None:
    await say(session, one, at)


async def freeze(session: AsyncSession, now: datetime = LATER) -> Slice:
    await heard_through(session, now)
    frozen = await slices.advance(session, now)
    assert frozen is not None
    return frozen


async def row(session: AsyncSession, one: Slice, region: str = "16") -> SliceRow:
    found = await session.get(SliceRow, (one.id, region))
    assert found is not None
    return found


async def told(session: AsyncSession) -> list[str]:
    ordered = select(OutboxRecord.type).order_by(OutboxRecord.position)  # type: ignore[arg-type]
    return [one for one in await session.exec(ordered) if ".slice." in one]


@pytest.mark.parametrize(
    ("zone", "ends"),
    [
        ("Europe/Kaliningrad", "2023-10-31T22:00:00+00:00"),
        ("Europe/Moscow", "2023-10-31T21:00:00+00:00"),
        ("Asia/Kamchatka", "2023-10-31T12:00:00+00:00"),
    ],
)
def test_a_month_ends_in_each_zone_at_its_own_instant(zone: str, ends: str) -> None:
    assert cut_off(OCTOBER, zone).isoformat() == ends


async def test_a_month_is_frozen_once_when_it_has_ended_everywhere_and_all_is_heard(
    session: AsyncSession,
) -> None:
    await hear(session, FOUR)
    await heard_through(session, ENDED - timedelta(hours=1))
    assert await slices.advance(session, ENDED) is None
    assert (await session.exec(select(Slice))).all() == []

    # It has ended; a relay that stands still holds it up, visibly.
    assert await slices.advance(session, LATER) is None
    [waiting] = (await session.exec(select(Slice))).all()
    assert (waiting.period, waiting.status) == ("2023-10", SliceStatus.DRAFT)
    for through in (None, ENDED - timedelta(microseconds=1)):
        await heard_through(session, through)
        assert await slices.advance(session, LATER) is None

    await heard_through(session, ENDED)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert (frozen.id, frozen.status, frozen.mu_bp) == (waiting.id, SliceStatus.FROZEN, 8000)
    assert frozen.national_raw_bp == 4314
    found = await row(session, frozen)
    assert (found.raw_bp, found.stabilised_bp, found.zone, found.place) == (4314, 5420, "red", 1)
    assert (found.change_bp, found.place_before) == (None, None)
    empty = await row(session, frozen, "41")
    assert (empty.raw_bp, empty.zone, empty.place, empty.executions) == (None, None, None, 0)
    assert await slices.advance(session, LATER) is None
    assert await told(session) == ["rating.slice.frozen.v1"]


async def test_a_rating_that_is_filled_anew_waits_for_its_regions_too(
    session: AsyncSession,
) -> None:
    for one in FOUR:
        await add(session, one, HEARD_AT)
    await heard_through(session, LATER, ExecutionEvent.topic)
    assert await slices.advance(session, LATER) is None
    assert (await session.exec(select(Slice))).all() == []
    await hear(session, [])
    assert await slices.advance(session, LATER) is None
    await heard_through(session, ENDED, RegionEvent.topic)
    frozen = await slices.advance(session, LATER)
    assert frozen is not None
    assert len((await session.exec(select(SliceRow))).all()) == 4


async def test_what_is_in_the_slice_is_what_was_so_when_the_month_ended_in_the_regions_zone(
    session: AsyncSession,
) -> None:
    due = make_facts(due=date(2023, 10, 31), due0=date(2023, 10, 31), status="issued", done=None)
    far = replace(due, execution_id=number(2), region="41")
    await hear(session, [due, far])
    # 31 October, 23:30 in Moscow; in Kamchatka it is the morning of 1 November.
    evening = datetime(2023, 10, 31, 20, 30, tzinfo=UTC)
    await add(
        session, replace(due, version=9, status="forwarded", done=date(2023, 10, 31)), evening
    )
    await add(session, replace(far, version=9, status="forwarded", done=date(2023, 11, 1)), evening)

    frozen = await freeze(session)

    assert (await row(session, frozen)).on_time == 1
    kamchatka = await row(session, frozen, "41")
    # Its last day had ended there hours ago.
    assert (kamchatka.executions, kamchatka.debts, kamchatka.raw_bp) == (1, 1, 0)


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
