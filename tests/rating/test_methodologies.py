"""Methodologies as documents: drafted, shadowed, adopted; the past keeps its own."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any, Final

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import (
    NUMBERS,
    RERU_1,
    STAGES,
    Act,
    ActNotAllowed,
    Stage,
    next_stage,
)
from services.rating.domain.periods import Period
from services.rating.service.methodologies import methodology_of
from tests.conftest import Tokens
from tests.rating.facts import make_facts, number
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

RERU: Final = {name: getattr(RERU_1, name) for name in NUMBERS}
# Stricter to a first delay, so that the second of the four falls from 5600 to 2600.
HARSH: Final = RERU | {"late_first": 3000, "late_floor": 0}
DRAFT: Final = {
    "code": "РЭРУ-1",
    "title": "Строже к первому опозданию",
    "effective_from": "2023-11-01",
    "numbers": HARSH,
}
PATH: Final = "/v1/methodologies"
END_OF_OCTOBER: Final = datetime(2023, 10, 31, 12, tzinfo=UTC)
Do = Callable[..., Awaitable[Any]]


@pytest.fixture
def do(client: httpx.AsyncClient, token: Tokens) -> Do:
    """`do("post", path, json)` as ЦУР's administrator on the last day of October."""
    headers = token("cur_admin") | {"X-Simulated-Now": END_OF_OCTOBER.isoformat()}

    async def call(method: str, path: str, body: Any = None, **more: str) -> httpx.Response:
        return await client.request(method, PATH + path, json=body, headers=headers | more)

    return call


async def shadowed(do: Do, **overrides: Any) -> str:
    made = (await do("POST", "", DRAFT | overrides)).json()
    assert (await do("POST", f"/{made['id']}/shadow")).json()["stage"] == "shadow"
    return str(made["id"])


async def test_the_sources_own_methodology_is_there_from_the_start(
    client: httpx.AsyncClient, session: AsyncSession
) -> None:
    [found] = (await client.get(PATH)).json()["items"]
    assert (found["code"], found["number"], found["stage"]) == ("РЭРУ-1", 1, "active")
    assert found["numbers"] == RERU
    assert await methodology_of(session, Period.parse("2023-10")) == RERU_1
    assert await methodology_of(session, Period.parse("2022")) == RERU_1


async def test_an_adopted_methodology_counts_from_its_month_on(
    session: AsyncSession, do: Do
) -> None:
    id_ = await shadowed(do)
    response = await do("POST", f"/{id_}/activate", {"reason": "Решение рабочей группы"})

    assert response.status_code == 200, response.text
    harsh = replace(
        RERU_1, version=2, effective_from=response_date(response), late_first=3000, late_floor=0
    )
    for period, expected in {
        "2023-10": RERU_1,
        "2023-Q4": RERU_1,
        "2023": RERU_1,
        "2023-11": harsh,
        "2024-Q1": harsh,
    }.items():
        assert await methodology_of(session, Period.parse(period)) == expected
    first, second = (await do("GET", "")).json()["items"]
    assert (first["stage"], first["effective_to"]) == ("retired", "2023-10-31")
    assert (second["stage"], second["effective_to"]) == ("active", None)


def response_date(response: httpx.Response) -> Any:
    return Period.parse(response.json()["effective_from"][:7]).start


async def test_the_shadow_shows_who_would_stand_where(session: AsyncSession, do: Do) -> None:
    clean = [make_facts(execution_id=number(20 + key), region="77", weight=3) for key in range(4)]
    middling = [
        # Two working days late with all of it: 5600 each, and 2600 under the harsher one.
        replace(one, execution_id=number(30 + n), region="54", done=FOUR[1].done, due=FOUR[1].due)
        for n, one in enumerate(FOUR)
    ]
    await hear(session, [*FOUR, *clean, *middling])
    id_ = await shadowed(do)

    [month] = (await do("GET", f"/{id_}/comparison")).json()["months"]

    assert (month["period"], month["is_over"], month["mu_bp"]) == ("2023-10", False, 8000)
    rows = {one["region"]: one for one in month["items"]}
    # 30200 − 2 · 3000 of 7: 4314 → 3457; the other falls further.
    assert (rows["16"]["raw_bp"], rows["16"]["raw_then_bp"]) == (4314, 3457)
    assert rows["54"]["raw_bp"] - rows["54"]["raw_then_bp"] > 857
    assert (rows["16"]["place"], rows["16"]["place_then"]) == (3, 2)
    assert (rows["77"]["place"], rows["77"]["place_then"]) == (1, 1)
    assert month["places_moved"] == sum(one["place"] != one["place_then"] for one in month["items"])

    await do("POST", f"/{id_}/activate", {"reason": "Решение"})
    acts = (await do("GET", f"/{id_}/acts")).json()["items"]
    assert [one["act"] for one in acts] == ["create", "shadow", "activate"]
    assert (acts[-1]["actor"], acts[-1]["reason"]) == ("cur_admin", "Решение")
    assert acts[-1]["detail"]["differences"]["2023-10"]["places_moved"] == month["places_moved"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"effective_from": "2023-11-02"}, "body.effective_from"),
        ({"effective_from": "завтра"}, "body.effective_from"),
        ({"code": "рэру"}, "body.code"),
        ({"numbers": RERU | {"late_first": 10_001}}, "body.numbers.late_first"),
        ({"numbers": RERU | {"kappa": -1}}, "body.numbers.kappa"),
        ({"numbers": RERU | {"late_floor": 7000}}, "body.numbers"),
        ({"numbers": RERU | {"yellow_from": 9500}}, "body.numbers"),
        ({"numbers": RERU | {"bonus": 1}}, "body.numbers.bonus"),
        ({"numbers": {}}, "body.numbers.grace_days"),
        ({"title": " "}, "body.title"),
    ],
)
async def test_numbers_that_make_no_sense_are_refused(
    do: Do, change: dict[str, Any], field: str
) -> None:
    response = await do("POST", "", DRAFT | change)
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == field
    assert len((await do("GET", "")).json()["items"]) == 1


async def test_a_draft_is_changed_under_its_version_and_a_shadow_no_more(do: Do) -> None:
    made = await do("POST", "", DRAFT, **{"Idempotency-Key": "1"})
    assert (await do("POST", "", DRAFT, **{"Idempotency-Key": "1"})).json() == made.json()
    path = f"/{made.json()['id']}"
    body = {name: DRAFT[name] for name in ("title", "effective_from", "numbers")}

    changed = await do("PUT", path, body | {"title": "Мягче"}, **{"If-Match": '"v1"'})
    lost = await do("PUT", path, body, **{"If-Match": '"v1"'})

    assert (changed.status_code, changed.headers["ETag"]) == (200, '"v2"')
    assert (lost.status_code, lost.json()["code"]) == (412, "version_mismatch")
    await do("POST", f"{path}/shadow")
    refused = await do("PUT", path, body)
    assert (refused.status_code, refused.json()["code"]) == (409, "methodology_stage")


@pytest.mark.parametrize("month", ["2023-10-01", "2023-09-01"])
async def test_the_rules_of_a_month_that_has_begun_stay(do: Do, month: str) -> None:
    id_ = await shadowed(do, effective_from=month)
    response = await do("POST", f"/{id_}/activate", {"reason": "Задним числом"})
    assert (response.status_code, response.json()["code"]) == (409, "methodology_too_late")
    [first, *_] = (await do("GET", "")).json()["items"]
    assert {one["stage"] for one in (await do("GET", "")).json()["items"]} == {"active", "shadow"}
    assert first["effective_to"] is None


async def test_a_successor_begins_after_its_predecessor(do: Do) -> None:
    first, second = await shadowed(do, effective_from="2024-01-01"), await shadowed(do)
    assert (await do("POST", f"/{first}/activate", {"reason": "Да"})).status_code == 200
    late = await do("POST", f"/{second}/activate", {"reason": "Да"})
    assert (late.status_code, late.json()["code"]) == (409, "methodology_too_late")


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("act", [one for one in Act if one is not Act.CREATE])
def test_acts_are_those_of_the_table_and_no_others(stage: Stage, act: Act) -> None:
    if (stage, act) in STAGES:
        assert next_stage(stage, act) is STAGES[stage, act]
    else:
        with pytest.raises(ActNotAllowed):
            next_stage(stage, act)


async def test_a_draft_is_not_adopted_and_a_discarded_one_not_shadowed(do: Do) -> None:
    made = (await do("POST", "", DRAFT)).json()
    refused = await do("POST", f"/{made['id']}/activate", {"reason": "Сразу"})
    assert (refused.status_code, refused.json()["code"]) == (409, "methodology_stage")
    await do("POST", f"/{made['id']}/discard", {"reason": "Передумали"})
    refused = await do("POST", f"/{made['id']}/shadow")
    assert (refused.status_code, refused.json()["code"]) == (409, "methodology_stage")


@pytest.mark.parametrize("role", ["cur_controller", "coordinator", "auditor", "platform"])
async def test_only_the_centres_administrator_changes_methodologies(
    client: httpx.AsyncClient, token: Tokens, do: Do, role: str
) -> None:
    id_ = await shadowed(do)
    who = token(role, regions=["16"])
    for path in ("", f"/{id_}/shadow", f"/{id_}/activate", f"/{id_}/discard"):
        assert (await client.post(PATH + path, json={}, headers=who)).status_code == 403
    assert (await client.put(f"{PATH}/{id_}", json={}, headers=who)).status_code == 403
    assert (await client.get(f"{PATH}/{id_}/comparison", headers=who)).status_code == 200
    assert (await client.get(f"{PATH}/{id_}/comparison")).status_code == 401


def test_the_numbers_are_all_there_is_to_a_methodology() -> None:
    assert set(asdict(RERU_1)) - set(NUMBERS) == {"code", "version", "effective_from"}
